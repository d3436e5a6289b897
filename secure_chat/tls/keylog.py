"""The key log: the secrets of connections in a file, for packet readers such as Wireshark.

Called on the thread that builds the settings of an end, and only when a file was named. OpenSSL
would make the file readable to everybody and append to whatever it finds, so it is made or checked
here first. It must never change the mode of a file that exists, follow a link, or let anything be
appended to what is no key log.
"""

import os
import re
import ssl
import stat
import sys
from pathlib import Path
from typing import Final

from secure_chat.errors import StoreError
from secure_chat.pki.files import create_file

__all__ = ["write_keys"]

_MODE: Final = 0o600
# Windows has no modes; the access lists of the user's own profile protect the files there.
_POSIX: Final = sys.platform != "win32"
# The format of NSS: a comment, or a label, the ClientHello's random and the secret.
_LINE: Final = re.compile(rb"#|[A-Z0-9_]+ [0-9a-f]{64} ")
_HEAD: Final = 128
_HINT: Final = "Name a file that does not exist yet; it is made so that only you can read it."


def write_keys(context: ssl.SSLContext, path: Path) -> None:
    """Have the secrets of every handshake of a context appended to a file (RFC 9850).

    Whoever can read the file can read all that these connections said, recorded ones included.

    Args:
        context: not in use yet.
        path: made with mode 0600, or a key log that has it and is ours.

    Raises:
        StoreError: it is neither, or cannot be written.
    """
    try:
        create_file(path, b"", _MODE)
    except FileExistsError:
        _check(path)
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error
    before = path.lstat()
    try:
        context.keylog_filename = str(path)
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error
    if not os.path.samestat(before, path.lstat()):
        raise _refused(path, "it was replaced at the same moment")


def _check(path: Path) -> None:
    """Let only a key log through that is ours alone.

    Raises:
        StoreError: it is something else.
    """
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise _refused(path, "it is a link, and keys are not written through links")
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, "it is no regular file")
    mode = stat.S_IMODE(status.st_mode)
    if _POSIX and status.st_uid != os.geteuid():
        raise _refused(path, "it belongs to somebody else")
    if _POSIX and mode != _MODE:
        raise _refused(path, f"its mode is {mode:04o} and must be {_MODE:04o}")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head and not _LINE.match(head):
        raise _refused(path, "it holds something else than keys")


def _refused(path: Path, why: str) -> StoreError:
    return StoreError(f"cannot write the key log {path}", why=why, hint=_HINT)
