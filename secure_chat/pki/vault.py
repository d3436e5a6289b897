"""The `certs/` folder: where everything stands, and whether it can be used now.

Reads only, on whatever thread asks, usually at start; `pki.setup` is what writes. It never hands
out files that a handshake would then fail with: key, issuer, profile and validity are checked
first, so that the reason is a sentence and not an alert. A client comes here at every start, so
nothing that issues is imported, and the audit trail only by those who have one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.clock import Clock, SystemClock, rfc3339
from secure_chat.errors import CertificateRefused, IdentityError
from secure_chat.pki.bundle import (
    certificates_in,
    is_authority,
    issued_by,
    issuer_of,
    list_of,
    lists_in,
)
from secure_chat.pki.identity import Identity, is_name
from secure_chat.pki.keys import Passphrase, key_from_pem, same_key
from secure_chat.pki.modes import check_private
from secure_chat.pki.profile import fingerprint_of, read_host, read_member

if TYPE_CHECKING:
    from secure_chat.pki.audit import AuditTrail
    from secure_chat.pki.registry import Registry

__all__ = ["LeafFiles", "Vault"]

_MAKE: Final = "run `securechat init-certs`"
_REMAKE: Final = "run `securechat init-certs --force`, which backs up the old set first"
_COMMUNITY_CHARS: Final = 32


@dataclass(frozen=True, slots=True)
class LeafFiles:
    """The files one end of a connection needs, checked.

    Args:
        ca: the authority's certificate; during a change-over the older one's too.
        certificate: this end's certificate.
        key: this end's private key.
        crl: a list of revoked certificates for each authority; only a host's is sure to exist.
        identity: what the certificate says.
    """

    ca: Path
    certificate: Path
    key: Path
    crl: Path
    identity: Identity


class Vault:
    """A certificates folder.

    Args:
        folder: where it is; it need not exist.
        clock: what judges validity.
    """

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.folder = folder
        self.clock = SystemClock() if clock is None else clock

    @property
    def ca_crt(self) -> Path:
        """The authority's certificate, the older one behind it; everybody holds it."""
        return self.folder / "ca.crt"

    @property
    def ca_key(self) -> Path:
        """The authority's private key; who holds it can make anyone."""
        return self.folder / "ca.key"

    @property
    def previous_ca_key(self) -> Path:
        """The older authority's private key during a change-over; it signs that one's list."""
        return self.folder / "previous-ca.key"

    @property
    def crl(self) -> Path:
        """A list of revoked certificates for each authority; the host holds it."""
        return self.folder / "crl.pem"

    @property
    def host_crt(self) -> Path:
        """The host's certificate."""
        return self.folder / "host.crt"

    @property
    def host_key(self) -> Path:
        """The host's private key."""
        return self.folder / "host.key"

    @property
    def community_file(self) -> Path:
        """The community's id; everybody holds it."""
        return self.folder / "community"

    @property
    def audit_file(self) -> Path:
        """The audit trail; the host holds it."""
        return self.folder / "audit.jsonl"

    @property
    def audit(self) -> "AuditTrail":
        """The audit trail and the folder's lock."""
        from secure_chat.pki.audit import AuditTrail

        return AuditTrail(self.audit_file)

    def client_crt(self, name: str) -> Path:
        """Return where a person's certificate stands; `name` must fit `is_name`."""
        return self._client(name, "crt")

    def client_key(self, name: str) -> Path:
        """Return where a person's private key stands; `name` must fit `is_name`."""
        return self._client(name, "key")

    def client_names(self) -> list[str]:
        """Return the names that have both certificate and key here, sorted."""
        names = [path.stem for path in (self.folder / "clients").glob("*.crt")]
        return sorted(name for name in names if is_name(name) and self.client_key(name).exists())

    def community(self) -> str:
        """Return the community's id, 32 hex characters.

        Raises:
            IdentityError: there is none, or it is damaged.
        """
        text = self.read(self.community_file).decode("ascii", "replace").strip()
        if len(text) != _COMMUNITY_CHARS or not set(text) <= set("0123456789abcdef"):
            raise IdentityError(
                f"{self.community_file} is damaged",
                why="it must hold 32 hex characters",
                hint="put it back from a copy: your history is found by it",
            )
        return text

    def registry(self) -> "Registry":
        """Return who has which certificate.

        Raises:
            IdentityError: the audit trail is missing or damaged.
        """
        return self.audit.registry()

    def ca_fingerprint(self) -> str:
        """Return SHA-256 of the issuing authority's DER certificate in lower-case hex.

        Raises:
            IdentityError: there is no usable authority here.
        """
        return fingerprint_of(self.ca_certificate())

    def ca_certificate(self) -> x509.Certificate:
        """Return the certificate of the authority that issues, after checking that it can now.

        Raises:
            IdentityError: it is missing, unreadable, expired or no authority's.
        """
        return self.ca_certificates()[0]

    def ca_certificates(self) -> list[x509.Certificate]:
        """Return the certificates of all authorities that are trusted, the issuing one first.

        There is a second one, the older, during a change-over only; it may have expired.

        Raises:
            IdentityError: one is missing, unreadable or no authority's, or the first has expired.
        """
        found = self._certificates(self.ca_crt)
        for certificate in found:
            if not issued_by(certificate, certificate):
                raise _foreign(self.ca_crt)
            if not is_authority(certificate):
                raise IdentityError(
                    f"{self.ca_crt} is not the certificate of an authority", hint=_REMAKE
                )
        self._check_now(self.ca_crt, found[0])
        return found

    def host_authority(self) -> x509.Certificate:
        """Return the authority that issued the host's certificate.

        Raises:
            IdentityError: one of them is missing, unreadable or of no use.
        """
        return self._issuer(self.host_crt, self._certificates(self.host_crt)[0])

    def host_files(self, passphrase: Passphrase | None = None) -> LeafFiles:
        """Return what a host needs, after checking that it can be used now.

        Args:
            passphrase: asked only when the key is encrypted.

        Raises:
            IdentityError: something is missing, unreadable, expired or does not fit.
        """
        self._check_crl(self.ca_certificates())
        return self._leaf(self.host_crt, self.host_key, passphrase, name=None)

    def client_files(self, name: str, passphrase: Passphrase | None = None) -> LeafFiles:
        """Return what a person's client needs, after checking that it can be used now.

        Args:
            name: who.
            passphrase: asked only when the key is encrypted.

        Raises:
            IdentityError: something is missing, unreadable, expired or does not fit.
        """
        crt, key = self.client_crt(name), self.client_key(name)
        return self._leaf(crt, key, passphrase, name)

    def read(self, path: Path) -> bytes:
        """Return the content of a file of this folder.

        Raises:
            IdentityError: it is missing or cannot be read.
        """
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise IdentityError(
                f"{path} is missing",
                why="there is no complete set of certificates in this folder",
                hint=f"{_MAKE}, or name the right folder with --certs",
            ) from error
        except OSError as error:
            raise IdentityError(
                f"{path} cannot be read",
                why=error.strerror or str(error),
                hint="correct the file's owner and rights",
            ) from error

    def _client(self, name: str, ending: str) -> Path:
        # A name becomes part of a path here, so nothing but a name may pass.
        if not is_name(name):
            raise IdentityError(f"{name!r} cannot be anybody's name", hint="see `--as NAME`")
        return self.folder / "clients" / f"{name}.{ending}"

    def _leaf(
        self, crt: Path, key: Path, passphrase: Passphrase | None, name: str | None
    ) -> LeafFiles:
        certificate = self._certificates(crt)[0]
        identity = _judge(crt, certificate, name)
        self._check_now(self.ca_crt, self._issuer(crt, certificate))
        self._check_now(crt, certificate)
        check_private(key)
        private = key_from_pem(self.read(key), passphrase, where=str(key))
        if not same_key(private, certificate.public_key()):
            raise IdentityError(
                f"{key} is not the key of {crt.name}",
                hint=f"put back the two that were made together, or move both away and {_MAKE}",
            )
        return LeafFiles(self.ca_crt, crt, key, self.crl, identity)

    def _issuer(self, crt: Path, certificate: x509.Certificate) -> x509.Certificate:
        found = issuer_of(certificate, self.ca_certificates())
        if found is None:
            raise _foreign(crt)
        return found

    def _check_crl(self, authorities: list[x509.Certificate]) -> None:
        """Check that each authority's own list is there: OpenSSL refuses everybody otherwise."""
        try:
            lists = lists_in(self.read(self.crl))
        except ValueError as error:
            raise IdentityError(
                f"{self.crl} cannot be read", why=str(error), hint=f"move it away and {_MAKE}"
            ) from error
        if any(list_of(lists, authority) is None for authority in authorities):
            raise IdentityError(
                f"{self.crl} was not signed by {self.ca_crt.name}",
                why="it must hold a list of each authority that is trusted",
                hint=f"move it away and {_MAKE}",
            )

    def _check_now(self, path: Path, certificate: x509.Certificate) -> None:
        now = self.clock.now()
        begin = certificate.not_valid_before_utc.timestamp()
        end = certificate.not_valid_after_utc.timestamp()
        if now < begin:
            raise IdentityError(
                f"{path} is not valid yet",
                why=f"it is valid from {rfc3339(begin)}, this computer's clock says {rfc3339(now)}",
                hint="set this computer's clock",
            )
        if now > end:
            again = _REMAKE if path == self.ca_crt else f"move it and its key away and {_MAKE}"
            raise IdentityError(
                f"{path} has expired", why=f"it was valid until {rfc3339(end)}", hint=again
            )

    def _certificates(self, path: Path) -> list[x509.Certificate]:
        try:
            return certificates_in(self.read(path))
        except ValueError as error:
            raise IdentityError(
                f"{path} is not a certificate", why="expected one in PEM", hint=_REMAKE
            ) from error


def _judge(path: Path, certificate: x509.Certificate, name: str | None) -> Identity:
    """Return the identity when the profile and the file's own name agree."""
    der = certificate.public_bytes(Encoding.DER)
    try:
        identity = read_host(der) if name is None else read_member(der)
    except CertificateRefused as error:
        raise CertificateRefused(
            error.code, f"{path} cannot be used", why=error.why, hint=_REMAKE
        ) from error
    if name is not None and identity.name != name:
        raise IdentityError(
            f"{path} is the certificate of {identity.name}",
            why="the name is what the certificate says, not what the file is called",
            hint=f"name the file {identity.name}.crt, its key {identity.name}.key",
        )
    return identity


def _foreign(path: Path) -> IdentityError:
    return IdentityError(
        f"{path} was not issued by the authority in this folder",
        why="its signature is not that of ca.crt",
        hint="put back the files that were made together; if the authority was replaced since, run"
        f" `securechat certs renew {path.stem}` where ca.key is"
        if path.parent.name == "clients"
        else f"put back the files that were made together, or {_REMAKE}",
    )
