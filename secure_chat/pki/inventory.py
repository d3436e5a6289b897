"""What stands in a certificates folder: one entry for each certificate, for people and scripts.

Reads only and judges nothing but time; whether something can be used is for `pki.vault`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509

from secure_chat.pki.bundle import certificates_in, common_name
from secure_chat.pki.identity import is_name
from secure_chat.pki.keys import key_is_encrypted
from secure_chat.pki.profile import fingerprint_of, serial_of
from secure_chat.pki.vault import Vault

__all__ = ["Holding", "holdings", "load_authorities", "load_certificate"]


@dataclass(frozen=True, slots=True)
class Holding:
    """One certificate of the folder.

    Args:
        kind: whose it is.
        name: the person, the host's first name, or the authority's name.
        certificate: its file.
        key: the file of its private key, None when that is not here.
        encrypted: whether the key needs a passphrase.
        serial: lower-case hex.
        sha256: fingerprint of the DER certificate, lower-case hex.
        not_before: seconds since 1970 UTC.
        not_after: seconds since 1970 UTC.
        names: for a host, all that it is valid for.
    """

    kind: Literal["ca", "host", "client"]
    name: str
    certificate: Path
    key: Path | None
    encrypted: bool
    serial: str
    sha256: str
    not_before: int
    not_after: int
    names: tuple[str, ...] = ()


def holdings(vault: Vault) -> list[Holding]:
    """Return every readable certificate of the folder: authorities, host, people by name.

    The authority that issues is the first; there is an older one during a change-over only.
    """
    found = [
        _holding("ca", vault.ca_crt, key, certificate)
        for key, certificate in zip(
            (vault.ca_key, vault.previous_ca_key), load_authorities(vault.ca_crt), strict=False
        )
    ]
    found.append(_holding("host", vault.host_crt, vault.host_key))
    found += [
        _holding("client", path, vault.client_key(path.stem))
        for path in sorted((vault.folder / "clients").glob("*.crt"))
        if is_name(path.stem)
    ]
    return [holding for holding in found if holding is not None]


def load_certificate(path: Path) -> x509.Certificate | None:
    """Return the certificate in a PEM file, or None when there is none that can be read."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def load_authorities(path: Path) -> list[x509.Certificate]:
    """Return the certificates in a bundle, none when it cannot be read."""
    try:
        return certificates_in(path.read_bytes())
    except (OSError, ValueError):
        return []


def _holding(
    kind: Literal["ca", "host", "client"],
    path: Path,
    key: Path,
    certificate: x509.Certificate | None = None,
) -> Holding | None:
    certificate = certificate or load_certificate(path)
    if certificate is None:
        return None
    names = _host_names(certificate) if kind == "host" else ()
    return Holding(
        kind=kind,
        name=path.stem if kind == "client" else common_name(certificate),
        certificate=path,
        key=key if key.exists() else None,
        encrypted=key_is_encrypted(key),
        serial=serial_of(certificate),
        sha256=fingerprint_of(certificate),
        not_before=int(certificate.not_valid_before_utc.timestamp()),
        not_after=int(certificate.not_valid_after_utc.timestamp()),
        names=names,
    )


def _host_names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()
    return tuple(str(entry.value) for entry in names)
