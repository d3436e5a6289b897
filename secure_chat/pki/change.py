"""A change of the certificates folder that happens wholly or not at all, whatever kills us.

Owned by whoever holds the folder's lock. Everything new is first written into `.staging/` and
synced; then one rename makes `plan.json` appear there, and from that moment the change is decided:
this run, or the next one, moves the files to their places. Before that moment nothing outside
`.staging/` has been touched. What stands in the way moves into the backup folder, unless the
change says that it is replaced: then one rename puts the new file over the old one, and there is
no moment without it. A set that is made anew retires `ca.crt` first and adds it last, so that in
between nothing is usable; a change that replaces keeps all usable by the order of its files.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from secure_chat.errors import IdentityError
from secure_chat.pki.act import Act
from secure_chat.pki.audit import AuditTrail
from secure_chat.pki.files import create_file, create_folder, sync_folder
from secure_chat.pki.fold import fold
from secure_chat.pki.registry import Registry

__all__ = ["Change", "changing", "finish_change", "heal", "new_backup"]

_STAGING: Final = ".staging"
_TRAIL: Final = "audit.jsonl"
_PLAN: Final = "plan.json"
_DRAFT: Final = "plan.draft"


class _Plan(msgspec.Struct, frozen=True):
    """What was decided.

    Args:
        install: files to move to their places, in this order, as posix paths in the folder.
        retire: files to move into the backup folder first, in this order.
        backup: the name of the backup folder, made only when something moves there.
        acts: lines for the audit trail.
        replace: those files to install that go over what stands at their place.
    """

    install: list[str]
    retire: list[str]
    backup: str
    acts: list[Act]
    replace: list[str] = []


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
        self._replace: list[str] = []

    def add(self, name: str, data: bytes, mode: int, *, replace: bool = False) -> None:
        """Stage a new file; files go to their places in the order in which they were staged.

        Args:
            name: its posix path in the folder.
            data: the whole content.
            mode: 0o600 for keys, 0o644 for what anybody may see.
            replace: throw away what stands at its place, by one rename; never for a key that
                stands nowhere else.

        Raises:
            IdentityError: it cannot be written.
        """
        path = self._staging / name
        try:
            _create_folders(self._staging, name)
            create_file(path, data, mode)
        except OSError as error:
            raise _failed(path, error) from error
        self._install.append(name)
        if replace:
            self._replace.append(name)

    def keep(self, name: str) -> None:
        """Have a copy of an existing file made in the backup folder, before it is replaced.

        Raises:
            IdentityError: it cannot be read or written.
        """
        path = self._folder / name
        try:
            data, mode = path.read_bytes(), stat.S_IMODE(path.stat().st_mode)
        except OSError as error:
            raise _failed(path, error) from error
        self.add(f"{self._backup}/{name}", data, mode)

    def retire(self, name: str) -> None:
        """Have an existing file moved into the backup folder."""
        self._retire.append(name)

    def note(self, act: Act) -> None:
        """Have an act written into the audit trail."""
        self._acts.append(act)

    def registry(self) -> Registry:
        """Return what the trail is going to say with the acts noted so far.

        Raises:
            IdentityError: the trail cannot be read or is damaged.
        """
        trail = AuditTrail(self._folder / _TRAIL)
        if not trail.path.exists():
            return fold(b"".join(act.line() for act in self._acts))
        return trail.registry(self._acts)

    def commit(self) -> None:
        """Decide the change and carry it out; with nothing to change this does nothing.

        Raises:
            IdentityError: a file cannot be written or moved; the next `finish_change` goes on.
        """
        if not (self._install or self._retire or self._acts):
            return
        plan = _Plan(self._install, self._retire, self._backup, self._acts, self._replace)
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


@contextmanager
def changing(folder: Path, now: float) -> Iterator[Change]:
    """Lock the folder and give a change of it, which is committed when the block ends well.

    A change that was interrupted is finished or cleared away first. Whatever may ask a person
    something, as for a passphrase, belongs before this.

    Args:
        folder: the certificates folder of whoever runs the host.
        now: seconds since 1970 UTC; the backup folder is called by it.

    Raises:
        IdentityError: this is no host's folder, another command holds it for too long, or a file
            cannot be written.
    """
    trail = AuditTrail(folder / _TRAIL)
    if not trail.path.exists() and not (folder / _STAGING).exists():
        raise IdentityError(
            f"{trail.path} is missing",
            why="only the folder of whoever runs the host has it",
            hint="name that folder with --certs, or run `securechat init-certs`",
        )
    with trail.lock():
        finish_change(folder)
        change = Change(folder, backup=new_backup(folder, now).name)
        try:
            yield change
        except BaseException:
            # Nothing is decided yet, and keys must not lie about.
            shutil.rmtree(folder / _STAGING, ignore_errors=True)
            raise
        change.commit()


def heal(folder: Path) -> None:
    """Finish or clear away what an interrupted command left, if there is anything.

    Args:
        folder: the certificates folder, not locked by the caller; a command that is at work there
            is waited for.

    Raises:
        IdentityError: another command holds it for too long, or a file cannot be moved.
    """
    if (folder / _STAGING).exists():
        with AuditTrail(folder / _TRAIL).lock():
            finish_change(folder)


def new_backup(folder: Path, now: float) -> Path:
    """Return a name for a backup folder that is not taken.

    Args:
        folder: the certificates folder.
        now: seconds since 1970 UTC.
    """
    stem = datetime.fromtimestamp(int(now), UTC).strftime("backup-%Y%m%dT%H%M%SZ")
    path, number = folder / stem, 2
    while path.exists():
        path, number = folder / f"{stem}-{number}", number + 1
    return path


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
    AuditTrail(folder / _TRAIL).complete_locked(plan.acts)
    for name in plan.install:
        if (staging / name).exists():
            if name not in plan.replace:
                _move(name, folder, backup)
            _move(name, staging, folder)


def _move(name: str, here: Path, there: Path) -> None:
    """Move a file if it is there, and make both folders remember it."""
    source, target = here / name, there / name
    if not source.exists():
        return
    _create_folders(there, name)
    os.replace(source, target)  # noqa: PTH105 - the same call on every platform
    sync_folder(target.parent)
    sync_folder(source.parent)


def _create_folders(root: Path, name: str) -> None:
    """Make the folders that lead to a file below `root`, each for its owner only."""
    for parent in reversed(Path(name).parents):
        create_folder(root / parent)


def _failed(path: Path, error: Exception) -> IdentityError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return IdentityError(
        f"{path} cannot be written",
        why=why,
        hint="make room or correct the folder's rights, then run `securechat init-certs` again",
    )
