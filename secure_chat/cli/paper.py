"""One certificate and what a folder makes of it: its shape, who issued it, what the registry says.

It may be anybody's, also a hostile one, so it is read by hand (`tls.certificate`), and nothing of
it is printable yet. What it is worth is asked of those who decide it: the profile, the authorities
and the registry; the library's own warnings are not shown to people.
"""

import base64
import binascii
import hashlib
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from secure_chat.cli.roll import held
from secure_chat.clock import rfc3339
from secure_chat.errors import CertificateRefused, IdentityError
from secure_chat.handshakes.record import seconds
from secure_chat.pki.bundle import issuer_of
from secure_chat.pki.identity import Identity
from secure_chat.pki.inventory import Holding, load_authorities
from secure_chat.pki.profile import read_host, read_member
from secure_chat.pki.registry import Entry, Registry
from secure_chat.pki.state import state_at, state_of
from secure_chat.pki.vault import Vault
from secure_chat.tls.certificate import (
    CertificateFacts,
    certificate_extensions,
    certificate_facts,
)
from secure_chat.tls.extensions import Extension

__all__ = ["Judge", "Paper", "Profile", "certificates_of", "papers_of"]

_MOST_BYTES: Final = 4_194_304
_BLOCK: Final = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_DER: Final = b"\x30"


@dataclass(frozen=True, slots=True)
class Profile:
    """Whether a certificate has the shape that is issued here.

    Args:
        identity: what it says of its holder when it has; None when it has not.
        rule: which rule it breaks, "" when it breaks none.
        why: that rule in words.
    """

    identity: Identity | None = None
    rule: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One certificate and what is known of it.

    Args:
        place: its file; None when it is not here and only the registry knows it.
        der: its bytes, empty when it is not here.
        sha256: its fingerprint, lower-case hex.
        facts: what it says.
        extensions: what its extensions say.
        profile: whether it has our shape; None for an authority's, and when it is not here.
        issuer: the name of the folder's authority that issued it; None when none of them did.
        entry: what the registry says of it; None when it does not know it.
        state: a word of `pki.state`; "" when its dates cannot be read.
        used: how much of its life is over, from 0 to 1; None when its dates cannot be read.
        left: seconds until its end, less than none after it; None when it cannot be read.
        key: where its private key stands, None when that is not here.
        encrypted: whether that key needs a passphrase.
    """

    place: Path | None
    der: bytes
    sha256: str
    facts: CertificateFacts
    extensions: tuple[Extension, ...] = ()
    profile: Profile | None = None
    issuer: str | None = None
    entry: Entry | None = None
    state: str = ""
    used: float | None = None
    left: float | None = None
    key: Path | None = None
    encrypted: bool = False

    @property
    def title(self) -> str:
        """Whose it is and where it stands, in a stranger's words."""
        who = self.facts.subject or "somebody"
        if self.entry is not None:
            who = self.entry.name
        elif self.profile is not None and self.profile.identity is not None:
            who = self.profile.identity.name
        return f"{who} ({'the registry' if self.place is None else self.place})"

    @property
    def is_authority(self) -> bool:
        """Whether it says that it is an authority's."""
        return bool(self.facts.authority)


