r"""Zeek's log, parsed back by its own header as Zeek's reader does, whatever peers have written.

The reader here knows nothing of ours: it takes separators, names and types from the lines above,
splits lists before it turns `\xNN` back into bytes, and tells unset from empty.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.handshakes import zeek
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal, read_records
from secure_chat.handshakes.record import HandshakeRecord, Schemes
from secure_chat.limits import Limits
from tests.fakes import FakeClock
from tests.handshakes.records import BEGIN, good, refused

# As in Zeek's own ssl.log, for every field that both have.
TYPES = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "version": "string",
    "cipher": "string",
    "curve": "string",
    "server_name": "string",
    "resumed": "bool",
    "last_alert": "string",
    "next_protocol": "string",
    "established": "bool",
    "ssl_history": "string",
    "cert_chain_fps": "vector[string]",
    "client_cert_chain_fps": "vector[string]",
    "subject": "string",
    "issuer": "string",
    "client_subject": "string",
    "client_issuer": "string",
    "validation_status": "string",
}


class Reader:
    """Reads a log by its header.

    Args:
        lines: of the log, in order, without line ends.
    """

    def __init__(self, lines: list[str]) -> None:
        self.meta: dict[str, list[str]] = {}
        self.rows: list[dict[str, Any]] = []
        for line in lines:
            if line.startswith("#separator "):
                self._tab = unescaped(line.partition(" ")[2])
            elif line.startswith("#"):
                key, *values = line[1:].split(self._tab)
                self.meta[key] = values
            else:
                self.rows.append(self._row(line))

    @property
    def types(self) -> dict[str, str]:
        """The fields with their types."""
        return dict(zip(self.meta["fields"], self.meta["types"], strict=True))

    def _row(self, line: str) -> dict[str, Any]:
        values = line.split(self._tab)
        return {
            name: self._value(kind, text)
            for (name, kind), text in zip(self.types.items(), values, strict=True)
        }

    def _value(self, kind: str, text: str) -> Any:
        (unset,), (empty,) = self.meta["unset_field"], self.meta["empty_field"]
        if text == unset:
            return None
        if found := re.fullmatch(r"vector\[(\w+)\]", kind):
            (comma,) = self.meta["set_separator"]
            return [self._value(found[1], part) for part in text.split(comma) if text != empty]
        if text == empty:
            return ""
        kinds: dict[str, Callable[[str], Any]] = {
            "time": float,
            "interval": float,
            "count": int,
            "port": int,
            "bool": {"T": True, "F": False}.__getitem__,
            "addr": str,
            "string": unescaped,
        }
        return kinds[kind](text)


def unescaped(text: str) -> str:
    """Turn what stands for bytes back into them; nothing else is an escape to Zeek's reader."""
    data = re.sub(
        rb"\\x([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("ascii")
    )
    return data.decode("utf-8", "surrogatepass")


def log(*records: HandshakeRecord) -> list[str]:
    """Return a log of some records."""
    return [*zeek.header(BEGIN), *map(zeek.line, records), *zeek.footer(BEGIN + 60)]


def read_back(record: HandshakeRecord) -> dict[str, Any]:
    """Return a record as a reader of the log has it."""
    (row,) = Reader(log(record)).rows
    return row


def test_the_header_says_how_to_read_it() -> None:
    """Its first line is the only one with a blank for a separator; opened and closed in order."""
    lines = log(good())

    assert lines[0] == "#separator \\x09"
    assert [line.split("\t")[0] for line in lines[1:8]] == [
        *("#set_separator", "#empty_field", "#unset_field", "#path", "#open", "#fields", "#types")
    ]
    meta = Reader(lines).meta
    assert (meta["set_separator"], meta["empty_field"], meta["unset_field"], meta["path"]) == (
        [","],
        ["(empty)"],
        ["-"],
        ["ssl"],
    )
    opened = time.strptime(meta["open"][0], "%Y-%m-%d-%H-%M-%S")
    closed = time.strptime(meta["close"][0], "%Y-%m-%d-%H-%M-%S")
    assert time.mktime(opened) == BEGIN
    assert time.mktime(closed) == BEGIN + 60
    assert lines[-1].startswith("#close\t")


def test_names_and_types_are_those_of_zeek_where_it_has_them() -> None:
    """In its order, ours behind them, each once."""
    reader = Reader(log())

    assert list(reader.types.items())[: len(TYPES)] == list(TYPES.items())
    assert len(reader.meta["fields"]) == len(set(reader.meta["fields"]))
    ours = list(reader.types)[len(TYPES) :]
    assert {"end", "hello", "reason", "advice", "verify_code", "ja4", "duration"} <= set(ours)
    assert reader.types["verify_code"] == "count"
    assert reader.types["duration"] == "interval"


