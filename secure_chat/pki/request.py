"""What a run of `init-certs` is asked for, and the check that it can be done at all.

Pure; it is judged as a whole before anything is touched.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from secure_chat.errors import UsageError
from secure_chat.pki.authority import LONGEST_AUTHORITY_LIFE, bad_name
from secure_chat.pki.hostname import HostNames, is_dns_name, read_host_names
from secure_chat.pki.identity import is_name
from secure_chat.pki.keys import KeyType, Passphrase
from secure_chat.pki.profile import LONGEST_LIFE

__all__ = ["InitRequest", "check_passphrase", "host_names_of"]

_ALWAYS: Final = ("localhost", "127.0.0.1", "::1")
# OpenSSL reads no more than 1024 bytes of a passphrase, the ending zero included.
_PASSPHRASE_BYTES: Final = 1_023


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRequest:
    """What is wanted.

    Args:
        clients: the people who shall have a certificate.
        host_names: further DNS names and addresses of the host.
        computer: this computer's own name, left out when no certificate can carry it.
        life: of a leaf; at most 397 days, cut at the authority's end.
        ca_life: of the authority; at most 3660 days.
        key_type: of the leaves; the authority takes p256 when it cannot have this kind.
        passphrase: encrypts the private keys that are made; None for none.
        unlock: asked for the passphrase of a key that is there and encrypted.
        force: replace the whole set, the old one goes into a backup folder.
        by: who does it, for the audit trail.
    """

    clients: tuple[str, ...] = ("alice", "bob")
    host_names: tuple[str, ...] = ()
    computer: str = ""
    life: timedelta = timedelta(days=90)
    ca_life: timedelta = timedelta(days=3_650)
    key_type: KeyType = KeyType.P256
    passphrase: bytes | None = field(default=None, repr=False)
    unlock: Passphrase | None = None
    force: bool = False
    by: str = "init-certs"


def host_names_of(request: InitRequest) -> HostNames:
    """Refuse what cannot be used before anything is touched; return the host's names."""
    for name in request.clients:
        if not is_name(name):
            raise bad_name(name)
    if request.life > LONGEST_LIFE:
        raise UsageError(
            f"--life cannot be longer than {LONGEST_LIFE.days}d", hint="90d is the default"
        )
    if request.ca_life > LONGEST_AUTHORITY_LIFE:
        raise UsageError(
            f"--ca-life cannot be longer than {LONGEST_AUTHORITY_LIFE.days}d",
            hint="3650d is the default",
        )
    check_passphrase(request.passphrase)
    computer = request.computer.lower()
    own = (computer,) if is_dns_name(computer) else ()
    return read_host_names((*_ALWAYS, *own, *request.host_names))


def check_passphrase(passphrase: bytes | None) -> None:
    """Refuse a passphrase that could encrypt a key which nothing opens again.

    Raises:
        UsageError: it is empty or too long.
    """
    if passphrase is not None and not 0 < len(passphrase) <= _PASSPHRASE_BYTES:
        raise UsageError(
            f"a passphrase has 1 to {_PASSPHRASE_BYTES} bytes",
            hint="write it into the first line of the file",
        )
