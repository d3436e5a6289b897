"""The passphrase of a host's keys: one for all of them, asked for once, and only at start.

Made on the main thread, where a person can be asked. Nobody sits at the terminal of a running
host, so once it is sealed nothing can make it wait for an answer.
"""

from functools import partial

from secure_chat.pki.keys import Passphrase

__all__ = ["Unlock"]


class Unlock:
    """Remembers what was said.

    Args:
        ask: who knows it; None when there is nobody to ask.
    """

    def __init__(self, ask: Passphrase | None) -> None:
        self._said: bytes | None = None
        self.passphrase: Passphrase | None = None if ask is None else partial(self._once, ask)
        """What to ask when a key is encrypted; None when nobody can be asked."""

    def seal(self) -> None:
        """Ask nobody from now on; what was said goes on being tried."""
        said = self._said
        self.passphrase = None if said is None else lambda: said

    def _once(self, ask: Passphrase) -> bytes:
        if self._said is None:
            self._said = ask()
        return self._said
