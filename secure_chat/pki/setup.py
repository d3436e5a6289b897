"""What `init-certs` does: bring a certificates folder to a whole set, adding only what is missing.

A plain function on the caller's thread, under the folder's lock. It never changes a file that is
there unless forced, and then the old one stands in the backup folder. All changes of a run happen
together (`pki.change`), so a run that is killed leaves the folder as it was, or is finished by
the next run.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.clock import Clock, rfc3339
from secure_chat.errors import CertificateRefused, IdentityError
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.authority import AUTHORITY_KEY_TYPES, Authority, Leaf
from secure_chat.pki.bundle import issuer_of
from secure_chat.pki.change import Change, finish_change, new_backup
from secure_chat.pki.crl import present_lists, sign_lists
from secure_chat.pki.files import create_folder
from secure_chat.pki.hostname import HostNames, read_host_names
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.inventory import Holding, holdings, load_authorities, load_certificate
from secure_chat.pki.keys import KeyType, PrivateKey, key_from_pem
from secure_chat.pki.lists import revocations_in
from secure_chat.pki.opening import open_authority
from secure_chat.pki.profile import fingerprint_of, read_host, read_member
from secure_chat.pki.registry import REPLACED, Registry
from secure_chat.pki.request import InitRequest, host_names_of
from secure_chat.pki.signing import issued
from secure_chat.pki.vault import Vault

__all__ = ["InitReport", "InitRequest", "init_certs", "open_authority"]

_SECRET: Final = 0o600
_PUBLIC: Final = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class InitReport:
    """What there is now.

    Args:
        community: the community's id.
        holdings: every certificate of the folder.
        made: the files this run made, as posix paths in the folder.
        backup: where the old set went, None when nothing was replaced.
        healed: whether an interrupted run was finished first.
        warnings: what the person should know, a sentence each.
    """

    community: str
    holdings: tuple[Holding, ...]
    made: tuple[str, ...]
    backup: Path | None
    healed: bool
    warnings: tuple[str, ...]


def init_certs(vault: Vault, request: InitRequest, clock: Clock | None = None) -> InitReport:
    """Bring the folder to a whole set; running it again changes nothing that is there.

    Args:
        vault: the folder; made when it is missing.
        request: what is wanted.
        clock: the vault's own unless given.

    Raises:
        UsageError: a name, a life or a passphrase cannot be used; nothing was changed.
        IdentityError: what is there does not fit together, or the folder cannot be written.
    """
    names = host_names_of(request)
    try:
        create_folder(vault.folder)
    except OSError as error:
        raise IdentityError(
            f"{vault.folder} cannot be made a folder of your own",
            why=error.strerror or str(error),
            hint="name another folder with --certs",
        ) from error
    with vault.audit.lock():
        healed = finish_change(vault.folder)
        run = _Run(vault, request, names, (clock or vault.clock).now())
        run.prepare()
        run.change.commit()
        return InitReport(
            community=vault.community(),
            holdings=tuple(holdings(vault)),
            made=tuple(run.made),
            backup=run.backup if run.backup.exists() else None,
            healed=healed,
            warnings=(*run.warnings, *_expired(vault, run.now)),
        )


class _Run:
    """One run under the lock: looks at what is there and stages what is missing."""

    def __init__(self, vault: Vault, request: InitRequest, names: HostNames, now: float) -> None:
        self.vault = vault
        self.request = request
        self.names = names
        self.now = now
        self.backup = new_backup(vault.folder, now)
        self.change = Change(vault.folder, backup=self.backup.name)
        self.made: list[str] = []
        self.warnings: list[str] = []
        self._authority: Authority | None = None
        self._registry = self._read_trail()

    def _read_trail(self) -> Registry:
        """Return the registry; a damaged trail goes into the backup, but only when forced."""
        if not self.vault.audit_file.exists():
            return Registry()
        try:
            return self.vault.registry()
        except IdentityError:
            if not self.request.force:
                raise
        self.change.retire(self.vault.audit_file.name)
        self.warnings.append(
            f"{self.vault.audit_file} was damaged and a new one begun; the old one is in the backup"
        )
        return Registry()

    def prepare(self) -> None:
        """Stage everything that is missing; `ca.crt` last, because nothing works without it."""
        old = _set_files(self.vault)
        fresh = self.request.force or not old
        if not fresh and not self.vault.ca_crt.exists():
            raise IdentityError(
                f"{self.vault.ca_crt} is missing",
                why="other files of its set are there, and a new one would not fit them",
                hint="put it back, or run `securechat init-certs --force`: it backs up the rest",
            )
        if self.request.force:
            for name in old:
                self.change.retire(name)
        if not self.vault.community_file.exists():
            self._add("community", f"{secrets.token_hex(16)}\n".encode(), _PUBLIC)
        if fresh:
            self._make_authority()
        else:
            self._adopt()
        if fresh or not self.vault.crl.exists():
            self._add("crl.pem", self._crl(fresh=fresh), _PUBLIC)
        self._host(fresh=fresh)
        for name in self.request.clients:
            self._client(name, fresh=fresh)
        if fresh:
            self._add("ca.crt", self._issuer().certificate_pem, _PUBLIC)

    def _add(self, name: str, data: bytes, mode: int) -> None:
        self.change.add(name, data, mode)
        self.made.append(name)

    def _issuer(self) -> Authority:
        """Return the authority, asking for its passphrase only when something must be signed."""
        if self._authority is None:
            if not self.vault.ca_key.exists():
                raise IdentityError(
                    f"{self.vault.ca_key} is not here",
                    why="something is missing that only the authority's key can make",
                    hint="run this where ca.key is, or with --force to begin a new set",
                )
            self._authority = open_authority(self.vault, self.request.unlock)
        return self._authority

    def _make_authority(self) -> None:
        kind = self.request.key_type
        made = Authority.create(
            now=self.now,
            life=self.request.ca_life,
            key_type=kind if kind in AUTHORITY_KEY_TYPES else KeyType.P256,
        )
        self._authority = made
        self._add("ca.key", made.key_pem(self.request.passphrase), _SECRET)
        self.change.note(
            Act(
                at=rfc3339(self.now),
                act=Deed.CREATED_AUTHORITY,
                name=made.name,
                serial=made.serial,
                fingerprint=made.fingerprint,
                not_before=rfc3339(made.not_before),
                not_after=rfc3339(made.not_after),
                by=self.request.by,
            )
        )

    def _crl(self, *, fresh: bool) -> bytes:
        """Return a list for each authority; nobody is on that of a fresh one."""
        issuer = self._issuer()
        authorities = [issuer.certificate] if fresh else self.vault.ca_certificates()
        registry = Registry() if fresh else self.change.registry()
        lists = sign_lists([], authorities, issuer, registry, self.now)
        if lists.unsigned:
            raise IdentityError(
                f"{self.vault.crl} is missing and cannot be signed anew",
                why="the key of the older authority is not here or has another passphrase",
                hint="end the change-over with `securechat certs rotate-ca --finish`",
            )
        return lists.pem

    def _host(self, *, fresh: bool) -> None:
        crt, key = self.vault.host_crt, self.vault.host_key
        if not fresh and crt.exists():
            if not key.exists():
                self.warnings.append(
                    f"{crt} is there but its key is not: the host cannot start; "
                    "put the key back, or move the certificate away and run this again"
                )
            self._compare_host_names()
            return
        private = None if fresh else self._existing_key(key)
        # During a change-over whoever has not moved trusts the older authority only.
        issuer = self._issuer().previous or self._issuer()
        leaf = issuer.issue_host(
            self.names, now=self.now, life=self.request.life, key=private or self.request.key_type
        )
        self._stage("host", leaf, issuer, with_key=private is None)

    def _compare_host_names(self) -> None:
        """Say which names were asked for that an existing host certificate does not carry."""
        certificate = load_certificate(self.vault.host_crt)
        if certificate is None:
            self.warnings.append(f"{self.vault.host_crt} cannot be read as a certificate")
            return
        carried = next(item.names for item in holdings(self.vault) if item.kind == "host")
        for name in self.request.host_names:
            wanted = read_host_names([name])
            if not {*wanted.dns, *(str(address) for address in wanted.ips)} <= set(carried):
                self.warnings.append(
                    f"{self.vault.host_crt} exists and is not valid for {name}; move it and its "
                    "key away and run this again to have one that is"
                )

    def _client(self, name: str, *, fresh: bool) -> None:
        crt, key = self.vault.client_crt(name), self.vault.client_key(name)
        if not fresh and crt.exists():
            return
        known = None if fresh else self._registry.newest(name)
        revoked = known is not None and known.state == "revoked" and known.reason != REPLACED
        if revoked or name in self._registry.retired:
            self.warnings.append(f"{name} was revoked, so no new certificate was made for them")
            return
        if known is not None and known.state == "valid":
            self.warnings.append(
                f"{name} had a certificate already, valid until {rfc3339(known.not_after)}; "
                "it goes on counting beside the new one"
            )
        private = None if fresh else self._existing_key(key)
        issuer = self._issuer()
        leaf = issuer.issue_member(
            name,
            self._registry.roles.get(name, Role.MEMBER),
            now=self.now,
            life=self.request.life,
            key=private or self.request.key_type,
        )
        self._stage(f"clients/{name}", leaf, issuer, with_key=private is None)

    def _existing_key(self, path: Path) -> PrivateKey | None:
        """Return a key that is there without its certificate: it gets one and stays."""
        if not path.exists():
            return None
        return key_from_pem(self.vault.read(path), self.request.unlock, where=str(path))

    def _stage(self, stem: str, leaf: Leaf, issuer: Authority, *, with_key: bool) -> None:
        self.change.note(issued(leaf.identity, issuer, self.now, self.request.by))
        if with_key:
            self._add(f"{stem}.key", leaf.key_pem(self.request.passphrase), _SECRET)
        self._add(f"{stem}.crt", leaf.certificate_pem, _PUBLIC)

    def _adopt(self) -> None:
        """Enter certificates of ours into the trail that it does not know, say after a loss."""
        authorities = load_authorities(self.vault.ca_crt)
        listed = {
            entry.serial: entry.reason
            for one in present_lists(self.vault)
            for entry in revocations_in(one)
        }
        for item in holdings(self.vault):
            certificate = load_certificate(item.certificate)
            if item.kind == "ca" or certificate is None:
                continue
            issuer = issuer_of(certificate, authorities)
            identity = None if issuer is None else _identity(item, certificate)
            entry = self._registry.get(item.serial)
            known = entry is not None and entry.reason != REPLACED
            if issuer is None or identity is None or known:
                continue
            at, by, ca = self.now, self.request.by, fingerprint_of(issuer)
            self.change.note(Act.of(Deed.ADOPTED, identity, at=at, by=by, authority=ca))
            if item.serial in listed:
                reason = listed[item.serial] or "crl"
                act = Act.of(Deed.REVOKED, identity, at=at, by=by, reason=reason, authority=ca)
                self.change.note(act)


def _set_files(vault: Vault) -> list[str]:
    """Return the files of the set that are there, `ca.crt` first."""
    fixed = [vault.ca_crt, vault.ca_key, vault.previous_ca_key, vault.crl]
    clients = sorted((vault.folder / "clients").glob("*"))
    every = (*fixed, vault.host_crt, vault.host_key, *clients)
    found = [path for path in every if path.is_file()]
    return [path.relative_to(vault.folder).as_posix() for path in found]


def _identity(item: Holding, certificate: x509.Certificate) -> Identity | None:
    """Return what a certificate says when it has the shape that is issued here, else None."""
    read = read_host if item.kind == "host" else read_member
    try:
        return read(certificate.public_bytes(Encoding.DER))
    except CertificateRefused:
        return None


def _expired(vault: Vault, now: float) -> Iterator[str]:
    for item in holdings(vault):
        if item.not_after < now:
            yield f"{item.certificate} has expired on {rfc3339(item.not_after)}"
