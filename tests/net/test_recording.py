"""From a handshake over real sockets to its record, on both ends, good and refused."""

from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest

from secure_chat.clock import rfc3339
from secure_chat.handshakes.record import CertificateSeen, HandshakeRecord, decode, encode
from secure_chat.limits import Limits
from secure_chat.net import recording
from secure_chat.net.recording import Evidence, gather, new_uid, reason_for, record_of
from secure_chat.tls import context as tls_context
from secure_chat.tls.link import Link
from secure_chat.tls.reason import Failure, Reason
from tests.handshakes.records import BEGIN
from tests.tls import hellos
from tests.tls.ends import Shake, client_link, host_link, loopback, shake, step
from tests.tls.paper import DAY, HOST_WISH, MEMBER, NOW, Authority, Leaf

Record = Callable[..., tuple[HandshakeRecord, HandshakeRecord]]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority."""
    return Authority(tmp_path_factory.mktemp("recording") / "ca")


@pytest.fixture(scope="module")
def host(ca: Authority) -> Leaf:
    """Return the host's certificate."""
    return ca.issue("host", HOST_WISH)


@pytest.fixture(scope="module")
def alice(ca: Authority) -> Leaf:
    """Return a member's certificate."""
    return ca.issue("alice")


def contexts(
    ca: Authority, host: Leaf, client: Leaf | None
) -> tuple[tls_context.Contexts, tls_context.Contexts]:
    """Return the contexts of both ends; a stranger's when there is no leaf."""
    paths = (None, None) if client is None else (client.certificate, client.key)
    return (
        tls_context.host_contexts(ca.ca, host.certificate, host.key, ca.crl),
        tls_context.client_contexts(ca.ca, *paths),
    )


@pytest.fixture
def records(ca: Authority, host: Leaf) -> Iterator[Record]:
    """Return what lets a client shake hands and gives the records of host and client."""
    done: list[Shake] = []

    def make(client: Leaf | None, name: str = "localhost") -> tuple[HandshakeRecord, ...]:
        shaken = shake(*contexts(ca, host, client), name)
        done.append(shaken)
        ends = ((shaken.host, shaken.host_end), (shaken.client, shaken.client_end))
        return tuple(recorded(link, failure) for link, failure in ends)

    yield make  # type: ignore[misc] # always two
    for shaken in done:
        shaken.close()


def recorded(link: Link, failure: Failure | None) -> HandshakeRecord:
    """Return the record of a link as a worker would have it made."""
    name = "" if failure else "alice"
    return record_of(gather(link, "Cuid", BEGIN, 0.0125, name, failure))


def test_a_good_handshake_has_a_full_record_on_both_ends(
    records: Record, alice: Leaf, host: Leaf
) -> None:
    """Everything the design names is there, and the hello joins the two."""
    pair = records(alice)

    for record in pair:
        assert record.ts == "2026-11-22T12:00:00.000Z"
        assert (record.uid, record.established, record.reason) == ("Cuid", True, "ok")
        assert (record.advice, record.text, record.count) == ("", "", 1)
        assert (record.version, record.next_protocol) == ("TLSv13", "securechat/1")
        assert record.cipher is not None
        assert record.cipher.startswith("TLS_")
        assert record.curve is not None
        assert (record.server_name, record.name) == ("localhost", "alice")
        assert (record.subject, record.client_subject) == ("CN=localhost", "CN=alice")
        assert (record.issuer, record.client_issuer) == ("CN=test CA", "CN=test CA")
        assert record.cert_chain_fps[0] == host.fingerprint
        assert record.client_cert_chain_fps[0] == alice.fingerprint
        assert (record.validation_status, record.verify_code) == ("ok", None)
        assert (record.last_alert, record.resumed, record.keylog) == (None, False, False)
        assert record.sigalgs.host == record.sigalgs.client == "ecdsa_secp256r1_sha256"
        assert record.ja4 is not None
        assert record.duration_ms == 12.5
        assert record.hello is not None
        assert len(record.hello) == 64
        assert decode(encode(record)) == record
    on_host, on_client = pair
    assert (on_host.end, on_client.end) == ("host", "client")
    assert on_host.hello == on_client.hello
    assert on_host.ja4 == on_client.ja4
    assert (on_host.orig_h, on_host.orig_p) == (on_client.orig_h, on_client.orig_p)
    assert (on_host.resp_h, on_host.resp_p) == (on_client.resp_h, on_client.resp_p)
    assert (on_host.orig_p, on_host.resp_p) != (on_host.resp_p, on_host.orig_p)
    assert on_host.messages[0].direction == "received"
    assert on_client.messages[0].direction == "sent"


