"""Where the passphrase of a private key comes from: a file, or a prompt on a terminal.

Never from the command line or the environment, which other programs can read.
"""

import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from secure_chat.errors import IdentityError

__all__ = ["passphrase_from"]


def passphrase_from(path: Path | None, *, no_input: bool = False) -> Callable[[], bytes]:
    """Return a function that gives the passphrase when a key turns out to need one.

    Args:
        path: a file whose first line it is; None to ask.
        no_input: never ask.

    Raises:
        IdentityError: by the function: the file cannot be read, or there is nobody to ask.
    """
    given: list[bytes] = []

    def ask() -> bytes:
        # Several keys are read with one passphrase, and a person is asked once.
        if not given:
            given.append(_from_file(path) if path is not None else _from_person(no_input=no_input))
        return given[0]

    return ask


def _from_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline().rstrip(b"\r\n")
    except OSError as error:
        raise IdentityError(
            f"the passphrase file {path} cannot be read",
            why=error.strerror or str(error),
            hint="Name a file you may read, with the passphrase in its first line.",
        ) from error


def _from_person(*, no_input: bool) -> bytes:
    if no_input or not sys.stdin.isatty():
        raise IdentityError(
            "the private key needs a passphrase",
            why="there is no terminal to ask on",
            hint="Put it into a file only you can read and name that with --passphrase-file.",
        )
    return getpass.getpass("Passphrase of the private key: ").encode()
