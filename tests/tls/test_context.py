"""The TLS settings: what they allow, what they refuse, and what a person reads when a file fails."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_chat.errors import IdentityError
from secure_chat.tls import context as module
from secure_chat.tls.context import ALPN, Contexts, client_contexts, host_contexts
from secure_chat.tls.link import Want
from secure_chat.tls.transcript import read_transcript
from tests.tls.conftest import House
from tests.tls.ends import Shake, finish, loopback

Shaken = Callable[..., Shake]


def both(contexts: Contexts) -> list[ssl.SSLContext]:
    """Return the two contexts of one end."""
    return [contexts.talking, contexts.quiet]


def test_both_ends_verify_the_other_and_speak_tls_1_3_only(house: House) -> None:
    """Every context demands a certificate, strictly checked, on TLS 1.3 or nothing."""
    host, client = house.host_contexts(), house.client_contexts(house.alice)

    for context in both(host) + both(client):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT
        assert not context.hostname_checks_common_name
        assert context.options & ssl.Options.OP_NO_TICKET
        assert context.options & ssl.Options.OP_NO_COMPRESSION
    assert all(context.check_hostname for context in both(client))
    assert host.talking.verify_flags & ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    assert not client.talking.verify_flags & ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    assert host.talking.num_tickets == 0


def test_a_handshake_agrees_on_our_protocol_and_leaves_no_ticket(
    house: House, shaken: Shaken
) -> None:
    """Both ends know TLS 1.3, ALPN and cipher; no ticket is sent, so nothing can be resumed."""
    done = shaken(house.host_contexts(), house.client_contexts(house.alice))

    assert (done.host_end, done.client_end) == (None, None)
    for link in (done.host, done.client):
        assert (link.version, link.alpn) == ("TLSv1.3", ALPN)
        assert link.cipher is not None
        types = [heard.type for heard in read_transcript(link.said).messages]
        assert "NewSessionTicket" not in types


def test_the_session_keys_are_not_written_to_a_file(
    house: House, shaken: Shaken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSLKEYLOGFILE, which Python's own default context obeys, is not obeyed here."""
    keylog = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keylog))
    ssl.create_default_context()
    assert keylog.exists()
    before = keylog.read_bytes()

    done = shaken(house.host_contexts(), house.client_contexts(house.alice))

    assert done.host_end is None
    assert keylog.read_bytes() == before


def test_contexts_work_with_plain_sockets(house: House) -> None:
    """A scanner may use the host's context without a link; then nothing is recorded."""
    accepted, dialled = loopback()
    accepted.setblocking(False)
    dialled.setblocking(False)
    with (
        house.host_contexts().talking.wrap_socket(
            accepted, server_side=True, do_handshake_on_connect=False
        ) as host,
        house.client_contexts(house.alice).talking.wrap_socket(
            dialled, server_hostname="localhost", do_handshake_on_connect=False
        ) as client,
    ):
        waiting = [client, host]
        for _ in range(20):
            waiting = [end for end in waiting if not _shaken(end)]
        assert not waiting
        assert host.version() == "TLSv1.3"


def _shaken(end: ssl.SSLSocket) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def test_without_the_private_callback_everything_else_works(
    house: House, shaken: Shaken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Python that reports no messages still connects, and the links say so."""

    class Deaf:
        """What `ssl.SSLContext` would look like without the callback."""

    monkeypatch.setattr(module.ssl, "SSLContext", ssl.SSLContext)
    monkeypatch.setattr(module, "_EAR", "_no_such_callback")
    host, client = house.host_contexts(), house.client_contexts(house.alice)
    assert not host.heard

    done = shaken(host, client)

    assert (done.host_end, done.client_end) == (None, None)
    assert (done.host.said, done.client.said) == ([], [])
    assert not done.host.heard
    assert done.host.certificate() == house.alice.der
