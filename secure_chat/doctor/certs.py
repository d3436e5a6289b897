"""The certificates folder as a whole: what is looked at in it, and the checks in their order.

`read_certs` asks the file system, and the passphrase when a key is locked; the rest is pure.
A folder holds either all that a host needs, or what one member was handed.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from secure_chat.doctor.authority import (
    RevocationList,
    check_authority,
    check_community,
    check_list,
    read_list,
)
from secure_chat.doctor.dates import check_validity
from secure_chat.doctor.findings import Area, Finding
from secure_chat.doctor.folder import (
    Place,
    check_files,
    check_folder,
    check_passphrase_file,
    look,
)
from secure_chat.doctor.hostnames import check_host_names
from secure_chat.doctor.papers import Paper, read_paper
from secure_chat.doctor.register import (
    Register,
    check_identity,
    check_register,
    check_revoked,
    read_register,
)
from secure_chat.doctor.shapes import check_keys, check_shapes
from secure_chat.errors import IdentityError
from secure_chat.pki.identity import is_name
from secure_chat.pki.keys import Passphrase
from secure_chat.pki.vault import Vault

__all__ = ["Certs", "certs_findings", "read_certs"]

_HERE: Final = Area.CERTIFICATES
_STAGING: Final = ".staging"
_PATIENCE: Final = 2.0
_READINGS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Certs:
    """What stands in a certificates folder.

    Args:
        folder: the folder.
        clients_folder: the folder of the members in it.
        staging: what an interrupted run of `init-certs` left.
        authority: `ca.crt` and `ca.key`.
        previous_key: the older authority's key during a change-over.
        host: `host.crt` and `host.key`.
        clients: the members' certificates and keys, by name.
        ignored: files that are called as nobody can be called.
        crl: the list's file.
        revocations: what it says, None when it is none.
        register: the audit trail.
        community: the file with the community's id.
        passphrase_file: the file with the keys' passphrase, None when there is none.
        me: the number of the user who runs this, None where there is none.
    """

    folder: Place
    clients_folder: Place
    staging: Place
    authority: Paper
    previous_key: Place
    host: Paper
    clients: tuple[Paper, ...]
    ignored: tuple[str, ...]
    crl: Place
    revocations: RevocationList | None
    register: Register
    community: Place
    passphrase_file: Place | None
    me: int | None

    @property
    def owner(self) -> bool:
        """Whether this is the folder of somebody who runs a host, and not a member's."""
        theirs = (self.host.place, self.host.key_place, self.authority.key_place)
        return any(place.there for place in (*theirs, self.crl, self.register.place))

    @property
    def papers(self) -> tuple[Paper, ...]:
        """All certificates that a file is there for."""
        every = (self.authority, self.host, *self.clients)
        return tuple(paper for paper in every if paper.place.there or paper.key_place.there)

    @property
    def revoked(self) -> frozenset[str]:
        """The serial numbers that do not count any more."""
        listed = self.revocations.serials if self.revocations else frozenset()
        return listed | self.register.revoked


def read_certs(
    vault: Vault, passphrase: Passphrase | None, passphrase_file: Path | None = None
) -> Certs:
    """Return what stands in a certificates folder; nothing is changed.

    Args:
        vault: the folder.
        passphrase: asked when a key is locked, and only then.
        passphrase_file: where the passphrase comes from, if from a file.

    Raises:
        IdentityError: the passphrase cannot be had.
    """
    before = _changes(vault)
    certs = _read(vault, passphrase, passphrase_file)
    # A running host renews by itself: what was read while it did so is half old, half new.
    for _ in range(_READINGS):
        if not certs.staging.there and before == _changes(vault):
            break
        _let_finish(vault)
        before = _changes(vault)
        certs = _read(vault, passphrase, passphrase_file)
    return certs


