"""New certificates: for people whose key is made here, and by the other ways there are.

`issue` makes key and certificate in the folder, to be handed over; on the thread of whoever asks.
The other ways stand in modules of their own and are named here so that one place has all of them:
`sign_request` for a key that is elsewhere, `renew` and `renew_host` in place of an older one,
`promote` and `demote` for another role.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from secure_chat.errors import UsageError
from secure_chat.pki.authority import Authority
from secure_chat.pki.change import Change, changing
from secure_chat.pki.claim import check_claim, role_for
from secure_chat.pki.identity import Role
from secure_chat.pki.keys import KeyType, Passphrase, PrivateKey, new_key
from secure_chat.pki.life import DEFAULT_LIFE
from secure_chat.pki.opening import check_issuer, open_authority
from secure_chat.pki.rehosting import renew_host
from secure_chat.pki.renewing import Made, renew
from secure_chat.pki.request import check_passphrase
from secure_chat.pki.roles import Reranked, demote, promote
from secure_chat.pki.signing import issued, sign_request
from secure_chat.pki.vault import Vault

__all__ = [
    "IssueRequest",
    "Made",
    "Reranked",
    "demote",
    "issue",
    "promote",
    "renew",
    "renew_host",
    "sign_request",
]

_SECRET: Final = 0o600
_PUBLIC: Final = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRequest:
    """What is wanted.

    Args:
        names: the people who get a certificate each.
        role: member or operator; None for what they are, and member for somebody new.
        life: how long; at most 397 days, cut at the authority's end.
        key_type: the kind of key to make.
        passphrase: encrypts the private keys that are made; None for none.
        unlock: asked when the authority's key is encrypted.
        another_device: whether it is for a further device of people who are known.
        by: who does it, for the audit trail.
    """

    names: tuple[str, ...]
    role: Role | None = None
    life: timedelta = DEFAULT_LIFE
    key_type: KeyType = KeyType.P256
    passphrase: bytes | None = field(default=None, repr=False)
    unlock: Passphrase | None = None
    another_device: bool = False
    by: str = "certs issue"


def issue(vault: Vault, request: IssueRequest, now: float) -> list[Made]:
    """Make a key and a certificate for each of some people, all of them or none.

    They stand in `clients/` of the folder. Where that person's files stand there already, those of
    the further device get a folder of their own, `devices/NAME-2`, to be handed over as a whole.

    Args:
        vault: the folder.
        request: what is wanted.
        now: seconds since 1970 UTC.

    Raises:
        UsageError: a name is taken, retired or none, or a life or a passphrase cannot be used.
        IdentityError: the authority cannot sign, or a file cannot be read or written.
    """
    names = tuple(dict.fromkeys(request.names))
    if not names:
        raise UsageError("nobody was named", hint="name at least one person")
    check_passphrase(request.passphrase)
    authority = open_authority(vault, request.unlock)
    # An RSA key takes a while, and nobody else should wait for the folder meanwhile.
    keys = [new_key(request.key_type) for _ in names]
    with changing(vault.folder, now) as change:
        check_issuer(vault, authority)
        run = _Run(vault, change, authority, request, now)
        return [run.make(name, key) for name, key in zip(names, keys, strict=True)]


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of `issue`, under the lock."""

    vault: Vault
    change: Change
    authority: Authority
    request: IssueRequest
    now: float

    def make(self, name: str, key: PrivateKey) -> Made:
        registry, request = self.vault.registry(), self.request
        check_claim(registry, name, now=self.now, another_device=request.another_device)
        role = role_for(registry, name, request.role, self.now)
        leaf = self.authority.issue_member(name, role, now=self.now, life=request.life, key=key)
        self.change.note(issued(leaf.identity, self.authority, self.now, request.by))
        folder = self._folder(name)
        there = Vault(folder, self.vault.clock)
        if folder != self.vault.folder:
            for file in (self.vault.ca_crt, self.vault.community_file):
                self._add(folder / file.name, self.vault.read(file), _PUBLIC)
        self._add(there.client_key(name), leaf.key_pem(request.passphrase), _SECRET)
        self._add(there.client_crt(name), leaf.certificate_pem, _PUBLIC)
        return Made(
            identity=leaf.identity,
            folder=folder,
            certificate=there.client_crt(name),
            key=there.client_key(name),
        )

    def _add(self, path: Path, data: bytes, mode: int) -> None:
        self.change.add(path.relative_to(self.vault.folder).as_posix(), data, mode)

    def _folder(self, name: str) -> Path:
        """Return the certificates folder in which a person has no files yet."""
        folder, number = self.vault.folder, 1
        while Vault(folder).client_crt(name).exists() or Vault(folder).client_key(name).exists():
            number += 1
            folder = self.vault.folder / "devices" / f"{name}-{number}"
        return folder