def test_offers_choices_and_both_chains_are_in_full_on_both_ends(
    records: Record, alice: Leaf
) -> None:
    """By the names of the standards; both ends say the same."""
    on_host, on_client = records(alice)

    assert (on_host.offered, on_host.chosen) == (on_client.offered, on_client.chosen)
    assert on_host.host_chain == on_client.host_chain
    assert on_host.client_chain == on_client.client_chain
    offered, chosen = on_host.offered, on_host.chosen
    assert offered is not None
    assert chosen is not None
    assert offered.versions == ("TLSv13",)
    assert on_host.cipher in offered.ciphers
    assert on_host.curve in offered.shares
    assert set(offered.shares) <= set(offered.groups)
    assert "ecdsa_secp256r1_sha256" in offered.schemes
    assert offered.alpn == ("securechat/1",)
    assert {"server_name", "supported_versions", "key_share"} <= set(offered.extensions)
    assert chosen.extensions[:2] == ("supported_versions", "key_share")
    assert "application_layer_protocol_negotiation" in chosen.extensions
    assert (chosen.asked, chosen.authorities) == (True, ())
    assert "ecdsa_secp256r1_sha256" in chosen.schemes
    of_host, of_client = on_host.host_chain[0], on_host.client_chain[0]
    assert of_client == CertificateSeen(
        fingerprint=alice.fingerprint,
        size=len(alice.der),
        subject="CN=alice",
        issuer="CN=test CA",
        serial=f"{alice.serial:x}",
        not_before=rfc3339(MEMBER.since.timestamp()),
        not_after=rfc3339(MEMBER.until.timestamp()),
        names=("email:alice@member.securechat.internal",),
        key="ECDSA P-256",
        signature="ecdsa-with-SHA256",
        usages=("digitalSignature",),
        purposes=("clientAuth",),
        authority=False,
    )
    assert of_host.names == ("DNS:localhost", "IP:127.0.0.1")
    assert of_host.purposes == ("serverAuth",)


def test_an_old_client_and_its_offer_are_in_the_record() -> None:
    """What the host never answered is null; the version is the one of the field itself."""
    hello = hellos.client_hello([0x002F, 0xC02B, 0x0A0A])

    record = record_of(evidence(failure=Failure(Reason.OLD_TLS), said=((5, "read", 22, 1, hello),)))

    assert record.offered is not None
    assert record.offered.versions == ("TLSv12",)
    assert record.offered.ciphers == (
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "0x0a0a",
    )
    assert (record.chosen, record.host_chain, record.client_chain) == (None, (), ())


def test_no_hello_can_fill_the_journal() -> None:
    """Of endless lists the first values are listed, and endless names are cut off."""
    most, chars = Limits().offers_recorded, Limits().text_chars
    extensions = [(number, b"") for number in range(1_000, 5_000)]
    extensions += [
        (0, hellos.server_name(b"x" * 20_000)),
        (10, hellos.vector(hellos.numbers(range(5_000)), 2)),
        (16, hellos.alpn(*[b"\xff" * 9] * 300)),
    ]
    hello = hellos.client_hello(range(30_000), extensions)

    record = record_of(evidence(said=((5, "read", 22, 1, hello),)))

    assert record.offered is not None
    assert len(record.offered.ciphers) == len(record.offered.groups) == most
    assert len(record.offered.extensions) == len(record.offered.alpn) == most
    assert record.server_name is not None
    assert len(record.server_name) == chars


def test_a_refused_client_is_named_on_both_ends(records: Record, ca: Authority) -> None:
    """Reason, code, alert, fingerprint and advice stand in both, each from its own view."""
    old = ca.issue("old", MEMBER.but(subject="old alice", until=NOW - DAY / 2))

    on_host, on_client = records(old)

    for record in (on_host, on_client):
        assert (record.established, record.reason, record.name) == (False, "expired", None)
        assert record.client_cert_chain_fps[0] == old.fingerprint
        assert record.client_subject == "CN=old alice"
        assert record.last_alert == "certificate_expired"
        assert record.advice
        assert record.sentence
    assert on_host.hello == on_client.hello
    assert (on_host.verify_code, on_client.verify_code) == (10, None)
    assert on_host.validation_status == "certificate has expired"
    assert on_client.validation_status is None
    assert "of the client" in on_host.sentence
    assert "of this client" in on_client.sentence
    assert on_host.ssl_history.replace("I", "").replace("i", "").endswith("Xl")


def test_a_host_that_is_refused_is_named_on_both_ends(
    records: Record, alice: Leaf, host: Leaf
) -> None:
    """The client never shows its certificate to a host it does not trust."""
    on_host, on_client = records(alice, "example.org")

    assert (on_host.reason, on_client.reason) == ("bad-certificate", "name-mismatch")
    assert on_client.verify_code == 62
    assert on_client.cert_chain_fps[0] == host.fingerprint
    assert (on_host.client_cert_chain_fps, on_client.client_cert_chain_fps) == ((), ())
    assert on_host.server_name == on_client.server_name == "example.org"


def test_a_stranger_without_a_certificate_has_none_in_the_record(records: Record) -> None:
    """Nothing is invented for a client that showed nothing."""
    on_host, on_client = records(None)

    assert on_host.reason == on_client.reason == "no-certificate"
    assert (on_host.client_subject, on_host.client_cert_chain_fps) == (None, ())


