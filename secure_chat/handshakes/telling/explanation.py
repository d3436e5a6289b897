"""What an explanation of one word is made of, and how it reads from one end's side.

Pure values, read on any thread. The texts are this program's own, so every word of them is safe to
print; a peer's text must never be put into them.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from secure_chat.handshakes.record import End, other

__all__ = ["Explanation", "Steps"]


class Steps(NamedTuple):
    """What to do at each end, in sentences."""

    host: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What one word means, with a place in its sentences for each of the two ends.

    `{owner}` stands for the end that it is about (its certificate, its behaviour), `{judge}` for
    the one that noticed and said so; at the beginning of a sentence they have a capital letter.

    Args:
        brief: it all in one line, without a full stop.
        happened: what happened, for somebody who sees it for the first time.
        why: the facts behind it, for somebody who wants to know exactly.
        client: what to do when it is about the client; None when it cannot be.
        host: what to do when it is about the host; None when it cannot be.
        sections: where the standards say so.
    """

    brief: str
    happened: str
    why: str
    client: Steps | None = None
    host: Steps | None = None
    sections: tuple[str, ...] = ()

    @property
    def owners(self) -> tuple[End, ...]:
        """The ends that it can be about."""
        found: list[End] = []
        if self.client is not None:
            found.append("client")
        if self.host is not None:
            found.append("host")
        return tuple(found)

    def steps(self, owner: End) -> Steps:
        """Return what to do at each end.

        Args:
            owner: the end that it is about.
        """
        return (self.client if owner == "client" else self.host) or _NOTHING

    def read(self, text: str, owner: End | None = None, viewer: End | None = None) -> str:
        """Return one of its sentences with the two ends named.

        Args:
            text: `happened` or `why`.
            owner: the end that it is about; None for any, as in a dictionary.
            viewer: who is reading, "this host" then; None for somebody at neither end.
        """
        if owner is None and len(self.owners) == 1:
            owner = self.owners[0]
        if owner is not None:
            about, judge = _named(owner, viewer), _named(other(owner), viewer)
        else:
            about, judge = "one end", "the other end"
            if "udge}" in text.partition("wner}")[0]:
                about, judge = judge, about
        return text.format(owner=about, judge=judge, Owner=_capital(about), Judge=_capital(judge))


def _named(end: End, viewer: End | None) -> str:
    return f"this {end}" if end == viewer else f"the {end}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_NOTHING: Final = Steps("There is nothing to do.", "There is nothing to do.")
