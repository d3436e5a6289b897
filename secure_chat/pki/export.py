"""An identity as one file for other programs: PKCS#12 or PEM, under a passphrase of its own.

On the thread of whoever asks. What is exported is written down in the audit trail, because from
then on the key is in two places.

Sources: RFC 7292 (PKCS#12), with the ciphers of RFC 8018; RFC 7468 (PEM).
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.act import Act
from secure_chat.pki.bundle import certificates_in, pem_of
from secure_chat.pki.identity import Identity
from secure_chat.pki.keys import Passphrase, key_from_pem, key_to_pem
from secure_chat.pki.newfile import check_free, new_file
from secure_chat.pki.request import check_passphrase
from secure_chat.pki.vault import Vault

__all__ = ["Exported", "Format", "export"]


class Format(StrEnum):
    """Which kind of file."""

    P12 = "p12"
    PEM = "pem"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported.

    Args:
        path: the file.
        identity: whose key and certificate are in it.
        authorities: how many certificates of authorities are in it.
    """

    path: Path
    identity: Identity
    authorities: int


def export(  # noqa: PLR0913 - an export has as many parts
    vault: Vault,
    name: str,
    path: Path,
    kind: Format,
    passphrase: bytes,
    *,
    unlock: Passphrase | None = None,
    now: float,
    by: str,
) -> Exported:
    """Write a person's key, certificate and authorities into one file, readable by its owner only.

    Args:
        vault: the certificates folder; the person's key must stand in it.
        name: whose.
        path: the file to make; nothing may stand there.
        kind: PKCS#12, or the PEM blocks one behind the other.
        passphrase: encrypts the key in that file; text in UTF-8.
        unlock: asked when the key in the folder is encrypted.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.

    Raises:
        UsageError: the passphrase cannot be used.
        IdentityError: the identity is not here or cannot be used.
        StoreError: something stands at that place, or it cannot be written.
    """
    check_free(path)
    _check_text(passphrase)
    if not vault.audit_file.exists():
        raise IdentityError(
            f"{vault.audit_file} is missing",
            why="an export is written down in the audit trail, which only the folder of whoever"
            " runs the host has",
            hint="name that folder with --certs",
        )
    files = vault.client_files(name, unlock)
    key = key_from_pem(vault.read(files.key), unlock, where=str(files.key))
    certificate, *_ = certificates_in(vault.read(files.certificate))
    authorities = vault.ca_certificates()
    if kind is Format.P12:
        data = pkcs12.serialize_key_and_certificates(
            name.encode(), key, certificate, authorities, BestAvailableEncryption(passphrase)
        )
    else:
        data = key_to_pem(key, passphrase) + pem_of([certificate, *authorities])
    with new_file(path) as file:
        file.write(data)
        # Before it has its name: an export that nobody knows of is worse than a line too many.
        act = Act.of("exported", files.identity, at=now, by=by, reason=f"as {kind}")
        vault.audit.append([act])
    return Exported(path, files.identity, len(authorities))


def _check_text(passphrase: bytes) -> None:
    check_passphrase(passphrase)
    try:
        passphrase.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            "the passphrase of an export is text", why=str(error), hint="write it in UTF-8"
        ) from error
