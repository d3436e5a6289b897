"""The messages of one handshake in order, as an arrow each, and where and how it ended.

Pure. From two joined records it knows when each message left and when it was read, and which were
sent and never read. The record must have been made printable before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from secure_chat.handshakes.pairing import Pair
from secure_chat.handshakes.record import HandshakeRecord, MessageSeen
from secure_chat.handshakes.telling.particulars import is_unheard
from secure_chat.limits import Limits

__all__ = ["Arrow", "Ending", "How", "Sequence", "sequence"]

_MOST: Final = Limits().messages_recorded
_CHANGE_CIPHER: Final = "ChangeCipherSpec"
_ALERT: Final = "Alert:"
_FAREWELL: Final = "Alert: close_notify"
_EMPTY_CERTIFICATE: Final = 8
"""A Certificate of TLS 1.3 with an empty list: header, context, length."""

_GLOSSES: Final = {
    "ClientHello": "what the client offers",
    "HelloRetryRequest": "asks for another key",
    "ServerHello": "what the host chooses",
    "EncryptedExtensions": "the rest of its choice",
    "CertificateRequest": "asks who the client is",
    "Certificate": "who it says it is",
    "CertificateVerify": "proof of its key",
    "Finished": "seal on all that was said",
    "NewSessionTicket": "a shortcut for later",
    "ChangeCipherSpec": "without meaning today",
    "KeyUpdate": "new keys",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One message.

    Args:
        by_client: whether the client sent it.
        name: what it is called.
        size: its bytes before encryption; None for one that is no message of TLS.
        client_us: when the client sent or read it, microseconds since its connection began.
        host_us: the same for the host.
        lost: whether it is known that the other end did not read it.
        secret: whether it travels encrypted.
        alert: whether it is an alert.
        gloss: what it is for, in a few words.
    """

    by_client: bool
    name: str
    size: int | None = None
    client_us: int | None = None
    host_us: int | None = None
    lost: bool = False
    secret: bool = False
    alert: bool = False
    gloss: str = ""


class How(StrEnum):
    """How a handshake ended."""

    WELCOME = "accepted"
    REFUSED = "refused"
    GIVEN_UP = "given up"
    CUT = "cut off"
    NO_TLS = "no TLS"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ending:
    """Where it stopped.

    Args:
        how: in one word or two.
        text: what happened, a sentence without a full stop.
        duration_ms: after how long.
    """

    how: How
    text: str
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Sequence:
    """One handshake from its first message to its end.

    Args:
        arrows: in order.
        ending: how it ended.
        note: what is to be known about the list of messages, "" for nothing.
    """

    arrows: tuple[Arrow, ...]
    ending: Ending
    note: str


def sequence(pair: Pair) -> Sequence:
    """Return the messages of a handshake.

    Args:
        pair: printable.
    """
    if pair.host is not None and pair.client is not None:
        arrows = _merged(_arrows(pair.client), _arrows(pair.host))
    else:
        arrows = _arrows(pair.main)
    arrows = _with_refusal(pair, list(_secret(arrows, pair.main.version)))
    return Sequence(tuple(arrows), _ending(pair.main), _note(pair.records))


def _note(records: tuple[HandshakeRecord, ...]) -> str:
    numbers = [len(record.messages) for record in records]
    if max(numbers) == 0:
        return "no message of TLS was recorded"
    if max(numbers) >= _MOST:
        return f"only the first {_MOST} messages are recorded"
    return ""


def _arrows(record: HandshakeRecord) -> list[Arrow]:
    at_client = record.end == "client"
    return [
        replace(_arrow(message, at_client), lost=is_unheard(record, message))
        for message in record.messages
    ]


def _arrow(message: MessageSeen, at_client: bool) -> Arrow:  # noqa: FBT001 # the end, not a switch
    gloss = _GLOSSES.get(message.type, "")
    if message.type == "Certificate" and message.bytes <= _EMPTY_CERTIFICATE:
        gloss = "an empty list"
    return Arrow(
        by_client=at_client == (message.direction == "sent"),
        name=message.type.replace(_ALERT, "Alert: "),
        size=message.bytes,
        client_us=message.at_us if at_client else None,
        host_us=None if at_client else message.at_us,
        alert=message.type.startswith(_ALERT),
        gloss=gloss,
    )


