"""One handshake as one row of a table that fits its terminal, 80 columns at least.

Pure. Subjects, names and addresses are strangers' text and pass `client.text`. A cell that is too
long for its column takes room that its neighbours do not need; only then is it cut.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

from secure_chat.client.text import printable
from secure_chat.handshakes.query import peer_address
from secure_chat.handshakes.record import HandshakeRecord

__all__ = ["LEAST_COLUMNS", "Table"]

LEAST_COLUMNS: Final = 80

# TLS 1.3's own suites by what tells them apart; the hash belongs to the cipher.
_CIPHERS: Final = {
    "TLS_AES_256_GCM_SHA384": "AES256-GCM",
    "TLS_AES_128_GCM_SHA256": "AES128-GCM",
    "TLS_CHACHA20_POLY1305_SHA256": "CHACHA20",
    "TLS_AES_128_CCM_SHA256": "AES128-CCM",
    "TLS_AES_128_CCM_8_SHA256": "AES128-CCM8",
}
_GROUPS: Final = {
    "x25519": "X25519",
    "x448": "X448",
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
}
_VERSIONS: Final = {"TLSv13": "1.3", "TLSv12": "1.2", "TLSv11": "1.1", "TLSv10": "1.0"}
_WHOLE_MS: Final = 100


class _Column(NamedTuple):
    """A column of the table.

    Args:
        head: what stands above it.
        width: in an ordinary terminal, 0 where it is left out.
        wide: in a wide one.
    """

    head: str
    width: int
    wide: int


_COLUMNS: Final = (
    _Column("TIME (UTC)", 11, 19),
    _Column("END", 0, 6),
    _Column("WHO", 9, 16),
    _Column("PEER", 15, 21),
    _Column("RESULT", 15, 20),
    _Column("TLS", 3, 3),
    _Column("CIPHER", 10, 10),
    _Column("GROUP", 6, 14),
    _Column("MS", 4, 6),
)
# What is cut first when a row is too long, and to how much, 0 for its column: whoever needs all of
# it has --json. How it ended comes late; the rest is longer than its column in no record of ours.
_CUTS: Final = (
    ("WHO", 0),
    ("PEER", 0),
    ("WHO", 6),
    ("PEER", 9),
    ("CIPHER", 0),
    ("GROUP", 0),
    ("RESULT", 0),
    *((head, 0) for head in ("TIME (UTC)", "END", "TLS", "MS")),
)
_WIDE_COLUMNS: Final = sum(column.wide + 1 for column in _COLUMNS) - 1


class Table:
    """Rows for one terminal.

    Args:
        columns: how wide it is; taken for `LEAST_COLUMNS` when it is narrower.
        today: the date of now in UTC, as in RFC 3339; in an ordinary terminal records of today
            show the time with seconds and others the date.
    """

    def __init__(self, columns: int, today: str) -> None:
        self._room = max(columns, LEAST_COLUMNS)
        self._today = today
        self._wide = self._room >= _WIDE_COLUMNS
        widths = {c.head: c.wide if self._wide else c.width for c in _COLUMNS}
        self._widths = {head: width for head, width in widths.items() if width}
        self._widths["WHO"] += self._room - sum(w + 1 for w in self._widths.values()) + 1

    @property
    def head(self) -> str:
        """The row above all others."""
        return self._row({head: head for head in self._widths})

    def row(self, record: HandshakeRecord) -> str:
        """Return a handshake as one line without colour."""
        day, _, clock = record.ts.partition("T")
        host, port = peer_address(record)
        if self._wide:
            time = f"{day} {clock[:8]}"
            peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        else:
            time = clock[:8] if day == self._today else f"{day[5:]} {clock[:5]}"
            peer = host if record.end == "host" else f">{host}"
        cells = {
            "TIME (UTC)": time,
            "END": record.end,
            "WHO": _who(record),
            "PEER": peer,
            "RESULT": record.reason,
            "TLS": _VERSIONS.get(record.version or "", record.version or "-"),
            "CIPHER": _cipher(record.cipher),
            "GROUP": _GROUPS.get(record.curve or "", record.curve or "-"),
            "MS": _milliseconds(record.duration_ms),
        }
        return self._row({head: printable(cells[head]) for head in self._widths})

    def _row(self, cells: dict[str, str]) -> str:
        spare = self._room - sum(_width(cell) + 1 for cell in cells.values()) + 1
        for head, least in _CUTS:
            if spare < 0 and head in cells:
                before = _width(cells[head])
                cells[head] = _cut(cells[head], max(least or self._widths[head], before + spare))
                spare += before - _width(cells[head])
        return _placed(list(cells.values()), list(self._widths.values()), self._room)


def _placed(cells: Sequence[str], widths: Sequence[int], room: int) -> str:
    """Return cells that fit, each where its column begins, or as near as the others allow."""
    begins = []
    latest = room + 1
    column = room + 1
    for cell, width in zip(reversed(cells), reversed(widths), strict=True):
        latest -= _width(cell) + 1
        column -= width + 1
        begins.append(min(latest, column))
    # The last column holds numbers, which end below each other.
    begins[0] = room - _width(cells[-1])
    line = ""
    for cell, begin in zip(cells, reversed(begins), strict=True):
        line += " " * max(begin - _width(line), 1 if line else 0) + cell
    return line


def _who(record: HandshakeRecord) -> str:
    """Return the proven name, or in its subject's own form what a refused one claims to be."""
    if record.count > 1:
        return f"{record.count} of them"
    return record.name or record.client_subject or "-"


def _cipher(name: str | None) -> str:
    return "-" if name is None else _CIPHERS.get(name, name.removeprefix("TLS_"))


def _milliseconds(value: float) -> str:
    return f"{value:.1f}" if value < _WHOLE_MS else f"{value:.0f}"


def _cut(text: str, width: int) -> str:
    """Return a text in so many columns; one that is cut ends in two dots."""
    if _width(text) <= width:
        return text
    while _width(text) > width - 2:
        text = text[:-1]
    return text + ".."


def _width(text: str) -> int:
    """Return how many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1
