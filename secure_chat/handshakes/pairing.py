"""Two records of one handshake brought together: what the host saw and what the client saw.

Pure. A client chooses its hello, so the same hello proves nothing: two records are joined only when
both ends saw the same certificates, and otherwise stand beside each other with the reason why. It
must never guess: what fits twice is joined with neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from secure_chat.handshakes.record import End, HandshakeRecord, seconds

__all__ = ["Difference", "Pair", "differences", "pairs", "why_apart"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the two records of one handshake do not say the same.

    Args:
        field: the record's name for it.
        host: what the host recorded, "-" for nothing.
        client: what the client recorded, "-" for nothing.
        note: what to make of it, a sentence without a full stop.
    """

    field: str
    host: str
    client: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One handshake by the records that are at hand: one end's, or both ends'.

    Args:
        host: the host's.
        client: the client's.
        apart: why there is only one although a record of the other end has the same hello.
    """

    host: HandshakeRecord | None = None
    client: HandshakeRecord | None = None
    apart: str = ""

    @property
    def records(self) -> tuple[HandshakeRecord, ...]:
        """Those at hand, the host's first."""
        return tuple(record for record in (self.host, self.client) if record is not None)

    @property
    def joined(self) -> bool:
        """Whether both are at hand."""
        return self.host is not None and self.client is not None

    def of(self, end: End) -> HandshakeRecord | None:
        """Return the record of one end."""
        return self.host if end == "host" else self.client

    @property
    def main(self) -> HandshakeRecord:
        """The record that knows most about how it ended: of the end that said no, if at hand."""
        if self.host is None or self.client is None:
            return self.records[0]
        judged = [record for record in self.records if record.verify_code is not None]
        # Without a judged certificate, the host's words are the cause and the client's their echo.
        return judged[0] if judged else self.host

    def differences(self) -> tuple[Difference, ...]:
        """Return where the two ends do not say the same; nothing when one is alone."""
        if self.host is None or self.client is None:
            return ()
        return differences(self.host, self.client)


def pairs(records: Iterable[HandshakeRecord]) -> list[Pair]:
    """Return the handshakes that some records are about, in the order of their first record.

    Args:
        records: of either end; those of one handshake have the same hello.
    """
    records = list(records)
    mates = {record.uid: _mate(record, records) for record in records}
    found: list[Pair] = []
    done: set[str] = set()
    for record in records:
        if record.uid in done:
            continue
        mate, apart = mates[record.uid]
        done |= {record.uid} | ({mate.uid} if mate else set())
        ends = [record] if mate is None else [record, mate]
        host = next((one for one in ends if one.end == "host"), None)
        client = next((one for one in ends if one.end != "host"), None)
        found.append(Pair(host=host, client=client, apart=apart))
    return found


def _mate(
    record: HandshakeRecord, records: list[HandshakeRecord]
) -> tuple[HandshakeRecord | None, str]:
    """Return the record of the other end, or why there is none although one has the same hello."""
    if record.hello is None:
        return None, ""
    same = [one for one in records if one.hello == record.hello]
    candidates = [one for one in same if one.end != record.end]
    fitting = [one for one in candidates if not _why(record, one)]
    rivals = [
        one for one in same if one.end == record.end and any(not _why(one, fit) for fit in fitting)
    ]
    if len(fitting) == 1 and len(rivals) == 1:
        return fitting[0], ""
    if fitting:
        return None, "more than one record fits, and a hello can be sent twice"
    if candidates:
        return None, _why(record, candidates[0])
    return None, ""


def _why(one: HandshakeRecord, another: HandshakeRecord) -> str:
    host, client = (one, another) if one.end == "host" else (another, one)
    return why_apart(host, client)


def why_apart(host: HandshakeRecord, client: HandshakeRecord) -> str:
    """Return why two records with the same hello are not joined, "" when they are.

    Args:
        host: what a host recorded.
        client: what a client recorded.
    """
    ours, theirs = _shown(host), _shown(client)
    if ours == theirs == ((), ()):
        return "neither end saw a certificate, and the hello alone proves nothing"
    for whose, one, two in zip(("host", "client"), ours, theirs, strict=True):
        if one and two and one != two:
            return f"the two ends did not see the same certificate of the {whose}"
        if one != two:
            blind = "client" if one else "host"
            return f"the {blind} saw no certificate of the {whose}, and the other end did"
    if client.established and not host.established:
        return "the host refused what the client was welcomed to"
    return ""


