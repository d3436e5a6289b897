"""Every way a handshake can fail, over real sockets, as each end sees it.

The expectations are what OpenSSL does, not what we would like: a client's view is its alert's.
"""

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import pytest

from secure_chat.tls.context import ALPN, Contexts
from secure_chat.tls.link import Link, LinkFailed, Want
from secure_chat.tls.reason import Failure, Reason
from secure_chat.tls.transcript import read_transcript
from tests.tls.conftest import House
from tests.tls.ends import Shake, client_link, host_link, loopback, ready, step
from tests.tls.paper import DAY, HOST_WISH, MEMBER, NOW, Authority, Leaf

Shaken = Callable[..., Shake]


@dataclass(frozen=True)
class Seen:
    """What one end must have seen of a failure."""

    reason: Reason
    verify: int | None = None
    sent: str | None = None
    received: str | None = None

    def fits(self, failure: Failure | None) -> bool:
        """Tell whether a failure is this one."""
        return failure is not None and self == Seen(
            failure.reason, failure.verify_code, failure.alert_sent, failure.alert_received
        )


def refused_client(
    reason: Reason, verify: int | None, alert: str, heard: Reason
) -> tuple[Seen, Seen]:
    """Return what both ends see when the host refuses the client."""
    return Seen(reason, verify, sent=alert), Seen(heard, received=alert)


CLIENT_ROWS: dict[str, tuple[Callable[[House, Authority], Leaf | None], tuple[Seen, Seen]]] = {
    "none": (
        lambda _house, _foreign: None,
        refused_client(Reason.NO_CERTIFICATE, None, "certificate_required", Reason.NO_CERTIFICATE),
    ),
    "another CA of the same name": (
        lambda _house, foreign: foreign.issue("mallory"),
        refused_client(Reason.UNKNOWN_CA, 20, "unknown_ca", Reason.UNKNOWN_CA),
    ),
    "another CA that hides it": (
        lambda _house, foreign: foreign.issue("hidden", MEMBER.but(aki=False)),
        refused_client(Reason.STRICT, 85, "certificate_unknown", Reason.BAD_CERTIFICATE),
    ),
    "another CA that copies our key id": (
        lambda house, foreign: foreign.issue("forged", posing_as=house.ca),
        refused_client(Reason.UNKNOWN_CA, 7, "decrypt_error", Reason.BAD_CERTIFICATE),
    ),
    "expired": (
        lambda house, _foreign: house.ca.issue("old", MEMBER.but(until=NOW - DAY / 2)),
        refused_client(Reason.EXPIRED, 10, "certificate_expired", Reason.EXPIRED),
    ),
    "not yet valid": (
        lambda house, _foreign: house.ca.issue("early", MEMBER.but(since=NOW + DAY / 2)),
        refused_client(Reason.NOT_YET_VALID, 9, "bad_certificate", Reason.BAD_CERTIFICATE),
    ),
    "the host's own": (
        lambda house, _foreign: house.host,
        refused_client(Reason.WRONG_PURPOSE, 26, "unsupported_certificate", Reason.WRONG_PURPOSE),
    ),
    "without AKI": (
        lambda house, _foreign: house.ca.issue("bare", MEMBER.but(aki=False)),
        refused_client(Reason.STRICT, 85, "certificate_unknown", Reason.BAD_CERTIFICATE),
    ),
}


@pytest.mark.parametrize("row", CLIENT_ROWS)
def test_a_refused_client_is_told_why_and_known_by_its_certificate(
    row: str, house: House, foreign: Authority, shaken: Shaken
) -> None:
    """The host knows the exact reason and the refused certificate; the client hears the alert."""
    make, (host_sees, client_sees) = CLIENT_ROWS[row]
    leaf = make(house, foreign)

    done = shaken(house.host_contexts(), house.client_contexts(leaf))

    assert host_sees.fits(done.host_end), done.host_end
    assert client_sees.fits(done.client_end), done.client_end
    for link in (done.host, done.client):
        chain = read_transcript(link.said).client_chain
        shown = sha256(chain[0]).hexdigest() if chain else None
        assert shown == (leaf.fingerprint if leaf else None)


