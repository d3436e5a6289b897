"""The options that say which handshakes are meant, and what they come to.

Shared by `handshakes` and `handshakes stats`. Only declares until it is asked, so help is quick.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from secure_chat.errors import UsageError

if TYPE_CHECKING:
    from secure_chat.handshakes.query import Query

__all__ = [
    "Address",
    "End",
    "Failed",
    "Peer",
    "Reasons",
    "Result",
    "Since",
    "Until",
    "query_of",
]


class _Result(StrEnum):
    OK = "ok"
    REFUSED = "refused"


class _End(StrEnum):
    HOST = "host"
    CLIENT = "client"


def _option(*names: str, text: str, word: str | None = None) -> Any:
    return typer.Option(*names, metavar=word, help=text, show_default=False)


Failed: TypeAlias = Annotated[bool, _option("--failed", text="The same as --result refused.")]
Result: TypeAlias = Annotated[_Result | None, _option("--result", text="Only these.")]
Reasons: TypeAlias = Annotated[
    list[str] | None,
    _option("--reason", word="WORD", text="Only with this reason; repeat it."),
]
Peer: TypeAlias = Annotated[
    str,
    _option("--peer", word="WHO", text="Only this name, address, fingerprint or uid."),
]
Address: TypeAlias = Annotated[
    str,
    _option("--address", word="ADDR", text="Only from there: 192.0.2.7[:PORT], 10.0.0.0/8."),
]
End: TypeAlias = Annotated[_End | None, _option("--end", text="Only as this end saw them.")]
Since: TypeAlias = Annotated[
    str, _option("--since", word="WHEN", text="Only from then on: 24h, 2026-11-22T12:00Z.")
]
Until: TypeAlias = Annotated[str, _option("--until", word="WHEN", text="Only before then.")]


def query_of(
    *,
    failed: bool,
    result: StrEnum | None,
    reasons: list[str] | None,
    peer: str,
    address: str,
    end: StrEnum | None,
    since: str,
    until: str,
) -> "Query":
    """Return what the options of a command ask for.

    Raises:
        UsageError: they contradict each other, or one of them cannot be read.
    """
    from secure_chat.handshakes.query import REFUSALS, Query

    if failed and result not in {None, _Result.REFUSED}:
        raise UsageError("--failed and --result ok exclude each other")
    place = None
    if address:
        from secure_chat.handshakes.place import place_of

        place = place_of(address)
    return Query(
        result=REFUSALS if failed else result or "",
        reasons=_known(reasons or []),
        peer=peer,
        place=place,
        end=end or "",
        since=_time_of(since),
        until=_time_of(until),
    )


def _known(reasons: list[str]) -> frozenset[str]:
    """Return the reasons, each of which is a word of the vocabulary."""
    if not reasons:
        return frozenset()
    from secure_chat.tls.vocabulary import Reason

    words = [reason.value for reason in Reason]
    for reason in reasons:
        if reason not in words:
            raise UsageError(f"{reason!r} is no reason", hint=f"Reasons are {', '.join(words)}.")
    return frozenset(reasons)


def _time_of(text: str) -> str:
    """Return the RFC 3339 time that an option means, "" when it is not given."""
    if not text:
        return ""
    from datetime import UTC

    from secure_chat.cli.moments import moment_of
    from secure_chat.clock import SystemClock, rfc3339

    # The table shows UTC, so that is what a time without a zone means.
    return rfc3339(moment_of(text, SystemClock().now(), UTC))
