"""A change of the certificates folder that happens wholly or not at all, whatever kills us.

Owned by whoever holds the folder's lock. Everything new is first written into `.staging/` and
synced; then one rename makes `plan.json` appear there, and from that moment the change is decided:
this run, or the next one, moves the files to their places. Before that moment nothing outside
`.staging/` has been touched. Nothing is ever overwritten: what stands in the way moves into the
backup folder. `ca.crt` leaves first and arrives last, so in between nothing is usable.
"""

import os
import shutil
from pathlib import Path
from typing import Final

import msgspec

from secure_chat.errors import IdentityError
from secure_chat.pki.act import Act
from secure_chat.pki.audit import AuditTrail
from secure_chat.pki.files import create_file, create_folder, sync_folder

__all__ = ["Change", "finish_change"]

_STAGING: Final = ".staging"
_PLAN: Final = "plan.json"
_DRAFT: Final = "plan.draft"


class _Plan(msgspec.Struct, frozen=True):
    """What was decided.

    Args:
        install: files to move to their places, in this order, as posix paths in the folder.
        retire: files to move into the backup folder first, in this order.
        backup: the name of the backup folder, made only when something moves there.
        acts: lines for the audit trail.
    """

    install: list[str]
    retire: list[str]
    backup: str
    acts: list[Act]


class Change:
    """A change being prepared; nothing is decided before `commit`.

    Args:
        folder: the certificates folder, locked by the caller.
        backup: the name of the folder that takes what is replaced.
    """

    def __init__(self, folder: Path, *, backup: str) -> None:
        self._folder = folder
        self._staging = folder / _STAGING
        self._backup = backup
        self._install: list[str] = []
        self._retire: list[str] = []
        self._acts: list[Act] = []

    def add(self, name: str, data: bytes, mode: int) -> None:
        """Stage a new file.

        Args:
            name: its posix path in the folder.
            data: the whole content.
            mode: 0o600 for keys, 0o644 for what anybody may see.

        Raises:
            IdentityError: it cannot be written.
        """
        path = self._staging / name
        try:
            create_folder(self._staging)
            create_folder(path.parent)
            create_file(path, data, mode)
        except OSError as error:
            raise _failed(path, error) from error
        self._install.append(name)

    def retire(self, name: str) -> None:
        """Have an existing file moved into the backup folder."""
        self._retire.append(name)

    def note(self, act: Act) -> None:
        """Have an act written into the audit trail."""
        self._acts.append(act)

    def commit(self) -> None:
        """Decide the change and carry it out; with nothing to change this does nothing.

        Raises:
            IdentityError: a file cannot be written or moved; the next `finish_change` goes on.
        """
        if not (self._install or self._retire or self._acts):
            return
        plan = _Plan(self._install, self._retire, self._backup, self._acts)
        try:
            create_folder(self._staging)
            for folder in {self._staging / name for name in self._install}:
                sync_folder(folder.parent)
            create_file(self._staging / _DRAFT, msgspec.json.encode(plan), 0o600)
            (self._staging / _DRAFT).rename(self._staging / _PLAN)
            sync_folder(self._staging)
            sync_folder(self._folder)
        except OSError as error:
            raise _failed(self._staging, error) from error
        finish_change(self._folder)


def finish_change(folder: Path) -> bool:
    """Carry out a change that was decided, or clear away one that was not.

    Args:
        folder: the certificates folder, locked by the caller.

    Returns:
        True when a decided change was carried out.

    Raises:
        IdentityError: a file cannot be moved.
    """
    staging = folder / _STAGING
    if not staging.exists():
        return False
    try:
        try:
            text = (staging / _PLAN).read_bytes()
        except FileNotFoundError:
            shutil.rmtree(staging)
            return False
        _carry_out(folder, msgspec.json.decode(text, type=_Plan))
        shutil.rmtree(staging)
        sync_folder(folder)
    except (OSError, msgspec.MsgspecError) as error:
        raise _failed(staging, error) from error
    return True


def _carry_out(folder: Path, plan: _Plan) -> None:
    """Take the steps that are not taken yet; each step is one rename, so any can be the last."""
    staging = folder / _STAGING
    backup = folder / plan.backup
    for name in plan.retire:
        # What is no longer staged has arrived at its place: that one is new and stays.
        if name not in plan.install or (staging / name).exists():
            _move(name, folder, backup)
    AuditTrail(folder / "audit.jsonl").append_locked([act.line() for act in plan.acts])
    for name in plan.install:
        if (staging / name).exists():
            _move(name, folder, backup)
            _move(name, staging, folder)


def _move(name: str, here: Path, there: Path) -> None:
    """Move a file if it is there, and make both folders remember it."""
    source, target = here / name, there / name
    if not source.exists():
        return
    create_folder(there)
    create_folder(target.parent)
    os.replace(source, target)  # noqa: PTH105 - the same call on every platform
    sync_folder(target.parent)
    sync_folder(source.parent)


def _failed(path: Path, error: Exception) -> IdentityError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return IdentityError(
        f"{path} cannot be written",
        why=why,
        hint="make room or correct the folder's rights, then run `securechat init-certs` again",
    )
