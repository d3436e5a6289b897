"""What a handshake said: of real handshakes, of retries, and of bytes nobody should send."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.limits import Limits
from secure_chat.tls.context import ALPN, Said
from secure_chat.tls.transcript import Transcript, read_transcript
from tests.pki import forge
from tests.tls import hellos
from tests.tls.conftest import House
from tests.tls.ends import Shake
from tests.tls.hellos import numbers, vector

Shaken = Callable[..., Shake]

RETRY = sha256(b"HelloRetryRequest").digest()


@pytest.fixture
def done(house: House, shaken: Shaken) -> Shake:
    """Return a handshake that went well."""
    return shaken(house.host_contexts(), house.client_contexts(house.alice))


def message(kind: int, body: bytes, direction: str = "read") -> Said:
    """Return a handshake message as the link keeps it."""
    return (7, direction, 22, kind, bytes([kind]) + vector(body, 3))


def test_both_ends_read_the_same_out_of_one_handshake(done: Shake) -> None:
    """Hello, choices, chains and schemes agree, so the records can be joined."""
    host, client = read_transcript(done.host.said), read_transcript(done.client.said)

    for of in (
        lambda t: t.hello,
        lambda t: t.ja4,
        lambda t: t.version,
        lambda t: t.cipher,
        lambda t: t.curve,
        lambda t: t.alpn,
        lambda t: t.server_name,
        lambda t: t.host_chain,
        lambda t: t.client_chain,
        lambda t: t.host_scheme,
        lambda t: t.client_scheme,
        lambda t: t.asked,
        lambda t: t.asked_schemes,
        lambda t: t.chosen,
        lambda t: sorted(t.history.replace("i", "").replace("I", "")),
    ):
        assert of(host) == of(client) is not None
        assert of(host)


def test_a_good_handshake_is_read_in_full(done: Shake, house: House) -> None:
    """Names are those of the standards and of Zeek, certificates the very bytes."""
    found = read_transcript(done.host.said)

    assert (found.version, found.alpn, found.server_name) == ("TLSv13", ALPN, "localhost")
    assert found.cipher == done.host.cipher
    assert found.host_chain[0] == house.host.der
    assert found.client_chain[0] == house.alice.der
    assert found.host_scheme == found.client_scheme == "ecdsa_secp256r1_sha256"
    assert found.asked
    assert found.alerts == []
    assert found.ja4 is not None
    assert found.ja4.startswith("t13d")
    # Client hello, server hello, CCS, extensions, request, certificate, verify, finished; then
    # the client's own; a middlebox-friendly CCS of the client's does not reach the callback.
    assert found.history.replace("i", "").replace("I", "") == "CsorxyfXYF"
    assert [heard.type for heard in found.messages[:2]] == ["ClientHello", "ServerHello"]
    assert found.messages[0].by_client
    times = [heard.at_us for heard in found.messages]
    assert times == sorted(times)
    assert sum(heard.size for heard in found.messages) == sum(
        len(data) for *_, data in done.host.said
    )


def test_an_alert_is_in_the_messages_and_on_its_own(house: House, shaken: Shaken) -> None:
    """A refusal ends the history with the alert, from the end that sent it."""
    refused = shaken(house.host_contexts(), house.client_contexts(None))

    found = read_transcript(refused.client.said)

    assert found.alerts == [(False, "certificate_required")]
    assert found.messages[-1].type == "Alert:certificate_required"
    assert found.history.endswith("l")
    assert found.client_chain == ()


def request(*extensions: tuple[int, bytes]) -> Said:
    """Return a CertificateRequest of a host."""
    return message(13, vector(b"", 1) + hellos.extension_list(extensions), "write")


def test_a_request_says_which_authorities_and_schemes_are_wanted() -> None:
    """RFC 8446 sections 4.2.3 and 4.2.4; a client chooses its certificate by them."""
    names = [forge.name(("2.5.4.3", b"one")), forge.name(("2.5.4.3", b"two"), ("2.5.4.6", b"DE"))]
    wanted = vector(b"".join(vector(name, 2) for name in names), 2)

    found = read_transcript([request((13, vector(numbers([0x0403, 0xFEED]), 2)), (47, wanted))])

    assert found.asked
    assert found.authorities == ("CN=one", "C=DE,CN=two")
    assert found.asked_schemes == (0x0403, 0xFEED)


def test_a_broken_request_is_read_as_far_as_it_goes() -> None:
    """That a certificate was asked for is known, and one lie does not hide the rest."""
    lies = vector(vector(b"\x31\x00", 2), 2)

    for broken in ((13, b"\x00\x09"), (47, b"\x00\x09"), (47, lies)):
        found = read_transcript([request(broken, (16, b""), (13, vector(numbers([0x0807]), 2)))])
        assert (found.asked, found.authorities, found.asked_schemes) == (True, (), (0x0807,))
    torn = read_transcript([message(13, b"\x07", "write")])
    assert (torn.asked, torn.authorities, torn.asked_schemes) == (True, (), ())


def test_a_request_cannot_fill_the_record() -> None:
    """A host may name thousands; the first ones are listed."""
    names = vector(vector(forge.name(("2.5.4.3", b"x")), 2) * 2_000, 2)

    found = read_transcript([request((47, names))])

    assert len(found.authorities) == Limits().offers_recorded


def test_a_torn_chain_is_read_as_far_as_it_goes() -> None:
    """The leaf says who wanted to be let in, whatever follows it."""
    entry = vector(b"leaf", 3) + vector(b"", 2)
    torn = [
        message(11, vector(b"", 1) + vector(entry + b"\x00\x00\x09x", 3)),
        message(11, vector(b"", 1) + vector(vector(b"leaf", 3) + b"\x00\x09", 3)),
    ]

    for said in torn:
        assert read_transcript([said]).client_chain == (b"leaf",)
    many = read_transcript([message(11, vector(b"", 1) + vector(entry * 99, 3))])
    assert many.client_chain == (b"leaf",) * Limits().certificates_recorded


def test_a_retry_keeps_the_first_hello_and_the_last_answer() -> None:
    """The fingerprint is of what the client said unprompted; the choice is the final one."""
    first = hellos.client_hello([0x1301], [(10, vector(numbers([0x17, 0x1D]), 2))])
    second = hellos.client_hello([0x1302], [])
    answers = (
        hellos.server_hello([(43, b"\x03\x04"), (51, b"\x00\x1d")], RETRY),
        hellos.server_hello([(43, b"\x03\x04"), (51, b"\x00\x1d")]),
    )
    said: list[Said] = [
        (1, "write", 22, 1, first),
        (2, "read", 22, 2, answers[0]),
        (3, "write", 22, 1, second),
        (4, "read", 22, 2, answers[1]),
    ]

    found = read_transcript(said)

    assert found.client is not None
    assert found.client.ciphers == (0x1301,)
    assert (found.curve, found.version) == ("x25519", "TLSv13")
    assert found.history == "CjCs"
    assert [heard.by_client for heard in found.messages] == [True, False, True, False]


def test_numbers_nobody_has_named_are_shown_as_numbers() -> None:
    """What is new is told from what is known, never left out."""
    said = [
        (1, "read", 22, 1, hellos.client_hello()),
        (2, "write", 22, 2, hellos.server_hello([(51, b"\xfe\xed")], cipher=0xBEEF)),
        message(99, b"new"),
        message(15, b"\x7a\x7a"),
        (9, "write", 21, 0, b"\x02\xee"),
    ]

    found = read_transcript(said)

    assert (found.cipher, found.curve, found.version) == ("0xbeef", "0xfeed", "TLSv12")
    assert found.client_scheme == "0x7a7a"
    assert found.history == "CsZYl"
    assert found.alerts == [(False, "0x00ee")]


def test_a_handshake_that_said_nothing_is_empty() -> None:
    """Plaintext and silence leave a transcript in which nothing is known."""
    assert read_transcript([]) == Transcript()
    found = Transcript()
    assert (found.hello, found.ja4, found.version, found.cipher) == (None,) * 4
    assert (found.curve, found.server_name, found.history) == (None, None, "")


def test_an_answer_alone_tells_which_end_is_which() -> None:
    """When the ClientHello was missed, the ServerHello's direction decides."""
    answer = hellos.server_hello()

    assert [h.by_client for h in read_transcript([(1, "read", 22, 2, answer)]).messages] == [False]
    sent = read_transcript([message(11, b"", "write"), (1, "write", 22, 2, answer)])
    assert [h.by_client for h in sent.messages] == [False, False]


