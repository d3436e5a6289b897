"""Enrolling: from an invitation to a profile; the private key is made here and never leaves.

On the caller's thread, which waits. The profile stands when all of it is on the disk, or not at
all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secure_chat.client.profiles import Draft, Profile, Profiles
from secure_chat.client.visits import Visits
from secure_chat.clock import Clock, SystemClock
from secure_chat.errors import IdentityError
from secure_chat.limits import Limits
from secure_chat.net.recording import Evidence
from secure_chat.pki.csr import make_request
from secure_chat.pki.identity import Identity
from secure_chat.pki.invitation import Invitation
from secure_chat.pki.keys import KeyType, key_to_pem, new_key
from secure_chat.pki.vault import Vault
from secure_chat.wire.enrolment import Enrolled

__all__ = ["UNENROLLED", "Enrolling", "Member", "enroll"]

UNENROLLED: Final = "enrolment"
"""Stands for the community in the path of records made before there is one."""

_SECRET: Final = 0o600
_PUBLIC: Final = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolling:
    """What is wanted.

    Args:
        invitation: as it was handed over.
        label: what the profile is to be called; None for the person's name.
        key_type: the kind of key to make.
        passphrase: encrypts the key; None for none.
    """

    invitation: Invitation
    label: str | None = None
    key_type: KeyType = KeyType.P256
    passphrase: bytes | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Who one has become.

    Args:
        profile: where it is kept.
        identity: what the certificate says.
        certificate: its file.
        key: the private key's file.
    """

    profile: Profile
    identity: Identity
    certificate: Path
    key: Path


def enroll(
    wanted: Enrolling,
    profiles: Profiles,
    recorded: Callable[[Evidence], None],
    *,
    limits: Limits | None = None,
    clock: Clock | None = None,
) -> Member:
    """Get a certificate by an invitation and keep it as a profile.

    Args:
        wanted: the invitation and what to make of it.
        profiles: where the profile goes.
        recorded: takes the evidence of each of the two handshakes.
        limits: the bounds in force.
        clock: the time.

    Raises:
        UsageError: the profile's label cannot be used.
        HostUnreachable: no enrolment listener answers there.
        HostNotTrusted: it is not the host that the invitation names; the secret was not sent.
        HostRefused: the host gives no certificate.
        OutcomeUnknown: the answer was lost; the invitation may be used up.
        StoreError: the profile cannot be written; nothing of it is left.
    """
    limits, clock = limits or Limits(), clock or SystemClock()
    invitation = wanted.invitation
    name = invitation.name
    with profiles.draft(wanted.label, name) as draft:
        # Written before anybody is asked: without room for it, nothing of the host is used up.
        vault = draft.vault
        key = new_key(wanted.key_type)
        draft.add(vault.client_key(name), key_to_pem(key, wanted.passphrase), _SECRET)
        visits = Visits(invitation, recorded, limits, clock)
        authority = visits.first()
        answer = visits.second(authority, make_request(key, name))
        return _keep(draft, answer, wanted)


def _keep(draft: Draft, answer: Enrolled, wanted: Enrolling) -> Member:
    """Write the rest of a profile and look whether it can be used before it becomes one."""
    invitation, vault = wanted.invitation, draft.vault
    name = invitation.name
    draft.add(vault.ca_crt, answer.authorities.encode(), _PUBLIC)
    draft.add(vault.community_file, f"{answer.community}\n".encode(), _PUBLIC)
    draft.add(vault.client_crt(name), answer.certificate.encode(), _PUBLIC)
    passphrase = wanted.passphrase
    try:
        files = vault.client_files(name, None if passphrase is None else lambda: passphrase)
        profile = draft.keep(name, invitation.host, answer.port)
    except IdentityError as error:
        raise IdentityError(
            "the host gave a certificate that cannot be used",
            why=error.what,
            hint="Tell whoever runs the host, and ask for a new invitation.",
        ) from error
    kept = Vault(profile.folder)
    return Member(profile, files.identity, kept.client_crt(name), kept.client_key(name))