def test_a_revoked_client_is_refused_and_another_is_not(house: House, shaken: Shaken) -> None:
    """The revocation list refuses the serial it names and nobody else."""
    revoked = house.ca.issue("eve")
    host = house.host_contexts(crl=house.ca.revoke(revoked.serial))

    done = shaken(host, house.client_contexts(revoked))
    good = shaken(host, house.client_contexts(house.alice))

    expected = refused_client(Reason.REVOKED, 23, "certificate_revoked", Reason.REVOKED)
    assert expected[0].fits(done.host_end), done.host_end
    assert expected[1].fits(done.client_end), done.client_end
    assert (good.host_end, good.client_end) == (None, None)


def refused_host(reason: Reason, verify: int, alert: str, heard: Reason) -> tuple[Seen, Seen]:
    """Return what both ends see when the client refuses the host."""
    return Seen(heard, received=alert), Seen(reason, verify, sent=alert)


HOST_ROWS: dict[str, tuple[Callable[[House], Leaf], str, tuple[Seen, Seen]]] = {
    "expired": (
        lambda house: house.ca.issue("worn", HOST_WISH.but(until=NOW - DAY / 2)),
        "localhost",
        refused_host(Reason.EXPIRED, 10, "certificate_expired", Reason.EXPIRED),
    ),
    "a member posing as host": (
        lambda house: house.alice,
        "localhost",
        refused_host(Reason.WRONG_PURPOSE, 26, "unsupported_certificate", Reason.WRONG_PURPOSE),
    ),
    "another name": (
        lambda house: house.host,
        "example.org",
        refused_host(Reason.NAME_MISMATCH, 62, "bad_certificate", Reason.BAD_CERTIFICATE),
    ),
    "another address": (
        lambda house: house.host,
        "127.0.0.2",
        refused_host(Reason.IP_MISMATCH, 64, "bad_certificate", Reason.BAD_CERTIFICATE),
    ),
    "only a common name": (
        lambda house: house.ca.issue("unnamed", HOST_WISH.but(names=HOST_WISH.names[1:])),
        "localhost",
        refused_host(Reason.NAME_MISMATCH, 62, "bad_certificate", Reason.BAD_CERTIFICATE),
    ),
}


@pytest.mark.parametrize("row", HOST_ROWS)
def test_a_host_that_is_not_ours_is_refused_and_known_by_its_certificate(
    row: str, house: House, shaken: Shaken
) -> None:
    """The client knows the exact reason and the certificate; the host hears the alert."""
    make, name, (host_sees, client_sees) = HOST_ROWS[row]
    leaf = make(house)

    done = shaken(house.host_contexts(leaf), house.client_contexts(house.alice), name)

    assert host_sees.fits(done.host_end), done.host_end
    assert client_sees.fits(done.client_end), done.client_end
    for link in (done.host, done.client):
        chain = read_transcript(link.said).host_chain
        assert sha256(chain[0]).hexdigest() == leaf.fingerprint
    assert read_transcript(done.host.said).client_chain == ()


def test_a_host_of_another_authority_is_refused(
    house: House, foreign: Authority, shaken: Shaken
) -> None:
    """A client trusts its own authority alone, whatever name another one bears."""
    done = shaken(house.host_contexts(), house.client_contexts(house.alice, foreign))

    host_sees, client_sees = refused_host(Reason.UNKNOWN_CA, 19, "unknown_ca", Reason.UNKNOWN_CA)
    assert host_sees.fits(done.host_end), done.host_end
    assert client_sees.fits(done.client_end), done.client_end


def foreign_context(protocol: int, change: Callable[[ssl.SSLContext], None]) -> Contexts:
    """Return the contexts of a program that is not ours."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([ALPN])
    change(context)
    return Contexts(context, context, heard=False)


def only_tls12(context: ssl.SSLContext) -> None:
    """Let a context speak TLS 1.2 at most."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def test_a_client_of_tls_1_2_is_refused(house: House, shaken: Shaken) -> None:
    """A hello without TLS 1.3 is answered with protocol_version, and still recorded."""
    old = foreign_context(ssl.PROTOCOL_TLS_CLIENT, only_tls12)

    done = shaken(house.host_contexts(), old)

    assert Seen(Reason.OLD_TLS, sent="protocol_version").fits(done.host_end), done.host_end
    assert done.client_end is not None
    assert done.client_end.reason is Reason.OLD_TLS
    transcript = read_transcript(done.host.said)
    assert transcript.client is not None
    assert transcript.client.versions == ()
    assert transcript.ja4 is not None
    assert transcript.ja4.startswith("t12d")


