"""The record as a line of JSON: its names, its alphabet, and what a torn line is."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.clock import rfc3339
from secure_chat.handshakes.record import (
    CertificateSeen,
    Choice,
    HandshakeRecord,
    MessageSeen,
    Offer,
    Schemes,
    decode,
    encode,
    seconds,
)
from tests.handshakes.records import BEGIN, good, refused

# Zeek's names for what Zeek has, and ours beside them.
NAMES = {
    *("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"),
    *("version", "cipher", "curve", "server_name", "resumed", "last_alert", "next_protocol"),
    *("established", "ssl_history", "cert_chain_fps", "client_cert_chain_fps"),
    *("subject", "issuer", "client_subject", "client_issuer", "validation_status"),
    *("end", "hello", "reason", "advice", "verify_code", "ja4", "sigalgs", "duration_ms"),
    *("messages", "sentence", "text", "name", "keylog", "count"),
    *("offered", "chosen", "host_chain", "client_chain"),
}


def test_a_record_is_one_line_with_the_agreed_names() -> None:
    """Scripts and Zeek's tools rely on them; every record has them all."""
    line = encode(good())

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert set(json.loads(line)) == NAMES


def test_what_is_written_is_read_again() -> None:
    """No field is lost on the way through the file."""
    record = refused(
        verify_code=10,
        hello="00" * 32,
        messages=(MessageSeen("received", "ClientHello", 253, 787),),
        sigalgs=Schemes(host="ed25519"),
        cert_chain_fps=("ab" * 32,),
        offered=Offer(ciphers=("TLS_AES_128_GCM_SHA256", "0x0a0a"), alpn=("securechat/1",)),
        chosen=Choice(extensions=("key_share",), asked=True, authorities=("CN=ca",)),
        host_chain=(CertificateSeen(fingerprint="ab" * 32, size=600, subject="CN=localhost"),),
        client_chain=(
            CertificateSeen(fingerprint="cd" * 32, size=601, names=("IP:::1",), authority=False),
        ),
        keylog=True,
        count=7,
    )

    assert decode(encode(record)) == record


@pytest.mark.parametrize("text", ["caf\u00e9", "\x1b[31m\n", "\u202egnp.exe", "\U0001f600", "\x85"])
def test_a_hostile_subject_is_plain_ascii_in_the_file(text: str) -> None:
    """`cat` of the journal cannot be made to do anything, and nothing is lost either."""
    record = refused(client_subject=text)

    line = encode(record)

    assert line.isascii()
    assert all(byte >= 0x20 for byte in line[:-1])
    assert decode(line) == record


@given(st.text(max_size=30))
def test_every_text_survives_the_file(text: str) -> None:
    """Whatever Unicode holds comes back as it was."""
    assert decode(encode(refused(client_subject=text))) == refused(client_subject=text)


@given(st.data())
def test_a_torn_line_is_no_record(data: st.DataObject) -> None:
    """A crash may leave any beginning of a line; none of them is taken for a record."""
    line = encode(good())
    assert decode(line[: data.draw(st.integers(0, len(line) - 3))]) is None


@pytest.mark.parametrize("line", [b"", b"\n", b"null", b"[]", b"\xff\xfe", b"[" * 5_000, b"{}"])
def test_what_is_no_record_is_none(line: bytes) -> None:
    """A foreign line in the file stops nobody from reading the others."""
    assert decode(line) is None


def test_a_record_of_a_later_version_is_read() -> None:
    """Fields may be added; what this version does not know is ignored."""
    later = msgspec.json.decode(encode(good()))
    later["new"] = {"x": 1}

    assert decode(msgspec.json.encode(later)) == good()


def test_a_record_of_an_earlier_version_is_read() -> None:
    """Journals outlive the program; what an old line does not tell is unknown."""
    old = msgspec.json.decode(encode(good()))
    for name in ("offered", "chosen", "host_chain", "client_chain"):
        del old[name]

    record = decode(msgspec.json.encode(old))

    assert record == good()
    assert record is not None
    assert (record.offered, record.chosen, record.host_chain) == (None, None, ())


def test_times_are_rfc_3339_in_utc_with_milliseconds() -> None:
    """Times written are times read, and zones are understood."""
    assert rfc3339(BEGIN + 0.0625) == "2026-11-22T12:00:00.062Z"
    assert seconds("2026-11-22T12:00:00.500Z") == BEGIN + 0.5
    assert seconds("2026-11-22T14:00:00+02:00") == BEGIN
    assert seconds("2026-11-22T12:00") == BEGIN
    assert seconds("2026-11-22") == BEGIN - 12 * 3_600
    assert seconds("yesterday") is None


def test_a_record_is_a_value() -> None:
    """Records are compared and cannot be changed."""
    assert good() == good()
    with pytest.raises(AttributeError):
        good().uid = "other"  # type: ignore[misc] # that is the point
    assert isinstance(good(), HandshakeRecord)
