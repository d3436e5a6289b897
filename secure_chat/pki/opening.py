"""The folder's authority with its key, ready to issue.

Called before the folder's lock is taken, because it may ask a person for a passphrase. A change
that an interrupted command left half done is finished first: key and certificate of the authority
may be what it was changing.
"""

from functools import cache

from secure_chat.errors import IdentityError
from secure_chat.pki.authority import Authority
from secure_chat.pki.bundle import pem_of
from secure_chat.pki.change import heal
from secure_chat.pki.keys import Passphrase
from secure_chat.pki.modes import check_private
from secure_chat.pki.profile import fingerprint_of
from secure_chat.pki.vault import Vault

__all__ = ["check_issuer", "open_authority"]


def open_authority(vault: Vault, passphrase: Passphrase | None = None) -> Authority:
    """Return the authority that issues, with its key; during a change-over the older one too.

    The older one is left out when its key is not here or cannot be opened: then its list of
    revoked certificates stays as it is, and the registry alone keeps them out.

    Args:
        vault: the folder.
        passphrase: asked once, and only when a key is encrypted.

    Raises:
        IdentityError: certificate or key are missing, do not fit, or others may read the key.
    """
    heal(vault.folder)
    ask = None if passphrase is None else cache(passphrase)
    issuing, *older = vault.ca_certificates()
    check_private(vault.ca_key)
    key = vault.read(vault.ca_key)
    previous = None
    if older and vault.previous_ca_key.exists():
        check_private(vault.previous_ca_key)
        try:
            previous = Authority.load(
                pem_of(older[:1]),
                vault.read(vault.previous_ca_key),
                ask,
                where=str(vault.previous_ca_key),
            )
        except IdentityError:
            previous = None
    return Authority.load(pem_of([issuing]), key, ask, where=str(vault.ca_key), previous=previous)


def check_issuer(vault: Vault, authority: Authority) -> None:
    """Refuse to sign with an authority that issues here no more; asked under the folder's lock.

    Args:
        vault: the folder.
        authority: what `open_authority` returned some time ago.

    Raises:
        IdentityError: another command has changed the authority since.
    """
    if fingerprint_of(vault.ca_certificate()) != authority.fingerprint:
        raise IdentityError(
            "another authority issues here now",
            why=f"{vault.ca_crt} was changed by another command meanwhile",
            hint="run the command again",
        )