class Judge:
    """Knows what a certificates folder makes of certificates.

    Args:
        vault: the folder; it need not exist.
    """

    def __init__(self, vault: Vault) -> None:
        self._now = vault.clock.now()
        self._authorities = load_authorities(vault.ca_crt)
        self.registry = vault.registry() if vault.audit_file.exists() else Registry()

    def of(self, der: bytes, place: Path, held: Holding | None = None) -> Paper:
        """Return what there is to say of a certificate.

        Args:
            der: the certificate.
            place: its file.
            held: what the folder has of it.
        """
        facts = certificate_facts(der)
        sha256 = hashlib.sha256(der).hexdigest()
        entry = self.registry.get(facts.serial or "")
        known = entry if entry is not None and entry.fingerprint == sha256 else None
        begin, end = seconds(facts.not_before or ""), seconds(facts.not_after or "")
        dated = begin is not None and end is not None
        return Paper(
            place=place,
            der=der,
            sha256=sha256,
            facts=facts,
            extensions=certificate_extensions(der),
            profile=None if facts.authority else _profile(der, facts),
            issuer=self._issuer(der),
            entry=known,
            state=self._state(known, begin, end),
            used=self._used(begin, end) if dated else None,
            left=None if end is None else end - self._now,
            key=None if held is None else held.key,
            encrypted=held is not None and held.encrypted,
        )

    def held(self, items: Iterable[Holding]) -> list[Paper]:
        """Return what stands in a folder; an authority is found in its bundle by fingerprint."""
        found: list[Paper] = []
        for item in items:
            papers = [
                self.of(der, item.certificate, item) for der in certificates_of(item.certificate)
            ]
            found.append(next((one for one in papers if one.sha256 == item.sha256), papers[0]))
        return found

    def registered(self, entry: Entry) -> Paper:
        """Return what the registry knows of a certificate that is not here."""
        facts = CertificateFacts(
            serial=entry.serial,
            not_before=rfc3339(entry.not_before),
            not_after=rfc3339(entry.not_after),
        )
        return Paper(
            place=None,
            der=b"",
            sha256=entry.fingerprint,
            facts=facts,
            entry=entry,
            state=state_of(entry, self._now),
            used=self._used(entry.not_before, entry.not_after),
            left=entry.not_after - self._now,
        )

    def _state(self, entry: Entry | None, begin: float | None, end: float | None) -> str:
        if entry is not None:
            return state_of(entry, self._now)
        return "" if begin is None or end is None else state_at(begin, end, self._now)

    def _used(self, begin: float | None, end: float | None) -> float | None:
        if begin is None or end is None or end <= begin:
            return None
        return min(1.0, max(0.0, (self._now - begin) / (end - begin)))

    def _issuer(self, der: bytes) -> str | None:
        """Return the name of the authority here that issued a certificate."""
        with warnings.catch_warnings():
            # The library warns of what hostile certificates contain; people are told in our words.
            warnings.simplefilter("ignore")
            try:
                found = issuer_of(x509.load_der_x509_certificate(der), self._authorities)
            except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm):
                return None
            return None if found is None else found.subject.rfc4514_string()


def papers_of(judge: Judge, vault: Vault, what: str) -> list[Paper]:
    """Return what a person names by a word; a name of the folder goes before a file of that name.

    Args:
        judge: of that folder.
        vault: the folder.
        what: `ca`, `host`, a person's name, or a file. Of a person it is what stands here, and
            what the registry knows besides: what counts, else the newest.

    Raises:
        IdentityError: there is nothing of that kind, or the file holds no certificate.
    """
    if what in {"ca", "host"}:
        here = [item for item in held(vault) if item.kind == what]
        entries = []
    else:
        here = [item for item in held(vault) if item.kind == "client" and item.name == what]
        newest = judge.registry.newest(what)
        entries = judge.registry.of(what) or ([newest] if newest else [])
    if not here and not entries:
        return [judge.of(der, Path(what)) for der in certificates_of(Path(what))]
    files = {item.serial for item in here}
    others = [judge.registered(entry) for entry in entries if entry.serial not in files]
    return [*judge.held(here), *others]


def certificates_of(path: Path) -> list[bytes]:
    """Return the certificates in a file as DER, in their order: PEM blocks, or one of DER.

    Args:
        path: the file, anybody's.

    Raises:
        IdentityError: there is no such file, it cannot be read, or there is no certificate in it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise IdentityError(
            f"there is neither a person nor a file called {str(path)!r} here",
            hint="See `securechat certs list`; name the folder with --certs.",
        ) from error
    except OSError as error:
        raise IdentityError(
            f"{path} cannot be read", why=error.strerror or str(error), hint="Name another file."
        ) from error
    found = [der for block in _BLOCK.findall(data) if (der := _decoded(block))]
    if not found and data.startswith(_DER):
        found = [data]
    if not found or len(data) > _MOST_BYTES:
        raise IdentityError(
            f"there is no certificate in {path}",
            why="it is too long" if found else "expected PEM or DER of X.509",
            hint="Name a file that holds one.",
        )
    return found


def _decoded(block: bytes) -> bytes:
    """Return the bytes of a PEM block, none when it is not one."""
    lines = [line.strip() for line in block.splitlines()]
    try:
        return base64.b64decode(b"".join(line for line in lines if b":" not in line), validate=True)
    except binascii.Error:
        return b""


def _profile(der: bytes, facts: CertificateFacts) -> Profile:
    """Ask the profile; it judges a host's certificate by other rules than a person's."""
    read = read_host if "serverAuth" in facts.purposes else read_member
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Profile(read(der))
        except CertificateRefused as error:
            return Profile(rule=str(error.code), why=error.why)
