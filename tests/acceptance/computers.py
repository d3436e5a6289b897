"""Computers of people: home folders that know nothing of each other, and what runs in them."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.acceptance.scene import SECURECHAT
from tests.cli.processes import Outcome, Running, Terminal

__all__ = ["Computer"]

_PATIENCE = 60.0
_FOREIGN = ("SECURECHAT_", "XDG_")


class Computer:
    """One person's computer; commands run in its home folder, with nothing set.

    Args:
        home: its home folder; made when it is not there.
        before: a command that runs all others, such as `ip netns exec NAME`.
    """

    def __init__(self, home: Path, before: Sequence[str] = ()) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self._before = tuple(before)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        self.environment = kept | {"HOME": str(home), "TZ": "UTC", "NO_COLOR": "1"}

    @property
    def profiles(self) -> Path:
        """Where this person's profiles are."""
        return self.home / ".config" / "securechat" / "profiles"

    def run(self, *words: str, stdin: str = "") -> Outcome:
        """Run a command to its end, with its input in a pipe."""
        done = subprocess.run(
            self._command(words),
            cwd=self.home,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str) -> Running:
        """Start a command that goes on."""
        return Running(self._command(words), self.environment, self.home)

    def terminal(self, *words: str) -> Terminal:
        """Start a command behind a terminal."""
        return Terminal(self._command(words), self.environment, self.home)

    def files(self) -> bytes:
        """Return everything that stands in any file here."""
        return b"\n".join(path.read_bytes() for path in self.home.rglob("*") if path.is_file())

    def _command(self, words: Sequence[str]) -> tuple[str, ...]:
        return (*self._before, *SECURECHAT, *words)
