"""The certificates of the lab, good ones and every kind of bad one, made when they are asked for.

Owned by the thread that runs a scenario; writes only below its own folder. What the authority of
`pki` can be brought to issue comes from there; the rest is built here and nowhere else. Nothing
made here is of any worth outside: every key is new and every authority is the lab's own.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from secure_chat.pki.act import Act
from secure_chat.pki.authority import Authority, Leaf, Revocation
from secure_chat.pki.files import create_file, create_folder
from secure_chat.pki.hostname import read_host_names
from secure_chat.pki.identity import Identity
from secure_chat.pki.keys import PublicKey
from secure_chat.pki.leaf import digest, key_usage, new_serial
from secure_chat.pki.profile import fingerprint_of, read_member
from secure_chat.pki.setup import InitRequest, init_certs, open_authority
from secure_chat.pki.vault import Vault

__all__ = ["Paper", "Papers"]

# The communities are as if made so long ago, so that a certificate can have expired meanwhile.
_AGE_DAYS: Final = 120
_LONG: Final = timedelta(days=397)
_SHORT: Final = timedelta(days=30)
_DAY_SECONDS: Final = 86_400

_Extensions: TypeAlias = Iterable[tuple[x509.ExtensionType, bool]]


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate and its key on the disk, ready to be shown.

    Args:
        certificate: PEM, the leaf first.
        key: PEM.
        fingerprint: SHA-256 of the leaf in lower-case hex.
    """

    certificate: Path
    key: Path
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Moment:
    """A clock that stands still.

    Args:
        seconds: since 1970 UTC.
    """

    seconds: float

    def now(self) -> float:
        """Return that moment."""
        return self.seconds

    def monotonic(self) -> float:
        """Return that moment too; nothing is measured by it."""
        return self.seconds


