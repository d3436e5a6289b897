"""`crl.pem`: a list of revoked certificates for each authority of the folder, signed anew.

What stands in the lists follows from the registry; a list never forgets what the registry does not
know. Used under the folder's lock; the authority's key was opened before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.authority import Authority
from secure_chat.pki.bundle import common_name, list_of, lists_in, pem_of
from secure_chat.pki.change import Change, changing
from secure_chat.pki.leaf import Revocation
from secure_chat.pki.lists import number_of, revocations_in, said
from secure_chat.pki.opening import check_issuer
from secure_chat.pki.profile import fingerprint_of
from secure_chat.pki.registry import REPLACED, Entry, Registry
from secure_chat.pki.vault import Vault

__all__ = ["Lists", "export_crl", "present_lists", "sign_lists", "stage_lists", "write_crl"]

_PUBLIC: Final = 0o644


@dataclass(frozen=True, slots=True)
class Lists:
    """The content of a `crl.pem`.

    Args:
        pem: one list for each authority.
        unsigned: names of the authorities whose list lacks somebody, or is not there at all,
            because their key could not be used.
    """

    pem: bytes
    unsigned: tuple[str, ...] = ()


def write_crl(vault: Vault, authority: Authority | None, *, now: float) -> Lists:
    """Bring `crl.pem` up to what the registry says; nothing is written when it is there already.

    Call it when an authority's key can be used again after a time in which it could not.

    Args:
        vault: the folder.
        authority: who signs; with None the answer only tells whose list is behind.
        now: seconds since 1970 UTC.

    Raises:
        IdentityError: a file cannot be read or written, or another authority issues here now.
    """
    with changing(vault.folder, now) as change:
        return stage_lists(change, vault, authority, now)


def stage_lists(change: Change, vault: Vault, authority: Authority | None, now: float) -> Lists:
    """Have `crl.pem` signed anew with a change, if the acts noted in it or before ask for it.

    Args:
        change: the change; acts noted later do not count.
        vault: its folder.
        authority: who signs, None when nobody can.
        now: seconds since 1970 UTC.

    Raises:
        IdentityError: a file cannot be read or written, or another authority issues here now.
    """
    try:
        authorities = vault.ca_certificates()
    except IdentityError:
        if authority is None:
            # A broken folder must not keep a revocation from acting.
            return Lists(b"", (vault.ca_crt.name,))
        raise
    if authority is not None:
        check_issuer(vault, authority)
    before = present_lists(vault)
    lists = sign_lists(before, authorities, authority, change.registry(), now)
    if lists.pem != pem_of(before):
        change.add(vault.crl.name, lists.pem, _PUBLIC, replace=True)
    return lists


def sign_lists(
    before: Sequence[x509.CertificateRevocationList],
    authorities: Sequence[x509.Certificate],
    authority: Authority | None,
    registry: Registry,
    now: float,
) -> Lists:
    """Return the lists for some authorities; one that would say the same stays as it is.

    Args:
        before: the lists so far.
        authorities: those that are trusted, the issuing one first.
        authority: who signs, None when nobody can; its `previous` signs the older one's list.
        registry: who is revoked.
        now: seconds since 1970 UTC.
    """
    signers = {one.fingerprint: one for one in _chain(authority)}
    pem, unsigned = b"", []
    for certificate in authorities:
        present = list_of(before, certificate)
        fingerprint = fingerprint_of(certificate)
        # Lines of a trail that has lost its beginning name no authority: the oldest it is.
        names = {fingerprint, ""} if certificate is authorities[-1] else {fingerprint}
        wanted = _wanted(registry, names, present)
        signer = signers.get(fingerprint)
        if present is not None and _serials(wanted) <= _serials(revocations_in(present)):
            pem += present.public_bytes(Encoding.PEM)
        elif signer is not None:
            after = -1 if present is None else number_of(present)
            pem += signer.crl(wanted, now=now, after=after)
        else:
            pem += b"" if present is None else present.public_bytes(Encoding.PEM)
            unsigned.append(common_name(certificate))
    return Lists(pem, tuple(unsigned))


def present_lists(vault: Vault) -> list[x509.CertificateRevocationList]:
    """Return the lists there are; none when the file is missing or cannot be read."""
    try:
        return lists_in(vault.crl.read_bytes())
    except (OSError, ValueError):
        return []


def export_crl(vault: Vault, *, der: bool = False) -> bytes:
    """Return the lists for others, such as a proxy in front of the host.

    Args:
        vault: the folder.
        der: as DER, which holds one list only.

    Raises:
        IdentityError: `crl.pem` is missing or cannot be read.
        UsageError: there are two lists and one file of DER cannot hold them.
    """
    try:
        lists = lists_in(vault.read(vault.crl))
    except ValueError as error:
        raise IdentityError(
            f"{vault.crl} cannot be read",
            why=str(error),
            hint="move it away and run `securechat init-certs`",
        ) from error
    if not der:
        return pem_of(lists)
    if len(lists) > 1:
        raise UsageError(
            "DER holds one list, and there are two during a change-over of authorities",
            hint="export it as PEM, which holds both",
        )
    return lists[0].public_bytes(Encoding.DER)


def _chain(authority: Authority | None) -> Iterable[Authority]:
    while authority is not None:
        yield authority
        authority = authority.previous


def _wanted(
    registry: Registry, names: set[str], present: x509.CertificateRevocationList | None
) -> list[Revocation]:
    """Return what a list must say, in the order in which it came about."""
    found = [
        Revocation(entry.serial, entry.revoked, said(entry.reason))
        for entry in registry.entries.values()
        if entry.authority in names and _is_listed(entry, present)
    ]
    listed = [] if present is None else revocations_in(present)
    # After a loss of the trail the list is the only witness.
    kept = [entry for entry in listed if registry.get(entry.serial) is None]
    return [*kept, *sorted(found, key=lambda entry: entry.at)]


def _is_listed(entry: Entry, present: x509.CertificateRevocationList | None) -> bool:
    """Tell whether a certificate belongs on the next list.

    One that has expired leaves it when a list made after its end has named it (RFC 5280 section
    3.3), so that certificates of three minutes do not make a list without end.
    """
    if entry.state != "revoked" or entry.reason == REPLACED:
        return False
    return present is None or present.last_update_utc.timestamp() <= entry.not_after


def _serials(revocations: Iterable[Revocation]) -> set[tuple[str, str]]:
    return {(entry.serial, entry.reason) for entry in revocations}
