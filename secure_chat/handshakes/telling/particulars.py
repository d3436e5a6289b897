"""What one record knows about the reason it gives: dates, names, codes, alerts, in sentences.

Pure. The sentences may hold a peer's text, so the record must have been made printable before.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from secure_chat.handshakes.record import (
    CertificateSeen,
    End,
    HandshakeRecord,
    MessageSeen,
    other,
    seconds,
)
from secure_chat.handshakes.telling.about_alerts import ALERTS

__all__ = [
    "alert_sender",
    "bytes_words",
    "ending_alert",
    "is_unheard",
    "moment",
    "particulars",
    "span_words",
    "version_words",
    "words",
]

_DATED: Final = frozenset({"expired", "not-yet-valid", "bad-certificate"})
_NAMED: Final = frozenset({"name-mismatch", "ip-mismatch"})
_ISSUED: Final = frozenset({"unknown-ca", "profile", "not-registered", "strict"})
_OFFERED: Final = frozenset({"old-tls", "no-common-settings", "no-alpn"})
_BROKEN_OFF: Final = frozenset({"silent", "stalled", "closed"})
_SHOWN: Final = 6

_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_ALERT: Final = "Alert:"
_VERSIONS: Final = {f"TLSv1{minor}": f"TLS 1.{minor}" for minor in range(4)}


def particulars(record: HandshakeRecord, owner: End) -> tuple[str, ...]:
    """Return what the record knows beyond the reason, the most telling first.

    Args:
        record: printable.
        owner: the end that the reason is about.
    """
    chain = record.client_chain if owner == "client" else record.host_chain
    found: list[str] = []
    if record.reason in _DATED:
        found += _dates(record, chain)
    if record.reason in _NAMED:
        found += _names(record)
    if record.reason == "wrong-purpose":
        found += [f"It is made for {_listed(leaf.purposes, 'no purpose')}." for leaf in chain[:1]]
    if record.reason in _ISSUED:
        found += _issuer(record, chain)
    if record.reason in _OFFERED:
        found += _offer(record)
    if record.reason == "plaintext":
        found += _first_bytes(record.text)
    if record.reason in _BROKEN_OFF:
        found += _standstill(record)
    if record.count > 1:
        found.append(f"This record stands for {record.count:,} handshakes of one second.")
    return tuple(found)


def words(record: HandshakeRecord) -> tuple[str, ...]:
    """Return what OpenSSL or the host said, and the alert that ended it.

    Args:
        record: printable.
    """
    return (*_words(record), *_alert(record))


def ending_alert(record: HandshakeRecord) -> str | None:
    """Return the alert that says why, None where it is only a farewell behind another word."""
    farewell = record.last_alert == "close_notify" and record.reason != "closed"
    return None if farewell else record.last_alert


def alert_sender(record: HandshakeRecord) -> End | None:
    """Return which end sent the alert that ended a handshake, None when there is none to see."""
    end: End = "client" if record.end == "client" else "host"
    for message in reversed(record.messages):
        if message.type == f"{_ALERT}{record.last_alert}":
            return end if message.direction == "sent" else other(end)
    return None


def bytes_words(size: int) -> str:
    """Return a number of bytes in words."""
    return "1 byte" if size == 1 else f"{size:,} bytes"


def is_unheard(record: HandshakeRecord, message: MessageSeen) -> bool:
    """Tell whether a message was sent into a line that was cut already, as OpenSSL does then."""
    cut = record.reason == "closed" and message.direction == "sent"
    return cut and message.type == f"{_ALERT}decode_error"


def span_words(span: float) -> str:
    """Return a span of time in words, in its largest unit.

    Args:
        span: seconds.
    """
    for name, size in _UNITS:
        if span >= size:
            number = int(span // size)
            return f"{number:,} {name}{'' if number == 1 else 's'}"
    return "less than a second"


def moment(text: str | None) -> str:
    """Return an RFC 3339 time as people write it, to the second.

    Args:
        text: in UTC; None when it could not be read.
    """
    if text is None:
        return "an unreadable time"
    day, _, clock = text.partition("T")
    return f"{day} {clock[:8]} UTC"


def version_words(version: str) -> str:
    """Return a version of TLS as people write it: `TLS 1.3` for `TLSv13`."""
    return _VERSIONS.get(version, version)


def _dates(record: HandshakeRecord, chain: Iterable[CertificateSeen]) -> Iterator[str]:
    at = seconds(record.ts)
    for seen in chain:
        begin, end = seconds(seen.not_before or ""), seconds(seen.not_after or "")
        whose = f"The time of {seen.subject or 'a certificate in the chain'}"
        if at is not None and end is not None and end < at:
            yield f"{whose} ended on {moment(seen.not_after)}, {span_words(at - end)} before."
        if at is not None and begin is not None and begin > at:
            yield f"{whose} begins on {moment(seen.not_before)}, {span_words(begin - at)} later."


def _names(record: HandshakeRecord) -> Iterator[str]:
    if record.server_name is not None:
        yield f"The client dialled {record.server_name}."
    for leaf in record.host_chain[:1]:
        yield f"The certificate is made for {_listed(leaf.names, 'no name at all')}."


def _issuer(record: HandshakeRecord, chain: tuple[CertificateSeen, ...]) -> Iterator[str]:
    for leaf in chain[:1]:
        issuer = "itself" if leaf.issuer == leaf.subject else leaf.issuer or "nobody readable"
        yield f"The certificate is of {leaf.subject or 'nobody readable'}, issued by {issuer}."
    if record.chosen is not None and record.chosen.authorities:
        yield f"The host asked for one issued by {_listed(record.chosen.authorities, '')}."


def _offer(record: HandshakeRecord) -> Iterator[str]:
    if record.offered is None:
        return
    if record.reason == "old-tls":
        versions = tuple(map(version_words, record.offered.versions))
        yield f"The client offered {_listed(versions, 'no version')}."
    elif record.reason == "no-alpn":
        yield f"The client offered {_listed(record.offered.alpn, 'no protocol')}."
    else:
        yield f"The client offered the ciphers {_listed(record.offered.ciphers, 'none')}."
        yield f"The client offered the groups {_listed(record.offered.groups, 'none')}."


def _standstill(record: HandshakeRecord) -> Iterator[str]:
    took = span_words(record.duration_ms / 1_000)
    heard = [message for message in record.messages if not is_unheard(record, message)]
    if heard:
        last = heard[-1]
        yield f"The last message was {last.type}, {last.direction} by the {record.end}."
        yield f"It lasted {took} in all."
    else:
        yield f"Not one whole message of TLS had come; it lasted {took} in all."


def _first_bytes(text: str) -> Iterator[str]:
    """Yield the letters that stand in hex at the end of a record's text."""
    hexadecimal = text.rpartition(" ")[2]
    with suppress(ValueError):
        letters = bytes.fromhex(hexadecimal).decode("ascii", "replace")
        shown = "".join(one if one.isascii() and one.isprintable() else "." for one in letters)
        yield f'It began with "{shown}".'


def _words(record: HandshakeRecord) -> Iterator[str]:
    """Yield the words beside the reason: OpenSSL's, the host's, or our own."""
    if not record.text:
        return
    said = record.text.removesuffix(".")
    if record.verify_code is not None:
        yield f"OpenSSL says: {said} (verify code {record.verify_code})."
    elif said.startswith("[SSL") or (said.isupper() and said.replace("_", "").isalnum()):
        yield f"OpenSSL says: {said}."
    else:
        yield f"The record says: {said}."


def _alert(record: HandshakeRecord) -> Iterator[str]:
    name = ending_alert(record)
    if name is None:
        return
    number = f" ({ALERTS[name].number})" if name in ALERTS else ""
    sender = alert_sender(record)
    who = "The" if sender is None else f"The {sender} sent the"
    ended = " ended it." if sender is None else "."
    yield f"{who} alert {name}{number}{ended}"


def _listed(names: Iterable[str], nothing: str) -> str:
    names = tuple(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else nothing
