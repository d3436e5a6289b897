"""The TLS settings: what they allow, what they refuse, and what a bad file is called."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_chat.errors import IdentityError
from secure_chat.tls import context as module
from secure_chat.tls.context import ALPN, Contexts, client_contexts, host_contexts
from secure_chat.tls.transcript import read_transcript
from tests.tls.conftest import House
from tests.tls.ends import Shake, loopback

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
    monkeypatch.setattr(module, "_EAR", "_no_such_callback")
    host, client = house.host_contexts(), house.client_contexts(house.alice)
    assert not host.heard

    done = shaken(host, client)

    assert (done.host_end, done.client_end) == (None, None)
    assert (done.host.said, done.client.said) == ([], [])
    assert not done.host.heard
    assert done.host.certificate() == house.alice.der


def test_the_group_is_cut_only_where_openssl_has_nothing_better(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From OpenSSL 3.5 on its own choice begins with a post-quantum hybrid and must stay."""
    named = []
    monkeypatch.setattr(ssl.SSLContext, "set_ecdh_curve", lambda _self, name: named.append(name))
    monkeypatch.setattr(ssl, "OPENSSL_VERSION_INFO", (3, 5, 0, 0, 0))
    house.host_contexts()
    assert named == []

    monkeypatch.setattr(ssl, "OPENSSL_VERSION_INFO", (3, 0, 19, 0, 0))
    house.host_contexts()
    assert set(named) == {"X25519"}


def test_a_python_that_cannot_name_the_group_keeps_them_all(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some builds know curves of the older kind only; a host starts there all the same."""

    def unknown(_self: ssl.SSLContext, name: str) -> None:
        raise ssl.SSLError(f"unknown group {name}")

    monkeypatch.setattr(ssl.SSLContext, "set_ecdh_curve", unknown)
    assert house.host_contexts().talking.minimum_version is ssl.TLSVersion.TLSv1_3


def test_a_locked_key_asks_for_its_passphrase_once(house: House) -> None:
    """The callable is asked at most once, and OpenSSL never prompts by itself."""
    leaf = house.ca.issue("locked", password=b"open sesame")
    asked = []

    def tell() -> bytes:
        asked.append(1)
        return b"open sesame"

    client_contexts(house.ca.ca, leaf.certificate, leaf.key, tell)
    assert asked == [1]
    with pytest.raises(IdentityError, match="passphrase is wrong"):
        client_contexts(house.ca.ca, leaf.certificate, leaf.key, lambda: b"open barley")
    with pytest.raises(IdentityError, match="no passphrase was given"):
        client_contexts(house.ca.ca, leaf.certificate, leaf.key)
    with pytest.raises(IdentityError, match="longer than"):
        client_contexts(house.ca.ca, leaf.certificate, leaf.key, lambda: b"x" * 5_000)


def test_an_unusable_file_is_named_with_what_is_wrong(house: House, tmp_path: Path) -> None:
    """Missing, not PEM, and a key of somebody else: each has its own words and a next step."""
    missing, text = tmp_path / "missing.pem", tmp_path / "text.pem"
    text.write_text("not a certificate")
    other = house.ca.issue("other")
    files = house.host.certificate, house.host.key, house.ca.crl

    for ca, why in ((missing, "no such file"), (text, "not a PEM file"), (tmp_path, "cannot use")):
        with pytest.raises(IdentityError, match=why) as caught:
            host_contexts(ca, *files)
        assert str(ca) in caught.value.what
        assert caught.value.hint
    with pytest.raises(IdentityError, match="does not belong"):
        host_contexts(house.ca.ca, house.host.certificate, other.key, house.ca.crl)
    with pytest.raises(IdentityError, match="no such file"):
        host_contexts(house.ca.ca, house.host.certificate, missing, house.ca.crl)
    with pytest.raises(IdentityError, match="not a PEM file"):
        host_contexts(house.ca.ca, house.host.certificate, house.host.key, text)


def test_a_key_may_stand_in_the_certificate_file(house: House, tmp_path: Path) -> None:
    """One PEM file with both is enough for a client."""
    one = tmp_path / "both.pem"
    one.write_bytes(house.alice.certificate.read_bytes() + house.alice.key.read_bytes())

    contexts = client_contexts(house.ca.ca, one, None)

    assert contexts.heard


def test_a_host_without_a_revocation_list_cannot_be_made(house: House, tmp_path: Path) -> None:
    """An empty list file is an error at start, not a host that refuses everybody."""
    empty = tmp_path / "crl.pem"
    empty.touch()

    with pytest.raises(IdentityError):
        house.host_contexts(crl=empty)
