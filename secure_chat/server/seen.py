"""When each certificate was last welcomed: `seen.json` in the host's data folder.

Owned by the registrar's thread; other programs read the file, which is always whole. It tells
people which device is still in use and decides nothing, so it is written now and then, not each
time, and a file that cannot be read is begun anew.
"""

import os
from collections.abc import Container
from pathlib import Path
from typing import Final

import msgspec

from secure_chat.clock import rfc3339
from secure_chat.pki.files import open_private

__all__ = ["SEEN_FILE", "Seen", "read_seen"]

SEEN_FILE: Final = "seen.json"


def read_seen(data: Path) -> dict[str, str]:
    """Return when each serial number was last seen, as RFC 3339.

    Args:
        data: the host's own data folder, as its ready line names it.
    """
    try:
        return msgspec.json.decode((data / SEEN_FILE).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}


class Seen:
    """What is to be written, with what was read at start.

    Args:
        data: the host's own data folder.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / SEEN_FILE
        self._moments = read_seen(data)
        self.dirty = False

    def note(self, serial: str, at: float) -> None:
        """Remember that a certificate was welcomed.

        Args:
            serial: its serial number in lower-case hex.
            at: when, seconds since 1970 UTC.
        """
        self._moments[serial] = rfc3339(at)
        self.dirty = True

    def write(self, known: Container[str]) -> None:
        """Write all of it in one step.

        Args:
            known: the serial numbers that the registry knows; others are forgotten.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        self.dirty = False
        self._moments = {
            serial: moment for serial, moment in self._moments.items() if serial in known
        }
        draft = self._path.with_suffix(".new")
        with os.fdopen(open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(msgspec.json.encode(self._moments, order="sorted") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._path)  # noqa: PTH105 - the same call on every platform