def test_silence_leaves_a_record_with_nothing_but_the_address(ca: Authority, host: Leaf) -> None:
    """No hello, no fingerprint, no messages; the reason and the address are known."""
    accepted, dialled = loopback()
    link = host_link(accepted, contexts(ca, host, None)[0])

    record = recorded(link, link.late())

    assert (record.reason, record.hello, record.ja4, record.messages) == (
        "silent",
        None,
        None,
        (),
    )
    assert (record.orig_h, record.orig_p) == dialled.getsockname()
    assert (record.last_alert, record.version, record.cipher) == (None, None, None)
    link.close()
    dialled.close()


def test_a_cut_does_not_show_an_alert_that_nobody_said(ca: Authority, host: Leaf) -> None:
    """OpenSSL answers a cut with decode_error into the void; it is among the messages only."""
    accepted, dialled = loopback()
    link = host_link(accepted, contexts(ca, host, None)[0])
    client = client_link(dialled, contexts(ca, host, None)[1])
    step(client)
    step(link)
    client.close()
    failure = step(link)

    assert isinstance(failure, Failure)
    record = recorded(link, failure)
    assert (record.reason, record.last_alert) == ("closed", None)
    assert record.hello is not None
    link.close()


def test_what_openssl_alone_knows_takes_the_last_alert_that_was_heard() -> None:
    """A failure that names no alert is completed from the messages."""
    said = ((5, "write", 21, 0, b"\x02\x28"),)

    record = record_of(evidence(failure=Failure(Reason.NO_ALPN), said=said))

    assert record.last_alert == "handshake_failure"


def evidence(**changes: object) -> Evidence:
    """Return the evidence of a host with some of it changed."""
    facts: dict[str, object] = {
        "end": "host",
        "uid": "Cuid",
        "started": BEGIN,
        "duration_ms": 1.0,
        "orig": ("127.0.0.1", 1),
        "resp": ("127.0.0.1", 2),
        "failure": Failure(Reason.OK),
    }
    return Evidence(**(facts | changes))  # type: ignore[arg-type] # a misspelt one fails


@pytest.mark.parametrize("end", ["host", "client"])
def test_without_the_ear_the_record_has_what_public_calls_tell(
    end: str, ca: Authority, host: Leaf, alice: Leaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version, cipher, protocol and the peer's leaf are known to every Python."""
    monkeypatch.setattr(tls_context, "_EAR", "_no_such_callback")
    shaken = shake(*contexts(ca, host, alice))

    record = recorded(getattr(shaken, end), None)

    assert (record.version, record.next_protocol) == ("TLSv13", "securechat/1")
    assert record.cipher is not None
    assert (record.hello, record.ja4, record.messages) == (None, None, ())
    leaf, prints = (
        (alice, record.client_cert_chain_fps) if end == "host" else (host, record.cert_chain_fps)
    )
    assert prints == (leaf.fingerprint,)
    assert (record.offered, record.chosen) == (None, None)
    (seen,) = record.client_chain if end == "host" else record.host_chain
    assert (seen.fingerprint, seen.serial) == (leaf.fingerprint, f"{leaf.serial:x}")
    assert {record.subject, record.client_subject} == {
        None,
        "CN=alice" if end == "host" else "CN=localhost",
    }
    shaken.close()


def test_a_refusal_by_close_frame_is_the_clients_own_matter() -> None:
    """A code the host sent reads on the client as being about the client."""
    failure = Failure(reason_for("not-registered"), "the host's words")

    on_client = record_of(evidence(end="client", failure=failure))
    on_host = record_of(evidence(failure=failure))

    assert "this client" in on_client.sentence
    assert "the client" in on_host.sentence
    assert on_client.text == "the host's words"


def test_a_farewell_before_the_welcome_is_a_close() -> None:
    """`bye` is a word of the protocol and no reason of the record."""
    assert reason_for("bye") is Reason.CLOSED
    assert reason_for("alpn") is Reason.NO_ALPN


def test_uids_are_random_and_look_like_zeeks() -> None:
    """No two connections share one."""
    uids = {new_uid() for _ in range(1_000)}

    assert len(uids) == 1_000
    assert all(uid[0] == "C" and len(uid) == 18 and uid.isalnum() for uid in uids)


def test_a_hostile_certificate_still_has_its_fingerprint() -> None:
    """What cannot be parsed is known by its bytes."""
    record = record_of(evidence(certificate=b"no certificate", failure=Failure(Reason.PROFILE)))

    assert record.client_subject is None
    assert record.client_cert_chain_fps == (sha256(b"no certificate").hexdigest(),)
    assert record.client_chain == (
        CertificateSeen(fingerprint=sha256(b"no certificate").hexdigest(), size=14),
    )


def test_only_small_certificates_are_remembered() -> None:
    """A stranger may send large ones at will, and cannot fill the memory with them."""
    small, large = b"small", bytes(Limits().certificate_bytes + 1)
    for certificate in (small, large):
        record_of(evidence(certificate=certificate))
    before = recording._remembered.cache_info()

    again = [record_of(evidence(certificate=certificate)) for certificate in (small, large)]

    after = recording._remembered.cache_info()
    assert (after.currsize, after.hits) == (before.currsize, before.hits + 1)
    assert [record.client_chain[0].size for record in again] == [len(small), len(large)]
