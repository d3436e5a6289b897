"""A community in which every command that makes certificates has made some."""

import ssl
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Literal

from cryptography import x509

from secure_chat.clock import SystemClock
from secure_chat.pki.bundle import certificates_in, issuer_of
from secure_chat.pki.csr import make_request
from secure_chat.pki.invites import invite, redeem
from secure_chat.pki.issuing import (
    IssueRequest,
    demote,
    issue,
    promote,
    renew,
    renew_host,
    sign_request,
)
from secure_chat.pki.keys import KeyType, PrivateKey, new_key
from secure_chat.pki.leaf import Leaf
from secure_chat.pki.opening import open_authority
from secure_chat.pki.revoking import revoke, supersede
from secure_chat.pki.rotation import begin, finish
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from secure_chat.tls.context import client_contexts, host_contexts
from tests.fakes import FakeClock
from tests.pki.handshake import shake

__all__ = ["Community", "Paper"]


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate that a command has made.

    Args:
        command: what made it.
        kind: whose it is.
        certificate: the certificate.
        authority: the certificate of who issued it.
        crl: the lists of revoked certificates when it was made, as PEM.
    """

    command: str
    kind: Literal["ca", "host", "client"]
    certificate: x509.Certificate
    authority: x509.Certificate
    crl: bytes


class Community:
    """One folder through which every command goes; each certificate shakes hands once.

    Args:
        folder: where it is made.
        kind: the kind of key of every leaf.
    """

    def __init__(self, folder: Path, kind: KeyType) -> None:
        self.vault = Vault(folder / "certs", FakeClock(SystemClock().now()))
        self.kind = kind
        self.papers: list[Paper] = []
        self.secrets: list[str] = []
        self._folder = folder
        self._live()

    @property
    def now(self) -> float:
        """What the clock says."""
        return self.vault.clock.now()

    def _live(self) -> None:
        vault, now = self.vault, self.now
        init_certs(vault, InitRequest(key_type=self.kind))
        self._ca("init-certs")
        self._host("init-certs")
        self._person("init-certs", vault, "alice")
        issue(vault, IssueRequest(names=("carol",), key_type=self.kind), now)
        self._person("certs issue", vault, "carol")
        more = IssueRequest(names=("carol",), key_type=self.kind, another_device=True)
        self._person("certs issue --another-device", issue(vault, more, now)[0].folder, "carol")
        self._enrol("dave")
        self._renew("certs renew", "alice")
        authority = open_authority(vault)
        promote(vault, authority, "alice", now=now, by="certs promote")
        self._person("certs promote", vault, "alice")
        demote(vault, authority, "alice", now=now, by="certs demote")
        self._person("certs demote", vault, "alice")
        renew_host(vault, authority, now, "host", force=True)
        self._host("the host's own renewal")
        revoke(vault, authority, "bob", "keyCompromise", now, "certs revoke")
        begin(vault, authority, timedelta(days=30), now, "certs rotate-ca")
        self._ca("certs rotate-ca")
        self._renew("certs renew during a change-over", "carol")
        supersede(vault, open_authority(vault), [vault.registry().of("carol")[0].serial], now, "h")
        finish(vault, open_authority(vault), now, "certs rotate-ca --finish")
        self._host("certs rotate-ca --finish")

    def _renew(self, command: str, name: str) -> None:
        renew(self.vault, name, now=self.now, by=command)
        self._person(command, self.vault, name)

    def _enrol(self, name: str) -> None:
        """Invite somebody, let them ask with a key of their own, and let them renew by it."""
        _, secret = invite(self.vault, name=name, now=self.now, by="invite")
        self.secrets.append(secret)
        found = redeem(self.vault.registry(), secret, self.now)
        key = new_key(self.kind)
        sign = partial(
            sign_request,
            self.vault,
            open_authority(self.vault),
            name=name,
            role=None,
            request=make_request(key, name),
            life=None,
            now=self.now,
        )
        leaf = sign(by="enrol", invite=found.id)
        self._elsewhere("enrol", name, leaf, key)
        leaf = sign(by=name, replaces=leaf.identity.serial)
        self._elsewhere("renewal over the connection", name, leaf, key)

    def _elsewhere(self, command: str, name: str, leaf: Leaf, key: PrivateKey) -> None:
        """Store a certificate as its holder does, in a folder of their own."""
        theirs = Vault(self._folder / command.replace(" ", "-"), self.vault.clock)
        clients = theirs.folder / "clients"
        clients.mkdir(parents=True, mode=0o700)
        theirs.ca_crt.write_bytes(self.vault.ca_crt.read_bytes())
        theirs.client_crt(name).write_bytes(leaf.certificate_pem)
        theirs.client_key(name).touch(0o600)
        own = Leaf(leaf.certificate, leaf.identity, key)
        theirs.client_key(name).write_bytes(own.key_pem())
        self._person(command, theirs, name)

    def _person(self, command: str, where: Vault | Path, name: str) -> None:
        theirs = where if isinstance(where, Vault) else Vault(where, self.vault.clock)
        files = theirs.client_files(name)
        context = client_contexts(files.ca, files.certificate, files.key).talking
        shake(context, self._server())
        self._keep(command, "client", files.certificate)

    def _host(self, command: str) -> None:
        files = self.vault.client_files("carol" if command.startswith("certs") else "alice")
        shake(client_contexts(files.ca, files.certificate, files.key).talking, self._server())
        self._keep(command, "host", self.vault.host_crt)

    def _ca(self, command: str) -> None:
        self._keep(command, "ca", self.vault.ca_crt)

    def _server(self) -> ssl.SSLContext:
        files = self.vault.host_files()
        return host_contexts(files.ca, files.certificate, files.key, files.crl).talking

    def _keep(self, command: str, kind: Literal["ca", "host", "client"], path: Path) -> None:
        certificate = certificates_in(path.read_bytes())[0]
        issuer = issuer_of(certificate, self.vault.ca_certificates())
        assert issuer is not None
        crl = self.vault.crl.read_bytes()
        self.papers.append(Paper(command, kind, certificate, issuer, crl))
