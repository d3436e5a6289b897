"""Profiles: who this user is on which host, one folder for each, below the user's settings.

A folder is laid out like a certificates folder (`ca.crt`, `community`, `clients/NAME.crt` and
`.key`) with `profile.json` beside: name, host, port, community. Used on the main thread, before a
client starts. A profile is made whole or not at all, whatever kills us, and never replaced; what it
leaves lying about begins with a dot, is no profile, and is cleared away by the next who changes
something here.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.errors import IdentityError, StoreBusy, StoreError, UsageError
from secure_chat.folders import config_folder
from secure_chat.pki.files import create_file, create_folder, sync_folder
from secure_chat.pki.identity import RESERVED_NAMES, is_name
from secure_chat.pki.life import is_due
from secure_chat.pki.profile import read_member
from secure_chat.pki.vault import Vault

__all__ = ["Draft", "Profile", "Profiles", "standing"]

_SETTINGS: Final = "profile.json"
_DRAFT: Final = ".draft"
_FORGOTTEN: Final = ".forgotten"
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9]|[._-](?=[a-z0-9])){0,63}", re.ASCII)


class _Settings(msgspec.Struct, frozen=True):
    """What `profile.json` holds."""

    name: str
    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    community: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody's identity on a host.

    Args:
        label: what this user calls it.
        folder: with certificates, as `pki.vault.Vault` reads it.
        name: who one is there.
        host: a name or an address, without brackets.
        port: of the chat.
        community: the community's id.
    """

    label: str
    folder: Path
    name: str
    host: str
    port: int
    community: str

    @property
    def address(self) -> str:
        """Where the host is, as a person would write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Profiles:
    """All profiles of this user.

    Args:
        folder: where they are; None for the platform's place. It need not exist.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = config_folder() / "profiles" if folder is None else folder

    def labels(self) -> list[str]:
        """Return what there is, sorted; damaged ones too."""
        try:
            names = [path.name for path in self.folder.iterdir() if path.is_dir()]
        except OSError:
            return []
        return sorted(filter(_LABEL.fullmatch, names))

    def all(self) -> list[Profile]:
        """Return those that can be read, in the order of their labels."""
        found = []
        for label in self.labels():
            with suppress(IdentityError):
                found.append(self.get(label))
        return found

    def get(self, label: str) -> Profile:
        """Return one.

        Raises:
            IdentityError: it is not there, or damaged.
        """
        labels = self.labels()
        if label not in labels:
            raise IdentityError(
                f"there is no profile {label!r}",
                why=f"there are: {', '.join(labels)}" if labels else "there is none at all",
                hint="`securechat enroll` makes one from an invitation.",
            )
        path = self.folder / label / _SETTINGS
        try:
            settings = msgspec.json.decode(path.read_bytes(), type=_Settings)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _damaged(label, path, str(error)) from error
        if not is_name(settings.name):
            raise _damaged(label, path, "its name is nobody's name")
        return Profile(
            label,
            self.folder / label,
            settings.name,
            settings.host,
            settings.port,
            settings.community,
        )

    def free_label(self, name: str) -> str:
        """Return a label that is not taken: the name, or the name with a number."""
        taken = set(self.labels())
        label, number = name, 2
        while label in taken:
            label, number = f"{name}-{number}", number + 1
        return label

    @contextmanager
    def draft(self, label: str | None, name: str) -> Iterator["Draft"]:
        """Begin a profile; it is there once the draft is kept, and otherwise never was.

        Args:
            label: what to call it; None for the name, or the name with a number.
            name: who one is in it.

        Raises:
            UsageError: the label cannot be used or is taken.
            StoreBusy: another command is changing the profiles.
            StoreError: the folder cannot be written.
        """
        if label is not None and not _is_label(label):
            raise UsageError(
                f"{label!r} cannot be the name of a profile",
                why="it takes 1 to 64 lower-case letters and digits with single . _ - in between",
                hint="Example: --profile work.",
            )
        with self._changing():
            if label in self.labels():
                raise UsageError(
                    f"there is a profile {label!r} already",
                    hint=f"Choose another --profile, or `securechat profiles forget {label}`.",
                )
            draft = Draft(self.folder, label or self.free_label(name))
            try:
                yield draft
            finally:
                shutil.rmtree(draft.folder, ignore_errors=True)

    def forget(self, label: str) -> None:
        """Delete a profile with its certificate and key; what it said and heard stays.

        Raises:
            IdentityError: it is not there.
            StoreBusy: another command is changing the profiles.
            StoreError: the folder cannot be written.
        """
        with self._changing():
            if label not in self.labels():
                self.get(label)
            gone = self.folder / _FORGOTTEN
            with _writing(self.folder):
                (self.folder / label).rename(gone)
                sync_folder(self.folder)
                shutil.rmtree(gone)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Be the only one that changes something here, and clear away what a kill has left."""
        from secure_chat.log.lock import FolderLock  # only here: reading needs no lock

        with _writing(self.folder):
            # Both are ours alone; what is above them is the user's and stays as it is.
            create_folder(self.folder.parent)
            create_folder(self.folder)
        try:
            lock = FolderLock(self.folder, "another command")
        except StoreBusy as error:
            raise StoreBusy(
                f"another command is changing the profiles in {self.folder}",
                hint="Wait until it has ended and run this again.",
            ) from error
        except StoreError as error:
            raise _unwritable(self.folder, error.why) from error
        try:
            with _writing(self.folder):
                for name in (_DRAFT, _FORGOTTEN):
                    if (self.folder / name).exists():
                        shutil.rmtree(self.folder / name)
            yield
        finally:
            lock.release()


class Draft:
    """A profile that is not there yet.

    Args:
        root: the folder of all profiles, held by the caller.
        label: what it will be called.
    """

    def __init__(self, root: Path, label: str) -> None:
        self.label = label
        self.folder = root / _DRAFT
        self._root = root
        with _writing(root):
            create_folder(self.folder)

    @property
    def vault(self) -> Vault:
        """The draft as a certificates folder."""
        return Vault(self.folder)

    def add(self, path: Path, data: bytes, mode: int) -> None:
        """Write one file of it.

        Args:
            path: where in the draft's folder, as its vault says.
            data: the whole content.
            mode: 0o600 for keys, 0o644 for what anybody may see.

        Raises:
            StoreError: it cannot be written.
        """
        with _writing(path):
            create_folder(path.parent)
            create_file(path, data, mode)
            sync_folder(path.parent)

    def keep(self, name: str, host: str, port: int) -> Profile:
        """Make it a profile, in one step.

        Args:
            name: who one is.
            host: where the host is.
            port: of the chat.

        Raises:
            IdentityError: the files do not say which community it is.
            StoreError: it cannot be written.
        """
        settings = _Settings(name, host, port, self.vault.community())
        data = msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n"
        self.add(self.folder / _SETTINGS, data, 0o600)
        folder = self._root / self.label
        with _writing(folder):
            self.folder.rename(folder)
            sync_folder(self._root)
        return Profile(self.label, folder, name, host, port, settings.community)


def standing(profile: Profile, now: float) -> tuple[int, str]:
    """Return until when a profile's certificate holds, and `valid`, `expiring` or `expired`.

    Args:
        profile: whose.
        now: seconds since 1970 UTC.

    Raises:
        IdentityError: the certificate cannot be used.
    """
    vault = Vault(profile.folder)
    path = vault.client_crt(profile.name)
    try:
        certificate = x509.load_pem_x509_certificate(vault.read(path))
        identity = read_member(certificate.public_bytes(Encoding.DER))
    except ValueError as error:
        raise _damaged(profile.label, path, "it is no certificate") from error
    if identity.name != profile.name:
        raise _damaged(profile.label, path, "it is somebody else's")
    if now >= identity.not_after:
        return identity.not_after, "expired"
    due = is_due(identity.not_before, identity.not_after, now)
    return identity.not_after, "expiring" if due else "valid"


def _is_label(text: str) -> bool:
    return _LABEL.fullmatch(text) is not None and text.partition(".")[0] not in RESERVED_NAMES


def _damaged(label: str, path: Path, why: str) -> IdentityError:
    return IdentityError(
        f"the profile {label} cannot be used",
        why=f"{path}: {why}",
        hint=f"Delete it with `securechat profiles forget {label}` and enroll again.",
    )


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn the system's errors into one that says what cannot be written."""
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def _unwritable(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} cannot be written",
        why=why,
        hint="Make room, or correct the folder's owner and rights.",
    )
