"""Where the passphrase of a private key comes from: a file, or the person at the terminal.

Never from the command line or the environment, where other processes can read it. What is
returned is asked once and remembers the answer, so that checking a key and loading it are one
question.
"""

import getpass
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from secure_chat.errors import IdentityError

__all__ = ["passphrase_from", "read_passphrase"]


def passphrase_from(path: Path | None, *, no_input: bool = False) -> Callable[[], bytes] | None:
    """Return what to ask for the passphrase of an encrypted key.

    Args:
        path: the file of `--passphrase-file`; it is read when somebody asks.
        no_input: never ask the person.

    Returns:
        None when there is neither a file nor a person at the terminal.
    """
    if path is not None:
        return cache(lambda: read_passphrase(path))
    if no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return cache(lambda: getpass.getpass("Passphrase of the private key: ").encode())


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