class Papers:
    """One community with alice, bob and eve, and whatever somebody could show it instead.

    Args:
        folder: where all of it is written; made when missing.
        now: seconds since 1970 UTC.
    """

    def __init__(self, folder: Path, now: float) -> None:
        self._folder = folder
        self._now = now
        create_folder(folder)
        self.ours = self._community("community", ("alice", "bob", "eve"))
        """The certificates folder of the community."""
        self.authority = open_authority(self.ours)

    # --- what is there --------------------------------------------------------------------------

    def member(self, name: str, vault: Vault | None = None) -> Paper:
        """Return the good certificate of a member.

        Args:
            name: alice, bob or eve.
            vault: of another community, which has alice only.
        """
        vault = vault or self.ours
        return _paper(vault.client_crt(name), vault.client_key(name))

    def host(self, vault: Vault | None = None) -> Paper:
        """Return the certificate of the host of a certificates folder, the community's own.

        Args:
            vault: another one.
        """
        vault = vault or self.ours
        return _paper(vault.host_crt, vault.host_key)

    # --- other folders --------------------------------------------------------------------------

    def foreign(self, file: str) -> Vault:
        """Make another community, with an alice and an authority of its own.

        Args:
            file: what to call its folder.
        """
        return self._community(file, ("alice",))

    def other_names(self, file: str) -> Vault:
        """Make a folder whose host certificate has names that nobody dials here.

        Args:
            file: what to call it.
        """
        vault = self._copy(file)
        names = read_host_names(["chat.example.org", "192.0.2.10"])
        leaf = self.authority.issue_host(names, now=self._now, life=_SHORT)
        vault.host_crt.write_bytes(leaf.certificate_pem)
        vault.host_key.write_bytes(leaf.key_pem())
        return vault

    def revoked(self, name: str, *, listed: bool) -> Vault:
        """Make a folder in which somebody's certificate is revoked.

        Args:
            name: whose.
            listed: whether the list that OpenSSL reads says so too, not the register alone.
        """
        vault = self._copy("revoked-listed" if listed else "revoked-registered")
        identity = self._identity(name)
        act = Act.of("revoked", identity, at=self._now, by="lab", reason="key stolen")
        vault.audit.append([act])
        if listed:
            entry = Revocation(identity.serial, self._now)
            vault.crl.write_bytes(self.authority.crl([entry], now=self._now))
        return vault

    # --- certificates for whoever is to be refused ----------------------------------------------

    def dated(self, file: str, days: int) -> Paper:
        """Make alice a certificate of ours that is valid for 30 days.

        Args:
            file: what to call it.
            days: from when on, counted from today; below 0 is in the past.
        """
        now = self._now + days * _DAY_SECONDS
        return self._write(file, self.authority.issue_member("alice", now=now, life=_SHORT))

    def expired_host(self) -> Paper:
        """Make a host certificate of ours that ended three months ago."""
        names = read_host_names(["localhost", "127.0.0.1"])
        now = self._now - _AGE_DAYS * _DAY_SECONDS
        return self._write("expired-host", self.authority.issue_host(names, now=now, life=_SHORT))

    def unregistered(self) -> Paper:
        """Make carol a faultless certificate that the register never heard of."""
        crt, key = self.ours.client_crt("carol"), self.ours.client_key("carol")
        return _written(crt, key, self._issue(self.authority, "carol"))

    def same_name(self) -> Paper:
        """Make alice a certificate by another authority that bears the name of ours."""
        genuine, key = self.authority.certificate, ec.generate_private_key(ec.SECP256R1())
        public = key.public_key()
        own = x509.SubjectKeyIdentifier.from_public_key(public)
        twin = _signed(
            Authority(genuine, key), genuine, genuine.subject, public, _replaced(genuine, own)
        )
        return self._write("same-name", self._issue(Authority(twin, key), "alice"))

    def forged(self) -> Paper:
        """Make alice a certificate that names our authority and its key, signed by another key."""
        other = ec.generate_private_key(ec.SECP256R1())
        pretended = Authority(self.authority.certificate, other)
        return self._write("forged", self._issue(pretended, "alice"))

    def below_unknown(self) -> Paper:
        """Make carol a certificate by an intermediate authority, which is not sent with it."""
        key = ec.generate_private_key(ec.SECP256R1())
        ours = self.authority.certificate
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intermediate CA")])
        subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        extensions: _Extensions = [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (key_usage(authority=True), True),
            (subject_key, False),
            (_authority_key(ours), False),
        ]
        between = _signed(self.authority, ours, name, key.public_key(), extensions)
        return self._write("below-unknown", self._issue(Authority(between, key), "carol"))

    def issued_by_member(self) -> Paper:
        """Have bob issue carol a certificate with his own, and send both."""
        crt, key = (
            self.ours.client_crt("bob").read_bytes(),
            self.ours.client_key("bob").read_bytes(),
        )
        return self._write("issued-by-member", self._issue(Authority.load(crt, key), "carol"), crt)

    def home_made(self) -> Paper:
        """Make carol a certificate with the authority's key and none of the usual extensions."""
        leaf = self._issue(self.authority, "carol")
        return self._rebuilt("home-made", leaf, [])

    def both_purposes(self) -> Paper:
        """Make carol a certificate that is good for clients and for hosts."""
        leaf = self._issue(self.authority, "carol")
        both = x509.ExtendedKeyUsage(
            [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        )
        return self._rebuilt("both-purposes", leaf, _replaced(leaf.certificate, both))

    def tampered(self) -> Paper:
        """Make dan a certificate and change one bit of it, which turns its mailbox to den's."""
        leaf = self._issue(self.authority, "dan")
        der = bytearray(leaf.certificate.public_bytes(Encoding.DER))
        # The letters a and e differ in one bit.
        der[der.index(b"dan@") + 1] ^= ord("a") ^ ord("e")
        changed = x509.load_der_x509_certificate(bytes(der))
        return self._write("tampered", Leaf(changed, leaf.identity, leaf.key))

    # --- inside ---------------------------------------------------------------------------------

    def _community(self, name: str, clients: tuple[str, ...]) -> Vault:
        vault = Vault(self._folder / name)
        request = InitRequest(clients=clients, life=_LONG, by="lab")
        init_certs(vault, request, _Moment(self._now - _AGE_DAYS * _DAY_SECONDS))
        return vault

    def _copy(self, name: str) -> Vault:
        """Return a folder with what a host of ours needs, and nothing else."""
        folder = self._folder / name
        left_out = shutil.ignore_patterns("ca.key", "clients", "*.lock")
        shutil.copytree(self.ours.folder, folder, ignore=left_out)
        return Vault(folder)

    def _identity(self, name: str) -> Identity:
        certificate = _certificate(self.ours.client_crt(name))
        return read_member(certificate.public_bytes(Encoding.DER))

    def _issue(self, authority: Authority, name: str) -> Leaf:
        return authority.issue_member(name, now=self._now, life=_SHORT)

    def _rebuilt(self, file: str, leaf: Leaf, extensions: _Extensions) -> Paper:
        """Write a leaf of ours again with other extensions."""
        old = leaf.certificate
        public = old.public_key()
        assert isinstance(public, PublicKey)  # noqa: S101 -- it was made from one
        new = _signed(self.authority, old, old.subject, public, extensions)
        return self._write(file, Leaf(new, leaf.identity, leaf.key))

    def _write(self, file: str, leaf: Leaf, *above: bytes) -> Paper:
        stem = self._folder / file
        return _written(stem.with_suffix(".crt"), stem.with_suffix(".key"), leaf, *above)


def _written(crt: Path, key: Path, leaf: Leaf, *above: bytes) -> Paper:
    create_file(key, leaf.key_pem(), 0o600)
    create_file(crt, b"".join((leaf.certificate_pem, *above)), 0o644)
    return _paper(crt, key)


def _paper(crt: Path, key: Path) -> Paper:
    return Paper(crt, key, fingerprint_of(_certificate(crt)))


def _certificate(crt: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(crt.read_bytes())


def _signed(
    by: Authority,
    like: x509.Certificate,
    subject: x509.Name,
    public: PublicKey,
    extensions: _Extensions,
) -> x509.Certificate:
    """Return a certificate with these extensions that lives as long as another one."""
    begin, end = like.not_valid_before_utc, like.not_valid_after_utc
    builder = x509.CertificateBuilder(
        by.certificate.subject, subject, public, new_serial(), begin, end
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    return builder.sign(by.key, digest(by.key))


def _replaced(old: x509.Certificate, new: x509.ExtensionType) -> _Extensions:
    """Yield the extensions of a certificate with one of them replaced."""
    for extension in old.extensions:
        same = extension.oid == new.oid
        yield (new if same else extension.value), extension.critical


def _authority_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
