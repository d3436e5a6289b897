"""One scenario of the lab as a value: its story, how it is played, and what must be recorded.

Pure. The expectation is written down beside the story, by hand, before anything is played; a
scenario passes only when the records that both ends really wrote say the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from secure_chat.lab.stage import Stage
from secure_chat.tls.vocabulary import End, Reason

__all__ = ["BOTH", "HOSTS", "Ends", "Expected", "Facts", "Scenario", "Shown"]

Facts: TypeAlias = dict[str, bool | int | str | None]
"""What a record says, by field."""

HOSTS: Final[frozenset[End]] = frozenset({"host"})
BOTH: Final[frozenset[End]] = frozenset({"host", "client"})


class Shown(NamedTuple):
    """Which certificates were on the table; SHA-256 of each end's own in lower-case hex.

    Args:
        host: the host's, "" when it had none to show.
        client: the client's, "" when it had none to show.
    """

    host: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the one record of an end must say.

    Args:
        reason: how it ended.
        saw: whose certificate the record must hold; the other's must be missing.
        verify_code: OpenSSL's number when this end refused a certificate.
        alert: the alert that ended it, whoever sent it.
    """

    reason: Reason
    saw: frozenset[End] = frozenset()
    verify_code: int | None = None
    alert: str | None = None

    def facts(self, shown: Shown) -> Facts:
        """Return what the record must say when these certificates were shown."""
        return {
            "established": self.reason is Reason.OK,
            "reason": str(self.reason),
            "verify_code": self.verify_code,
            "last_alert": self.alert,
            "host_certificate": shown.host if "host" in self.saw else None,
            "client_certificate": shown.client if "client" in self.saw else None,
        }


class Ends(NamedTuple):
    """What each end must have recorded; None for an end that must have recorded nothing."""

    host: Expected | None = None
    client: Expected | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One handshake with a story.

    Args:
        name: what `lab run` calls it.
        title: one line of at most 56 characters.
        story: what is done, for somebody who learns mutual TLS.
        refused_by: which end says no; None when nobody does.
        expected: what both ends must have recorded.
        lesson: what it teaches.
        play: does it and tells which certificates were on the table.
    """

    name: str
    title: str
    story: str
    refused_by: Literal["host", "client", "both"] | None
    expected: Ends
    lesson: str
    play: Callable[[Stage], Shown]