def test_a_host_of_tls_1_2_is_refused(house: House, shaken: Shaken) -> None:
    """A client does not come down to TLS 1.2, even when the rest would fit."""

    def old_host(context: ssl.SSLContext) -> None:
        only_tls12(context)
        context.load_cert_chain(house.host.certificate, house.host.key)

    old = foreign_context(ssl.PROTOCOL_TLS_SERVER, old_host)

    done = shaken(old, house.client_contexts(house.alice))

    assert Seen(Reason.OLD_TLS, received="protocol_version").fits(done.client_end)


def _cuts_groups() -> bool:
    """Tell whether a host here speaks X25519 only, which not every build of Python can say."""
    if ssl.OPENSSL_VERSION_INFO >= (3, 5):
        return False
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ecdh_curve("X25519")
    except (ssl.SSLError, ValueError):
        return False
    return True


@pytest.mark.skipif(not _cuts_groups(), reason="OpenSSL keeps its own groups here")
def test_a_client_without_our_group_is_refused(house: House, shaken: Shaken) -> None:
    """Ends without a common key exchange group say so instead of `other`."""

    def other_group(context: ssl.SSLContext) -> None:
        context.set_ecdh_curve("prime256v1")

    done = shaken(house.host_contexts(), foreign_context(ssl.PROTOCOL_TLS_CLIENT, other_group))

    assert Seen(Reason.NO_COMMON, sent="handshake_failure").fits(done.host_end), done.host_end
    assert done.client_end is not None
    assert done.client_end.reason is Reason.NO_COMMON


@pytest.mark.parametrize("offer", [["h2"], []])
def test_a_client_without_our_alpn_finishes_and_is_known(
    offer: list[str], house: House, shaken: Shaken
) -> None:
    """Python's server completes such a handshake, so the caller must look at `alpn`."""

    def other_protocol(context: ssl.SSLContext) -> None:
        context.load_cert_chain(house.alice.certificate, house.alice.key)
        context.set_alpn_protocols(offer)

    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    other_protocol(bare)
    bare.load_verify_locations(house.ca.ca)

    done = shaken(house.host_contexts(), Contexts(bare, bare, heard=False))

    assert (done.host_end, done.host.alpn) == (None, None)


NO_TLS = {
    "HTTP": (b"GET / HTTP/1.1\r\n\r\n", Reason.PLAINTEXT),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", Reason.PLAINTEXT),
    "one typed word": (b"hi\n", Reason.PLAINTEXT),
    "zeros": (bytes(64), Reason.GARBAGE),
    "an SSLv2 hello": (bytes.fromhex("802e0103010015000000"), Reason.GARBAGE),
    "a frame of ours": (b"\x00\x00\x00\x05\x81\xa1t", Reason.GARBAGE),
    "the wrong major version": (bytes.fromhex("160203"), Reason.GARBAGE),
    "a record of no length": (bytes.fromhex("1603010000" + "01"), Reason.GARBAGE),
    "a record too long": (bytes.fromhex("160301ffff" + "01"), Reason.GARBAGE),
    "an alert first": (bytes.fromhex("15030100020100"), Reason.GARBAGE),
    "a ServerHello first": (bytes.fromhex("16030100ff02"), Reason.GARBAGE),
}


@pytest.fixture
def raw(house: House) -> Iterator[Callable[[bytes], tuple[Link, Callable[[], bytes]]]]:
    """Return a maker of host links whose peer has sent some raw bytes, and what it hears."""
    opened = []

    def make(sent: bytes) -> tuple[Link, Callable[[], bytes]]:
        accepted, dialled = loopback()
        link = host_link(accepted, house.host_contexts())
        opened.append((link, dialled))
        if sent:
            dialled.sendall(sent)
            ready(link, Want.READ)
        dialled.settimeout(10)
        return link, lambda: dialled.recv(64)

    yield make
    for link, dialled in opened:
        link.close()
        dialled.close()


