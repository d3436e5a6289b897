"""The certificates of a handshake in words: who, by whom, until when, for what, with what result.

Pure. The record must have been made printable before: what stands in a certificate is its owner's
word, a refused stranger's too.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from secure_chat.handshakes.record import CertificateSeen, End, HandshakeRecord, other, seconds
from secure_chat.handshakes.telling.explaining import owner_of, refused_here
from secure_chat.handshakes.telling.particulars import bytes_words, moment, span_words

__all__ = ["Sheet", "sheets"]

_PURPOSES: Final = {
    "serverAuth": "to be a host (serverAuth)",
    "clientAuth": "to be a client (clientAuth)",
    "anyExtendedKeyUsage": "for anything (anyExtendedKeyUsage)",
}

# Refusals that are about the certificate itself; a good one can be refused for other reasons.
_JUDGED: Final = frozenset(
    {
        "unknown-ca",
        "expired",
        "not-yet-valid",
        "revoked",
        "wrong-purpose",
        "bad-certificate",
        "strict",
        "name-mismatch",
        "ip-mismatch",
        "profile",
        "not-registered",
    }
)


class Sheet(NamedTuple):
    """One certificate in words.

    Args:
        title: whose it is.
        lines: what stands in it, each with what it is about.
        own: whether it is the end's own; else one that was sent along to lead to its issuer.
        verdict: what the other end made of it, "" for nothing.
        good: whether that was good.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    own: bool
    verdict: str = ""
    good: bool = True


def sheets(record: HandshakeRecord) -> tuple[Sheet, ...]:
    """Return the certificates that both ends showed, the host's first, each end's own first.

    Args:
        record: printable.
    """
    prints, claims = record.cert_chain_fps, (record.subject, record.issuer)
    host = record.host_chain or _bare(prints, claims)
    prints, claims = record.client_cert_chain_fps, (record.client_subject, record.client_issuer)
    client = record.client_chain or _bare(prints, claims)
    return (*_chain(record, "host", host), *_chain(record, "client", client))


def _bare(
    prints: Iterable[str], claims: tuple[str | None, str | None]
) -> tuple[CertificateSeen, ...]:
    """Return what an older version recorded of a chain: fingerprints, and the first one's names."""
    names = [claims]
    return tuple(
        CertificateSeen(fingerprint=fingerprint, size=0, subject=subject, issuer=issuer)
        for fingerprint in prints
        for subject, issuer in [names.pop() if names else (None, None)]
    )


def _chain(
    record: HandshakeRecord, end: End, chain: tuple[CertificateSeen, ...]
) -> Iterator[Sheet]:
    for place, seen in enumerate(chain):
        verdict, good = _verdict(record, end) if place == 0 else ("", True)
        title = f"the {end}'s certificate" if place == 0 else f"sent along by the {end}"
        yield Sheet(title, tuple(_in_words(seen, record.ts)), place == 0, verdict, good)


def _verdict(record: HandshakeRecord, end: End) -> tuple[str, bool]:
    """Return what the other end made of this end's certificate, and whether that was good."""
    judge = other(end)
    if record.reason == "introduced":
        # The client looked at the authorities only, and trusted nobody yet.
        return "", True
    if record.established:
        return f"accepted by the {judge}", True
    if owner_of(record) != end or record.reason not in _JUDGED:
        return "", True
    if record.verify_code is not None and refused_here(record):
        return f"refused by the {judge}: {record.text} (verify code {record.verify_code})", False
    return f"refused by the {judge}: {record.reason}", False


def _in_words(seen: CertificateSeen, ts: str) -> Iterator[tuple[str, str]]:
    """Yield what stands in a certificate; what could not be read is left out."""
    if seen.subject is not None:
        yield "who", seen.subject or "nobody: the subject is empty"
    if seen.issuer is not None:
        yield "issued by", "itself" if seen.issuer == seen.subject else seen.issuer
    if seen.not_before is not None or seen.not_after is not None:
        yield "holds", f"from {moment(seen.not_before)} until {moment(seen.not_after)}"
        yield "at that time", _at_that_time(seen, ts)
    yield from _made_for(seen)
    if seen.names:
        yield "names", ", ".join(seen.names)
    if seen.key is not None:
        yield "key", f"{seen.key}, signed with {seen.signature or 'something unreadable'}"
    if seen.serial is not None:
        yield "serial", seen.serial
    if seen.size:
        yield "size", bytes_words(seen.size)
    yield "SHA-256", seen.fingerprint


def _at_that_time(seen: CertificateSeen, ts: str) -> str:
    """Return how the certificate's time relates to the handshake's."""
    at, begin, end = seconds(ts), seconds(seen.not_before or ""), seconds(seen.not_after or "")
    if at is None or begin is None or end is None:
        return "unknown"
    if end < at:
        return f"over for {span_words(at - end)}"
    if begin > at:
        return f"not begun, {span_words(begin - at)} too early"
    return f"{span_words(end - at)} left"


def _made_for(seen: CertificateSeen) -> Iterator[tuple[str, str]]:
    words = [_PURPOSES.get(purpose, purpose) for purpose in seen.purposes]
    if seen.authority:
        words.insert(0, "to issue certificates")
    if words:
        yield "made", ", ".join(words)
    if seen.usages:
        yield "its key", ", ".join(seen.usages)
