"""An examination: what is looked at, in which order, and by whom the host is visited.

Runs on the caller's thread and reads files, SQLite and the network; it changes nothing. Findings
come as they are made, so that a slow host does not keep the others waiting.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.clock import Clock, SystemClock
from secure_chat.doctor.certs import Certs, certs_findings, read_certs
from secure_chat.doctor.data import Data, data_findings, read_data
from secure_chat.doctor.dates import Written, check_clock
from secure_chat.doctor.findings import Finding
from secure_chat.doctor.papers import Paper
from secure_chat.doctor.program import look, program_findings
from secure_chat.doctor.reach import Ground, network_findings
from secure_chat.doctor.visit import Visit, visit
from secure_chat.errors import IdentityError
from secure_chat.folders import data_folder
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address
from secure_chat.pki.keys import Passphrase
from secure_chat.pki.profile import fingerprint_of
from secure_chat.pki.vault import Vault
from secure_chat.tls.certificate import certificate_facts
from secure_chat.tls.context import Contexts, client_contexts

__all__ = ["MOST_VISITS", "Request", "examine"]

MOST_VISITS = 8
"""So many people of a folder knock at the host; for more, one is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be examined.

    Args:
        certs: the certificates folder.
        data: what `--data` says.
        target: the host.
        offline: do not look for the host.
        wanted: who is to knock; None for everybody whose key is here.
        thorough: read all there is, however long that takes.
        computer: this computer's own name.
        passphrase: asked when a key is locked; it should remember its answer.
        passphrase_file: where the passphrase comes from, if from a file.
        limits: how long the host may take.
        clock: the time.
    """

    certs: Path
    data: Path | None
    target: Address
    offline: bool = False
    wanted: str | None = None
    thorough: bool = False
    computer: str = ""
    passphrase: Passphrase | None = None
    passphrase_file: Path | None = None
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)


def examine(request: Request) -> Iterator[Finding]:
    """Yield what is found, area by area.

    Args:
        request: what is to be examined.

    Raises:
        IdentityError: a passphrase is needed and its file cannot be read.
    """
    now = request.clock.now()
    yield from program_findings(look(), now)
    vault = Vault(request.certs, request.clock)
    certs = read_certs(vault, request.passphrase, request.passphrase_file)
    yield from certs_findings(
        certs, now, wanted=request.wanted, dialled=request.target[0], computer=request.computer
    )
    data = read_data(data_folder(request.data, _community(vault)), now, thorough=request.thorough)
    yield from data_findings(data)
    yield from check_clock([*_written(certs), *data.written], now)
    if not request.offline:
        visits = list(_visits(request, certs))
        yield from network_findings(visits, _ground(certs, data, now))


def _community(vault: Vault) -> str:
    """Return the community's id, "" when nobody knows: then only the folder of all is looked at."""
    try:
        return vault.community()
    except IdentityError:
        return ""


def _written(certs: Certs) -> Iterator[Written]:
    if certs.register.newest is not None:
        yield Written("the last line of audit.jsonl", certs.register.newest)


def _visits(request: Request, certs: Certs) -> Iterator[Visit]:
    """Yield a visit of everybody who can; of a stranger when nobody can.

    The first one tells all there is to know of the host. When even that came to no handshake,
    the others would bring back the same.
    """
    knocking = list(_knocking(request, certs)) or [(None, _stranger(certs))]
    for name, contexts in knocking:
        done = visit(request.target, name, contexts, request.clock, request.limits)
        yield done
        if done.failure is not None and not done.refused:
            return


def _knocking(request: Request, certs: Certs) -> Iterator[tuple[str | None, Contexts]]:
    able = [paper for paper in certs.clients if _is_able(paper, request.wanted)]
    for paper in able[:MOST_VISITS]:
        try:
            contexts = client_contexts(
                _ca(certs), paper.place.path, paper.key_place.path, request.passphrase
            )
        except IdentityError:
            # OpenSSL is pickier about files than we are; the checks of the folder have said so.
            continue
        yield paper.name, contexts


def _is_able(paper: Paper, wanted: str | None) -> bool:
    return paper.fits and wanted in {None, paper.name}


def _stranger(certs: Certs) -> Contexts:
    return client_contexts(_ca(certs), None, None)


def _ca(certs: Certs) -> Path | None:
    return certs.authority.place.path if certs.authority.certificate else None


def _ground(certs: Certs, data: Data, now: float) -> Ground:
    authority, host = certs.authority.certificate, certs.host.certificate
    return Ground(
        authority=None if authority is None else _subject(authority),
        host_sha256="" if host is None else fingerprint_of(host),
        running=data.running,
        now=now,
    )


def _subject(authority: x509.Certificate) -> str | None:
    """Return its name as a handshake's record writes names."""
    return certificate_facts(authority.public_bytes(Encoding.DER)).subject
