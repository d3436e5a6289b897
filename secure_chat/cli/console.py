"""Where words go: data to stdout, talk to stderr, colour only where it is wanted.

The only module that prints. Whatever came from a peer must have passed `client.text` before.
"""

import os
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO, Any

from secure_chat.errors import SecureChatError

__all__ = ["Colour", "Console"]

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Colour(StrEnum):
    """When to use colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(slots=True)
class Console:
    """The two streams of a command.

    Args:
        colour: when to use colour; `auto` obeys NO_COLOR, TERM=dumb and pipes.
        quiet: leave out talk that is not an error.
        out: the data stream, stdout unless told otherwise.
        err: the talk stream, stderr unless told otherwise.
    """

    colour: Colour = Colour.AUTO
    quiet: bool = False
    out: IO[str] = field(default_factory=lambda: sys.stdout)
    err: IO[str] = field(default_factory=lambda: sys.stderr)

    def data(self, text: str) -> None:
        """Write one line of data to stdout and push it out at once."""
        self.out.write(text + "\n")
        self.out.flush()

    def data_json(self, value: Any) -> None:
        """Write one value as one line of ASCII JSON to stdout."""
        self.data(ascii_json(value))

    def talk(self, text: str) -> None:
        """Write one line of talk to stderr, unless quiet."""
        if not self.quiet:
            self._say(text)

    def warn(self, text: str) -> None:
        """Write a warning to stderr, also when quiet."""
        self._say(f"{self.paint('warning:', 'yellow', self.err)} {text}")

    def fail(self, error: SecureChatError) -> None:
        """Explain an error: what and why in one line, what to do in the next."""
        self._say(f"{self.paint('error:', 'red', self.err)} {error}")
        if error.hint:
            self._say(f"  {error.hint}")

    def paint(self, text: str, style: str, stream: IO[str] | None = None) -> str:
        """Return `text` in a style of `bold dim red green yellow cyan` where colour is wanted."""
        if not self._coloured(stream or self.out):
            return text
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"

    def _say(self, text: str) -> None:
        self.err.write(text + "\n")
        self.err.flush()

    def _coloured(self, stream: IO[str]) -> bool:
        if self.colour is not Colour.AUTO:
            return self.colour is Colour.ALWAYS
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return stream.isatty()


def ascii_json(value: Any) -> str:
    """Return `value` as one line of JSON in ASCII, so no terminal can be reached through it."""
    import msgspec  # only here: most commands print no JSON

    # JSON may hold a DEL as it is; a terminal need not see one.
    text = msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    if text.isascii():
        return text
    return "".join(_escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    if letter.isascii():
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