def test_every_value_comes_back() -> None:
    """Also the empty ones, and those that are not known."""
    record = refused(
        0.25,
        orig_h="2001:db8::7",
        version="TLSv13",
        cipher="TLS_AES_256_GCM_SHA384",
        curve="x25519",
        server_name="chat.example.org",
        last_alert="certificate_expired",
        next_protocol="securechat/1",
        ssl_history="CsorxyfXYF",
        cert_chain_fps=("ab" * 32, "cd" * 32),
        subject="CN=host,O=a\\,b",
        hello="00" * 32,
        verify_code=10,
        ja4="t13d1516h2_8daaf6152771_e5627efa2ab1",
        sigalgs=Schemes(host="ed25519"),
        duration_ms=4.125,
        count=3,
        keylog=True,
    )
    row = read_back(record)

    assert row == {
        "ts": BEGIN + 0.25,
        "uid": "Cbad",
        "id.orig_h": "2001:db8::7",
        "id.orig_p": 50_000,
        "id.resp_h": "127.0.0.1",
        "id.resp_p": 65_432,
        "version": "TLSv13",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "curve": "x25519",
        "server_name": "chat.example.org",
        "resumed": False,
        "last_alert": "certificate_expired",
        "next_protocol": "securechat/1",
        "established": False,
        "ssl_history": "CsorxyfXYF",
        "cert_chain_fps": ["ab" * 32, "cd" * 32],
        "client_cert_chain_fps": [],
        "subject": "CN=host,O=a\\,b",
        "issuer": None,
        "client_subject": "CN=alice",
        "client_issuer": None,
        "validation_status": None,
        "end": "host",
        "hello": "00" * 32,
        "name": None,
        "reason": "expired",
        "sentence": "the certificate of the client has expired",
        "advice": "make a new one",
        "text": "",
        "verify_code": 10,
        "ja4": "t13d1516h2_8daaf6152771_e5627efa2ab1",
        "sigalgs.host": "ed25519",
        "sigalgs.client": None,
        "duration": 0.004125,
        "keylog": True,
        "handshakes": 3,
    }


def test_a_time_is_seconds_since_1970_with_six_decimals() -> None:
    """As Zeek writes them, and an interval in the same way."""
    cells = zeek.line(good(0.062, duration_ms=4)).split("\t")

    assert cells[0] == "1795348800.062000"
    assert cells[list(Reader(log()).types).index("duration")] == "0.004000"


HOSTILE = [
    *("-", "(empty)", "", "--", "a\tb", "a\nb", "#close", "#", "a,b", "\\x41", "\\", "\\\\x09"),
    *("\x1b]0;x\x07", "\u202egnp.exe", "caf\u00e9", "\U0001f600", "\x00", "\x7f", "\ud800", " "),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_peer_wrote_is_a_value_and_nothing_else(text: str) -> None:
    """It neither ends a line nor a field, nor can it be taken for unset, empty or a header."""
    record = refused(client_subject=text, uid=text, cert_chain_fps=(text or "x", text or "y"))
    lines = log(record)

    assert len(lines) == 8 + 1 + 1
    assert all(line.isascii() and line.replace("\t", "").isprintable() for line in lines)
    row = read_back(record)
    assert row["client_subject"] == text
    assert row["uid"] == text
    assert row["cert_chain_fps"] == [text or "x", text or "y"]


@given(st.text(max_size=30), st.lists(st.text(min_size=1, max_size=10), max_size=4))
def test_every_text_and_every_list_comes_back(text: str, texts: list[str]) -> None:
    """Whatever Unicode holds."""
    row = read_back(good(subject=text, cert_chain_fps=tuple(texts)))

    assert row["subject"] == text
    assert row["cert_chain_fps"] == texts


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", None),
        ("/run/socket", None),
    ],
)
def test_an_address_is_one_to_zeek_too(written: str, read: str | None) -> None:
    """Without a zone, as IPv4 where it is; what is no address is unset."""
    assert read_back(good(orig_h=written))["id.orig_h"] == read


def test_a_record_of_an_unknown_time_has_none() -> None:
    """Rather than a wrong one."""
    record = read_back(HandshakeRecord(**{**as_fields(good()), "ts": "noon"}))
    assert record["ts"] is None


def as_fields(record: HandshakeRecord) -> dict[str, Any]:
    """Return a record's fields."""
    return {name: getattr(record, name) for name in record.__struct_fields__}


def test_a_journal_goes_through_the_file_into_the_log(tmp_path: Path) -> None:
    """From what was written to the disk to what a reader of the log has."""
    journal = Journal(tmp_path / ACCEPTED, tmp_path / REFUSED, Limits(), FakeClock())
    for at in range(5):
        journal.write((good, refused)[at % 2](at, uid=f"C{at}", client_subject=HOSTILE[at]))
    journal.close()

    reader = Reader(log(*read_records(tmp_path, newest_first=False)))

    assert [row["uid"] for row in reader.rows] == [f"C{at}" for at in range(5)]
    assert [row["ts"] for row in reader.rows] == [BEGIN + at for at in range(5)]
    assert [row["client_subject"] for row in reader.rows] == HOSTILE[:5]