Raw = Callable[[bytes], tuple[Link, Callable[[], bytes]]]


@pytest.mark.parametrize("kind", NO_TLS)
def test_what_is_no_tls_is_closed_without_an_answer(kind: str, raw: Raw) -> None:
    """The first bytes are judged before OpenSSL sees them, so not one byte goes back."""
    sent, reason = NO_TLS[kind]
    link, hear = raw(sent)

    failure = step(link)
    link.finish_sending()

    assert Seen(reason).fits(failure if isinstance(failure, Failure) else None), failure
    assert link.said == []
    assert hear() == b""


def test_a_faulty_hello_is_answered_with_an_alert(raw: Raw) -> None:
    """What begins like TLS is OpenSSL's to judge, and it says what it thinks of it."""
    link, hear = raw(bytes.fromhex("160301000901000005" + "0303aabbcc"))

    failure = step(link)

    assert isinstance(failure, Failure)
    assert failure.reason is Reason.MALFORMED
    assert failure.alert_sent == "decode_error"
    assert hear()[0] == 0x15


def test_a_garbled_hello_behind_good_first_bytes_is_malformed(raw: Raw) -> None:
    """Bytes that only begin like a handshake end as malformed, never as an exception."""
    link, _ = raw(bytes.fromhex("16030100ff01") + b"\xff" * 254)

    failure = step(link)

    assert isinstance(failure, Failure)
    assert failure.reason is Reason.MALFORMED


def test_a_silent_peer_is_silent_and_a_stopped_one_stalled(raw: Raw) -> None:
    """What the deadline means depends on whether anything that looks like TLS came."""
    silent, _ = raw(b"")
    stopped, _ = raw(bytes.fromhex("160301"))
    half, _ = raw(bytes.fromhex("16030100ff0100"))

    assert [step(link) for link in (silent, stopped, half)] == [Want.READ] * 3
    assert [link.late().reason for link in (silent, stopped, half)] == [
        Reason.SILENT,
        Reason.STALLED,
        Reason.STALLED,
    ]


def test_a_client_knows_a_silent_host_from_a_stopped_one(house: House) -> None:
    """A host that never answers is silent; one whose ServerHello came and no more is stalled."""
    to_client, at_client = loopback()
    at_host, to_host = loopback()
    client = client_link(at_client, house.client_contexts(house.alice))
    host = host_link(at_host, house.host_contexts())
    assert step(client) is Want.READ
    assert client.late().reason is Reason.SILENT

    to_host.sendall(to_client.recv(16_384))
    ready(host, Want.READ)
    assert step(host) is Want.READ
    header = to_host.recv(5)
    to_client.sendall(header + to_host.recv(int.from_bytes(header[3:], "big")))
    ready(client, Want.READ)

    assert step(client) is Want.READ
    assert client.late().reason is Reason.STALLED
    for end in (client, host, to_client, to_host):
        end.close()


@pytest.mark.parametrize("sent", [b"", bytes.fromhex("1603"), bytes.fromhex("16030100ff0100")])
def test_a_peer_that_closes_midway_has_closed(sent: bytes, house: House) -> None:
    """Closing is told from every stage before the end of the handshake alike."""
    accepted, dialled = loopback()
    link = host_link(accepted, house.host_contexts())
    dialled.sendall(sent)
    dialled.close()

    answer = step(link)
    while isinstance(answer, Want):
        ready(link, answer)
        answer = step(link)

    assert answer is not None
    assert answer.reason is Reason.CLOSED
    assert answer.alert_sent is None
    link.close()


def test_a_peer_that_resets_has_closed(house: House) -> None:
    """A reset instead of an orderly end is the same to a reader of the record."""
    accepted, dialled = loopback()
    link = host_link(accepted, house.host_contexts())
    # Zero seconds of lingering make close() send a reset.
    dialled.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    dialled.close()
    ready(link, Want.READ)

    with pytest.raises(LinkFailed) as caught:
        link.handshake()

    assert caught.value.failure.reason is Reason.CLOSED
    link.close()