def _shown(record: HandshakeRecord) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return record.cert_chain_fps, record.client_cert_chain_fps


_AGREED: Final = "the two must agree on it, so one record is wrong or cut short"
_SAME_HELLO: Final = "both read the same ClientHello, so something changed it on the way"

# Each with what a difference means; the certificates are equal, or the records were not joined.
_COMPARED: Final = {
    "established": "the host let the client in, and the client never read its welcome",
    "reason": "an alert says less than the end that refused knows",
    "last_alert": "an alert that is sent need not arrive",
    "verify_code": "only the end that looks at a certificate knows OpenSSL's code",
    "version": _AGREED,
    "cipher": _AGREED,
    "curve": _AGREED,
    "next_protocol": _AGREED,
    "ja4": _SAME_HELLO,
    "offered": _SAME_HELLO,
    "sigalgs": "host's, client's; one end did not read how the other signed",
    "server_name": "the host knows only what the ClientHello names",
    "name": "only one of the two knows who was let in",
    "keylog": "the keys were written to a file at one end only",
}


def differences(host: HandshakeRecord, client: HandshakeRecord) -> tuple[Difference, ...]:
    """Return where the two records of one handshake do not say the same.

    Args:
        host: the host's.
        client: the client's.
    """
    found = [
        Difference(field, _said(host, field), _said(client, field), note)
        for field, note in _COMPARED.items()
        if _differ(host, client, field)
    ]
    return (*found, *_addresses(host, client), *_messages(host, client), *_times(host, client))


def _differ(host: HandshakeRecord, client: HandshakeRecord, field: str) -> bool:
    one, two = getattr(host, field), getattr(client, field)
    if field == "offered" and None in {one, two}:
        # An older version did not record it.
        return False
    if field == "last_alert" and {one, two} == {None, _FAREWELL}:
        # Behind a refusal in words; the host's record is written before.
        return False
    if field == "server_name" and one is None and _is_address(two):
        # Whoever dials an address names nobody (RFC 6066 section 3).
        return False
    return bool(one != two)


def _is_address(text: str | None) -> bool:
    try:
        ip_address(text or "")
    except ValueError:
        return False
    return True


def _said(record: HandshakeRecord, field: str) -> str:
    value = getattr(record, field)
    if field == "sigalgs":
        return f"{value.host or '-'}, {value.client or '-'}"
    if field == "offered":
        return f"{len(value.ciphers)} ciphers, {len(value.extensions)} extensions"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else str(value)


def _addresses(host: HandshakeRecord, client: HandshakeRecord) -> list[Difference]:
    """Compare the two addresses of the connection."""
    note = "something between the two rewrites addresses"
    sides = {
        "id.orig": [f"{one.orig_h}:{one.orig_p}" for one in (host, client)],
        "id.resp": [f"{one.resp_h}:{one.resp_p}" for one in (host, client)],
    }
    return [Difference(side, one, two, note) for side, (one, two) in sides.items() if one != two]


def _messages(host: HandshakeRecord, client: HandshakeRecord) -> list[Difference]:
    """Compare which messages passed; OpenSSL does not report the compatibility ones it reads."""
    one, two = _history(host), _history(client)
    if not one or not two or one == two:
        return []
    note = "the diagram shows which were sent and not read"
    return [Difference("ssl_history", host.ssl_history, client.ssl_history, note)]


def _history(record: HandshakeRecord) -> str:
    history = record.ssl_history.translate(_NO_CCS)
    return history.rstrip("lL") if record.last_alert == _FAREWELL else history


def _times(host: HandshakeRecord, client: HandshakeRecord) -> list[Difference]:
    """Compare when and how long, where it says something; small differences are the way's."""
    found = []
    one, two = seconds(host.ts), seconds(client.ts)
    if one is not None and two is not None and abs(one - two) >= _SECONDS:
        note = f"{abs(one - two):,.1f} s apart: their clocks, or a slow way between the two"
        found.append(Difference("ts", host.ts, client.ts, note))
    if abs(host.duration_ms - client.duration_ms) >= _SECONDS * 1_000:
        lengths = f"{host.duration_ms:,.1f}", f"{client.duration_ms:,.1f}"
        found.append(Difference("duration_ms", *lengths, "one end waited longer for the other"))
    return found


# From here on a difference in time is worth a word.
_SECONDS: Final = 1.0
_FAREWELL: Final = "close_notify"
_NO_CCS: Final = str.maketrans("", "", "iI")
