"""Where a passphrase comes from: a file, or the person at the terminal.

Never from the command line or the environment, where other processes can read it. What is
returned is asked once and remembers the answer, so that checking a key and loading it are one
question.
"""

import getpass
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from secure_chat.errors import IdentityError, UsageError

__all__ = ["chosen_passphrase", "passphrase_from", "read_passphrase"]


def passphrase_from(
    path: Path | None, *, no_input: bool = False, of: str = "the private key"
) -> Callable[[], bytes] | None:
    """Return what to ask for the passphrase of something encrypted.

    Args:
        path: the file that the option named; it is read when somebody asks.
        no_input: never ask the person.
        of: what it opens, for the question.

    Returns:
        None when there is neither a file nor a person at the terminal.
    """
    if path is not None:
        return cache(lambda: read_passphrase(path))
    if no_input or not _is_anybody_there():
        return None
    return cache(lambda: getpass.getpass(f"Passphrase of {of}: ").encode())


def chosen_passphrase(path: Path | None, *, no_input: bool, of: str, option: str) -> bytes:
    """Return a passphrase that somebody chooses now: out of a file, or typed twice.

    Args:
        path: the file that the option named.
        no_input: never ask the person.
        of: what it is going to open, for the question.
        option: the option, for the hint.

    Raises:
        UsageError: there is neither a file nor a person, or what was typed differs.
        IdentityError: the file cannot be read.
    """
    if path is not None:
        return read_passphrase(path)
    if no_input or not _is_anybody_there():
        raise UsageError(
            f"there is no passphrase for {of}",
            why="nobody can be asked for one",
            hint=f"Name a file whose first line is the passphrase with {option}.",
        )
    first = getpass.getpass(f"New passphrase of {of}: ")
    if first != getpass.getpass("The same again: "):
        raise UsageError("the two passphrases differ", hint="Type the same one twice.")
    return first.encode()


def read_passphrase(path: Path) -> bytes:
    """Return the first line of a file without its end.

    Args:
        path: the file.

    Raises:
        IdentityError: it cannot be read, or its first line is empty.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise IdentityError(
            f"the passphrase file {path} cannot be read",
            why=error.strerror or str(error),
            hint="name a file whose first line is the passphrase",
        ) from error
    first = text.split(b"\n", 1)[0].removesuffix(b"\r")
    if not first:
        raise IdentityError(
            f"the passphrase file {path} is empty",
            why="its first line is the passphrase",
            hint="write the passphrase into its first line",
        )
    return first


def _is_anybody_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
