"""Another certificate for the host: same names, same key, while it runs or not.

On the registrar's thread while the host runs, else on that of a command. One file is replaced by
one rename; the running host shows the new one to new connections when it sees it.
"""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from cryptography import x509

from secure_chat.errors import IdentityError
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.authority import Authority, Leaf
from secure_chat.pki.bundle import certificates_in, issued_by
from secure_chat.pki.change import Change, changing
from secure_chat.pki.hostname import HostNames
from secure_chat.pki.keys import PublicKey
from secure_chat.pki.life import is_due, life_of, next_life
from secure_chat.pki.opening import check_issuer
from secure_chat.pki.profile import serial_of
from secure_chat.pki.registry import SUPERSEDED
from secure_chat.pki.signing import ends_of, issued
from secure_chat.pki.vault import Vault

__all__ = ["renew_host", "replace_host"]

_PUBLIC: Final = 0o644


def renew_host(
    vault: Vault, authority: Authority, now: float, by: str, *, force: bool = False
) -> Leaf | None:
    """Renew the host's certificate when two thirds of its life are over: same names, same key.

    One that ends together with its authority is not due: another would end no later.

    During a change-over the older authority issues it, because whoever has not moved trusts that
    one only.

    Args:
        vault: the folder.
        authority: who signs; its `previous` during a change-over.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.
        force: renew it although it is not due.

    Returns:
        The new certificate, whose file stands in the folder; None when it is not due.

    Raises:
        IdentityError: the certificate or the authority is of no use, or the older authority's key
            is not here.
    """
    certificate = _host_certificate(vault)
    issuer = _issuer(certificate, authority)
    begin, end = _life(certificate)
    if not force and (not is_due(begin, end, now) or (issuer and end >= issuer.not_after)):
        return None
    with changing(vault.folder, now) as change:
        check_issuer(vault, authority)
        issuer = _issuer(_host_certificate(vault), authority)
        if issuer is None:
            raise IdentityError(
                "the host's certificate cannot be renewed now",
                why="the authority that issued it is being replaced and its key is not here",
                hint="end the change-over with `securechat certs rotate-ca --finish`",
            )
        return replace_host(change, vault, issuer, now, by)


def replace_host(change: Change, vault: Vault, authority: Authority, now: float, by: str) -> Leaf:
    """Stage a new certificate for the host's names and key in the place of the old one.

    Args:
        change: the change of the folder.
        vault: the folder.
        authority: who signs.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.

    Raises:
        IdentityError: the old one cannot be read, the authority has expired, or a file cannot be
            written.
    """
    certificate = _host_certificate(vault)
    key = certificate.public_key()
    if not isinstance(key, PublicKey):
        raise IdentityError(f"{vault.host_crt} has a key that no certificate can speak for")
    entries = vault.registry().entries
    entry = entries.get(serial_of(certificate))
    begin, end = _life(certificate)
    life = life_of(begin, end) if entry is None else next_life(entry, entries, ends_of(vault))
    leaf = authority.issue_host(_names(certificate), now=now, life=life, key=key)
    replaces = "" if entry is None else entry.serial
    change.note(issued(leaf.identity, authority, now, by, replaces=replaces))
    if entry is not None and entry.state == "valid":
        # Nobody shows the host's certificate but the host, which shows the new one from now on.
        change.note(Act.on(Deed.REVOKED, entry, at=now, by=by, reason=SUPERSEDED))
    change.add(vault.host_crt.name, leaf.certificate_pem, _PUBLIC, replace=True)
    return leaf


def _issuer(certificate: x509.Certificate, authority: Authority) -> Authority | None:
    for one in (authority, authority.previous):
        if one is not None and issued_by(certificate, one.certificate):
            return one
    return None


def _host_certificate(vault: Vault) -> x509.Certificate:
    try:
        return certificates_in(vault.read(vault.host_crt))[0]
    except ValueError as error:
        raise IdentityError(
            f"{vault.host_crt} is not a certificate",
            why="expected one in PEM",
            hint="move it away and run `securechat init-certs`",
        ) from error


def _life(certificate: x509.Certificate) -> tuple[float, float]:
    return (
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
    )


def _names(certificate: x509.Certificate) -> HostNames:
    """Return all names of a host's certificate, as they were asked for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return HostNames()
    addresses = names.get_values_for_type(x509.IPAddress)
    return HostNames(
        tuple(names.get_values_for_type(x509.DNSName)),
        tuple(one for one in addresses if isinstance(one, IPv4Address | IPv6Address)),
    )