def _merged(client: list[Arrow], host: list[Arrow]) -> list[Arrow]:
    """Return the messages of both ends as one list.

    The n-th message of a direction at one end is the n-th at the other, as the line keeps their
    order; what is left over at its sender was never read.
    """
    twins = _twins(client, host)
    places = {id(arrow): place for place, arrow in enumerate(host)}
    found: list[Arrow] = []
    told = 0
    for one in client:
        mate = twins.get(id(one))
        if mate is None:
            found.append(_unread(one) if one.by_client else one)
            continue
        # What the host alone knows stands where the host had it. Messages may cross on the way.
        place = places[id(mate)]
        found += _of_one(host[told:place], twins)
        told = max(told, place + 1)
        found.append(replace(one, host_us=mate.host_us))
    return found + _of_one(host[told:], twins)


def _of_one(host: list[Arrow], twins: dict[int, Arrow]) -> list[Arrow]:
    """Return what the host alone has recorded."""
    alone = [arrow for arrow in host if id(arrow) not in twins]
    return [arrow if arrow.by_client else _unread(arrow) for arrow in alone]


def _twins(client: list[Arrow], host: list[Arrow]) -> dict[int, Arrow]:
    """Return what belongs together, from either to the other, by identity."""
    found: dict[int, Arrow] = {}
    for by_client in (True, False):
        ours = [a for a in client if a.by_client == by_client and a.name != _CHANGE_CIPHER]
        theirs = [a for a in host if a.by_client == by_client and a.name != _CHANGE_CIPHER]
        for one, two in zip(ours, theirs, strict=False):
            if one.name != two.name:
                break
            found[id(one)], found[id(two)] = two, one
    return found


def _unread(arrow: Arrow) -> Arrow:
    """Return a message that its reader did not report; OpenSSL never reports one kind."""
    return replace(arrow, lost=arrow.name != _CHANGE_CIPHER)


def _secret(arrows: list[Arrow], version: str | None) -> Iterator[Arrow]:
    """Yield the arrows; under TLS 1.3 what stands behind ServerHello travels encrypted."""
    begun = False
    for arrow in arrows:
        secret = begun and version == "TLSv13" and arrow.name != _CHANGE_CIPHER
        yield replace(arrow, secret=secret)
        begun = begun or arrow.name == "ServerHello"


def _with_refusal(pair: Pair, arrows: list[Arrow]) -> list[Arrow]:
    """Return the arrows with the host's refusal behind the handshake, which is no message of TLS.

    The client's Finished is then the last message but for the host's farewell.
    """
    host = pair.host
    end = len(arrows)
    while end and arrows[end - 1].name == _FAREWELL:
        end -= 1
    last = arrows[end - 1] if end else None
    if last is None or not (last.by_client and last.name == "Finished"):
        return arrows
    if _ending(pair.main).how is not How.REFUSED:
        return arrows
    # The client's record ends behind the farewell, so when it read this is not known then.
    client = pair.client if end == len(arrows) else None
    refusal = Arrow(
        by_client=False,
        name=f"Close: {pair.main.reason}",
        client_us=round(client.duration_ms * 1_000) if client is not None else None,
        host_us=round(host.duration_ms * 1_000) if host is not None else None,
        secret=True,
        gloss="a frame behind TLS",
    )
    return [*arrows[:end], refusal, *arrows[end:]]


_HOW: Final = {
    "silent": How.GIVEN_UP,
    "stalled": How.GIVEN_UP,
    "dropped": How.GIVEN_UP,
    "closed": How.CUT,
    "plaintext": How.NO_TLS,
    "garbage": How.NO_TLS,
    "other": How.FAILED,
    "malformed": How.FAILED,
    "protocol": How.FAILED,
}


def _ending(record: HandshakeRecord) -> Ending:
    how = How.WELCOME if record.established else _HOW.get(record.reason, How.REFUSED)
    return Ending(how, record.sentence or record.reason, record.duration_ms)