def test_empty_messages_have_a_name_too() -> None:
    """OpenSSL reports none today; the record must not depend on it."""
    said = [(1, "read", 22, 0, b""), (2, "read", 21, 0, b""), (3, "read", 20, 257, b"\x01")]

    found = read_transcript(said)

    assert [h.type for h in found.messages] == ["empty", "Alert:empty", "ChangeCipherSpec"]


def test_extensions_without_alpn_choose_none() -> None:
    """A host that answers with other extensions, or an empty list of names, chose no protocol."""
    empty = [(10, b""), (16, hellos.alpn())]

    found = read_transcript([message(8, hellos.extension_list(empty), "write")])

    assert (found.alpn, found.chosen) == (None, (10, 16))


@pytest.mark.parametrize("end", ["host", "client"])
def test_no_cut_of_a_real_handshake_is_too_short_to_read(end: str, done: Shake) -> None:
    """Every message of a real handshake, cut at every length, is read as far as it goes."""
    said = getattr(done, end).said
    for at, direction, content_type, kind, data in said:
        for size in range(len(data)):
            found = read_transcript([(at, direction, content_type, kind, data[:size])])
            assert len(found.messages) == 1


said_tuples = st.tuples(
    st.integers(0, 10**7),
    st.sampled_from(["read", "write"]),
    st.sampled_from([20, 21, 22]),
    st.integers(0, 257),
    st.binary(max_size=120)
    | st.builds(
        lambda kind, rest: bytes([kind]) + vector(rest, 3),
        st.sampled_from([1, 2, 8, 11, 13, 15]),
        st.binary(max_size=120),
    ),
)


@given(st.lists(said_tuples, max_size=6))
def test_nothing_a_peer_can_say_raises(said: list[Said]) -> None:
    """Every message leaves one entry, every property an answer."""
    found = read_transcript(said)

    assert len(found.messages) == len(said) == len(found.history)
    for value in (found.hello, found.ja4, found.version, found.cipher, found.curve):
        assert value is None or value.isascii()
