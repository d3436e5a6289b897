"""Which handshakes are wanted, and finding them in journals without decoding all the others.

Reads on the caller's thread, changes nothing. What is found comes at once and in order, however
rare it is; `find` never holds more than a block of each file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from string import ascii_uppercase
from typing import TYPE_CHECKING, Final

from secure_chat.handshakes.journal import ACCEPTED, FILES, REFUSED, Window, lines_of
from secure_chat.handshakes.parts import OnRead, Part
from secure_chat.handshakes.record import HandshakeRecord, decode

if TYPE_CHECKING:
    # Loaded by whoever makes one; most queries have none.
    from secure_chat.handshakes.place import Place

__all__ = ["OK", "REFUSALS", "Query", "find", "newest", "peer_address"]

OK: Final = "ok"
REFUSALS: Final = "refused"

_RESULTS: Final = {ACCEPTED: OK, REFUSED: REFUSALS}
_LEAST_FINGERPRINT: Final = 6
_CAPITALS: Final = {ord(capital): capital.lower() for capital in ascii_uppercase}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records are wanted; all unless narrowed, and then those that fit all of it.

    Args:
        result: `OK` for those that were welcomed, `REFUSALS` for the others, "" for both.
        reasons: only those that ended for one of these reasons; none for all.
        peer: only those with this name, address, certificate fingerprint or uid; "" for all.
        place: only those whose other end was there; None for everywhere.
        end: only those that `host` or `client` wrote; "" for both.
        since: only those that began then or later, RFC 3339; "" for all.
        until: only those that began before then, RFC 3339; "" for all.
    """

    result: str = ""
    reasons: frozenset[str] = frozenset()
    peer: str = ""
    place: "Place | None" = None
    end: str = ""
    since: str = ""
    until: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """In which files of a journal such records can be: those of welcomed ones are apart."""
        results = {self.result} if self.result else {OK, REFUSALS}
        if self.reasons:
            results &= {OK if reason == OK else REFUSALS for reason in self.reasons}
        return tuple(name for name in FILES if _RESULTS[name] in results)

    def wants(self, record: HandshakeRecord) -> bool:
        """Tell whether a record is wanted."""
        return (
            self.has_time(record.ts)
            and (not self.result or record.established == (self.result == OK))
            and (not self.reasons or record.reason in self.reasons)
            and (not self.end or record.end == self.end)
            and (self.place is None or self.place.holds(*peer_address(record)))
            and (not self.peer or _is_peer(record, _small(self.peer)))
        )

    def has_time(self, time: str) -> bool:
        """Tell whether a record of a time may be wanted.

        Args:
            time: RFC 3339 in UTC, as records have it.
        """
        return self.since <= time and (not self.until or time < self.until)


def find(
    stood: Iterable[tuple[Part, ...]],
    query: Query,
    *,
    newest_first: bool = True,
    on_read: OnRead = lambda _size: None,
) -> Iterator[HandshakeRecord]:
    """Yield the records that a query wants, in the order of `journal.lines_of`.

    Args:
        stood: the files to look into, from `journal.standing` or a `Follower`.
        query: which ones.
        newest_first: from the newest to the oldest, or the other way round.
        on_read: told of bytes read or passed over; their sum grows to that of all files.

    Raises:
        OSError: a file cannot be read.
    """
    window = Window(query.since, query.until)
    may_want = _may_want(query)
    for time, line in lines_of(stood, window, newest_first=newest_first, on_read=on_read):
        if query.has_time(time) and may_want(line):
            record = decode(line)
            if record is not None and query.wants(record):
                yield record


def newest(
    stood: Iterable[tuple[Part, ...]],
    query: Query,
    limit: int | None,
    *,
    newest_first: bool = True,
    on_read: OnRead = lambda _size: None,
) -> Iterator[HandshakeRecord]:
    """Yield the newest records that a query wants, in either order.

    Args:
        stood: as for `find`.
        query: which ones.
        limit: at most so many; None for all.
        newest_first: their order. With a limit, the oldest can only be told when all are found.
        on_read: as for `find`.
    """
    if newest_first or limit is None:
        found = find(stood, query, newest_first=newest_first, on_read=on_read)
        return islice(found, limit)
    return reversed(list(islice(find(stood, query, on_read=on_read), limit)))


def peer_address(record: HandshakeRecord) -> tuple[str, int]:
    """Return address and port of the other end, as seen by the one that wrote the record."""
    if record.end == "host":
        return record.orig_h, record.orig_p
    return record.resp_h, record.resp_p


def _may_want(query: Query) -> Callable[[bytes], bool]:
    """Return what tells lines that cannot be wanted, far faster than decoding would.

    A value stands in a line as it is, if it is plain ASCII without what JSON writes differently;
    what stands between quotes with a colon cannot stand within a value.
    """
    tests = [test for test in (_may_be_peer(query.peer), _may_be_there(query)) if test]
    if query.reasons and all(map(_is_plain, query.reasons)):
        words = [f'"{reason}"'.encode() for reason in query.reasons]
        tests.append(lambda line: any(word in line for word in words))
    if query.end:
        other = b'"end":"host"' if query.end == "client" else b'"end":"client"'
        tests.append(lambda line: other not in line)
    if len(tests) == 1:
        return tests[0]
    return lambda line: all(test(line) for test in tests)


def _may_be_peer(peer: str) -> Callable[[bytes], bool] | None:
    host, colon, port = peer.rpartition(":")
    # An address and its port stand in two fields, but a colon may be part of the address too.
    part = host if colon and port.isdecimal() else peer
    letters = _small(part).encode()
    return (lambda line: letters in line.lower()) if part and _is_plain(part) else None


def _may_be_there(query: Query) -> Callable[[bytes], bool] | None:
    address = "" if query.place is None else query.place.plain
    digits = address.encode()
    return (lambda line: digits in line) if address else None


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(text) & {'"', "\\"}


def _is_peer(record: HandshakeRecord, wanted: str) -> bool:
    ends = ((record.orig_h, record.orig_p), (record.resp_h, record.resp_p))
    words = {record.name, _small(record.uid), record.orig_h, record.resp_h}
    words |= {f"{host}:{port}" for host, port in ends}
    subjects = (record.client_subject, record.subject)
    words |= {_common_name(subject) for subject in subjects if subject is not None}
    prints = record.client_cert_chain_fps + record.cert_chain_fps
    known = len(wanted) >= _LEAST_FINGERPRINT and any(f.startswith(wanted) for f in prints)
    return wanted in words or known


def _common_name(subject: str) -> str:
    """Return the first common name of a subject in small letters, "" when it has none."""
    return _small(subject).partition("cn=")[2].partition(",")[0]


def _small(text: str) -> str:
    """Return a text with small letters for A to Z, as `bytes.lower` has them, and no others."""
    return text.translate(_CAPITALS)
