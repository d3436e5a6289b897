"""Validity, and the clock it is judged by.

Pure checks. A clock that is wrong makes good certificates look expired or early, so both stand
here: what was written here before must not lie in the future.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from secure_chat.clock import rfc3339
from secure_chat.doctor.findings import Area, Finding, settled
from secure_chat.doctor.papers import Paper, anew

__all__ = ["Written", "check_clock", "check_validity", "expires_soon", "in_words"]

_HERE: Final = Area.CERTIFICATES
_DAY: Final = 86_400
_SOON_SECONDS: Final = 30 * _DAY
# Of a certificate made for a day, a month is no measure: the last third of its life is.
_SOON_SHARE: Final = 1 / 3
# Two clocks that are set by the network differ by less, and a second may be rounded up.
_TOLERANCE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Written:
    """Something that this computer wrote, with the moment it was written.

    Args:
        what: the thing, in words.
        at: seconds since 1970 UTC.
    """

    what: str
    at: float


def check_validity(
    papers: Iterable[Paper], revoked: frozenset[str], now: float, *, owner: bool
) -> list[Finding]:
    """Judge whether each certificate is valid now and for a while.

    Args:
        papers: all certificates of the folder.
        revoked: serial numbers that do not count any more, whose end is of no interest.
        now: seconds since 1970 UTC.
        owner: whether this is the folder of somebody who issues certificates.
    """
    alive = [paper for paper in papers if paper.life is not None and paper.serial not in revoked]
    if not alive:
        return []
    good = [p for p in alive if p.life is not None and p.life[0] <= now <= p.life[1]]
    return [
        *settled(
            _expired(alive, now, owner=owner), _HERE.ok("expired", "no certificate has expired")
        ),
        *settled(_early(alive, now), _HERE.ok("not-yet-valid", "no certificate is still to begin")),
        *settled(
            _soon(good, now, owner=owner), _HERE.ok("expires-soon", "no certificate ends soon")
        ),
    ]


def check_clock(written: Sequence[Written], now: float) -> list[Finding]:
    """Judge whether this computer's clock can be right.

    Args:
        written: what is known to be past.
        now: what the clock says, seconds since 1970 UTC.
    """
    good = Area.CLOCK.ok(
        "clock-behind", f"the clock says {rfc3339(now)}, and nothing here is younger than that"
    )
    ahead = [each for each in written if each.at > now + _TOLERANCE_SECONDS]
    if not ahead:
        return [good]
    last = max(ahead, key=lambda each: each.at)
    return [
        Area.CLOCK.warning(
            "clock-behind",
            f"{last.what} is from {rfc3339(last.at)}, {in_words(last.at - now)} from now",
            why=f"the clock of this computer says {rfc3339(now)}: it is behind, or was ahead when"
            " that was written",
            hint="set the clock, best by the network (NTP)",
        )
    ]


def expires_soon(begin: float, end: float, now: float) -> bool:
    """Tell whether something valid from `begin` to `end` ends so soon that it should be renewed.

    Args:
        begin: seconds since 1970 UTC.
        end: seconds since 1970 UTC.
        now: seconds since 1970 UTC.
    """
    return end - now < min(_SOON_SECONDS, (end - begin) * _SOON_SHARE)


def in_words(seconds: float) -> str:
    """Return a span in whole units, such as "3 days" or "2 hours".

    Args:
        seconds: how long; not negative.
    """
    for size, unit in ((_DAY, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def _expired(papers: Iterable[Paper], now: float, *, owner: bool) -> Iterator[Finding]:
    for paper in papers:
        if paper.life is not None and now > paper.life[1]:
            yield _HERE.fault(
                "expired",
                f"{paper.place.name} expired {in_words(now - paper.life[1])} ago",
                why=f"it was valid until {rfc3339(paper.life[1])}",
                hint=anew(paper, owner=owner),
                where=paper.place.path,
            )


def _early(papers: Iterable[Paper], now: float) -> Iterator[Finding]:
    for paper in papers:
        if paper.life is not None and now < paper.life[0]:
            yield _HERE.fault(
                "not-yet-valid",
                f"{paper.place.name} is not valid yet, but in {in_words(paper.life[0] - now)}",
                why=f"it is valid from {rfc3339(paper.life[0])}, and the clock of this computer"
                f" says {rfc3339(now)}",
                hint="set the clock when it is wrong; otherwise wait",
                where=paper.place.path,
            )


def _soon(papers: Iterable[Paper], now: float, *, owner: bool) -> Iterator[Finding]:
    for paper in papers:
        if paper.life is not None and expires_soon(*paper.life, now):
            yield _HERE.warning(
                "expires-soon",
                f"{paper.place.name} expires in {in_words(paper.life[1] - now)}",
                why=f"it is valid until {rfc3339(paper.life[1])}",
                hint=anew(paper, owner=owner),
                where=paper.place.path,
            )