def _read(vault: Vault, passphrase: Passphrase | None, passphrase_file: Path | None) -> Certs:
    folder = vault.folder

    def place(path: Path) -> Place:
        return look(path, path.relative_to(folder).as_posix())

    stems = {path.stem for ending in ("crt", "key") for path in _clients(folder, ending)}
    authority = read_paper("ca", place(vault.ca_crt), place(vault.ca_key), passphrase)
    crl = place(vault.crl)
    return Certs(
        folder=look(folder),
        clients_folder=place(folder / "clients"),
        staging=place(folder / _STAGING),
        authority=authority,
        previous_key=replace(place(vault.previous_ca_key), data=None),
        host=read_paper("host", place(vault.host_crt), place(vault.host_key), passphrase),
        clients=tuple(
            read_paper(
                "client", place(vault.client_crt(name)), place(vault.client_key(name)), passphrase
            )
            for name in sorted(filter(is_name, stems))
        ),
        ignored=tuple(sorted(stem for stem in stems if not is_name(stem))),
        crl=crl,
        revocations=read_list(crl, authority.authorities),
        register=read_register(place(vault.audit_file)),
        community=place(vault.community_file),
        passphrase_file=None if passphrase_file is None else look(passphrase_file, read=False),
        me=os.geteuid() if hasattr(os, "geteuid") else None,
    )


def _changes(vault: Vault) -> int:
    """Return what grows with every change of the folder: the size of its audit trail."""
    try:
        return vault.audit_file.stat().st_size
    except OSError:
        return 0


def _let_finish(vault: Vault) -> None:
    """Wait until nobody is in the middle of a change; what is still there then was left behind."""
    with suppress(IdentityError), vault.audit.lock(_PATIENCE):
        pass


def certs_findings(
    certs: Certs, now: float, *, wanted: str | None, dialled: str | None, computer: str
) -> list[Finding]:
    """Judge a certificates folder.

    Args:
        certs: what stands in it.
        now: seconds since 1970 UTC.
        wanted: who is to be used, what `--as` says.
        dialled: the name or address by which people reach the host, None when it is not known.
        computer: this computer's own name.
    """
    found = check_folder(certs.folder)
    if certs.folder.kind != "folder":
        return found
    owner, papers = certs.owner, certs.papers
    listed = certs.revocations.serials if certs.revocations else frozenset[str]()
    found += _interrupted(certs)
    found += check_files(_folders(certs), _files(certs), _needed(certs), certs.me)
    if certs.passphrase_file is not None:
        found += check_passphrase_file(certs.passphrase_file)
    found += check_community(certs.community)
    found += check_authority(certs.authority)
    found += check_shapes(papers, certs.authority, owner=owner)
    found += check_keys(papers)
    found += _ignored(certs)
    found += check_validity(papers, certs.revoked, now, owner=owner)
    found += check_host_names(certs.host, dialled, computer)
    found += check_list(certs.crl, certs.revocations, now)
    found += check_register(certs.register, papers)
    found += check_revoked(papers, certs.register, listed, wanted)
    return found + check_identity(papers, wanted, owner=owner)


def _clients(folder: Path, ending: str) -> Iterable[Path]:
    try:
        return list((folder / "clients").glob(f"*.{ending}"))
    except OSError:
        return []


def _folders(certs: Certs) -> Sequence[Place]:
    return [place for place in (certs.folder, certs.clients_folder) if place.kind == "folder"]


def _files(certs: Certs) -> Sequence[Place]:
    every = (certs.authority, certs.host, *certs.clients)
    pairs = [place for paper in every for place in (paper.place, paper.key_place)]
    return [*pairs, certs.previous_key, certs.crl, certs.register.place, certs.community]


def _needed(certs: Certs) -> Sequence[Place]:
    """Return the files without which a folder of its kind is of no use."""
    needed = [certs.authority.place, certs.community]
    if certs.owner:
        host = certs.host
        needed += [host.place, host.key_place, certs.crl, certs.register.place]
    # A key without its certificate is of no use; the other way round its holder has the key.
    return needed + [paper.place for paper in certs.clients if paper.key_place.there]


def _interrupted(certs: Certs) -> list[Finding]:
    if not certs.staging.there:
        return []
    return [
        _HERE.warning(
            "interrupted-change",
            "an earlier run of init-certs was interrupted",
            why="files of an unfinished change are still waiting in the folder",
            hint="run `securechat init-certs` again: it finishes the change or clears it away",
            where=certs.staging.path,
        )
    ]


def _ignored(certs: Certs) -> list[Finding]:
    return [
        _HERE.note(
            "ignored-file",
            f"clients/{stem} is left aside: nobody can be called that",
            why="a name has lower-case letters, digits and single . _ - between them",
            hint="call the files as the certificate calls its holder",
            where=certs.clients_folder.path,
        )
        for stem in certs.ignored
    ]
