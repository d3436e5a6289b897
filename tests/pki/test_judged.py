"""Every certificate that any command makes, judged by programs that are not ours.

For every kind of key: a real handshake with strict checks (in `community.py`), openssl, GnuTLS, the
certificate library's own verifier, and a linter of RFC 5280.
"""

import importlib.util
import json
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification

from secure_chat.pki.bundle import lists_in, pem_of
from secure_chat.pki.keys import KeyType
from tests.pki.community import Community, Paper
from tests.tools import lacking, need

PURPOSES = {"client": "1.3.6.1.5.5.7.3.2", "host": "1.3.6.1.5.5.7.3.1"}
OPENSSL_PURPOSES = {"client": "sslclient", "host": "sslserver", "ca": "crlsign"}

# A host's own short name and "localhost" are not of the public tree, and need not be.
SPARED = "pkix.invalid_domain_name_syntax"

LINT = """
import sys
from pkilint.bin import lint_crl, lint_pkix_cert
for path in sys.argv[1:]:
    print(path, flush=True)
    if path.endswith(".crl"):
        lint_crl.main(["lint", "-t", "CRL", "-p", "PKIX", "-s", "ERROR", "-f", "json", path])
    else:
        lint_pkix_cert.main(["lint", "-s", "ERROR", "-f", "json", path])
"""


@pytest.fixture(scope="module", params=KeyType)
def community(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Community:
    """Return a community of each kind of key; each of its certificates has shaken hands."""
    return Community(tmp_path_factory.mktemp(request.param), request.param)


def write(folder: Path, paper: Paper) -> tuple[Path, Path]:
    """Write a certificate and its authority with the lists of revoked ones."""
    leaf, trusted = folder / "leaf.pem", folder / "trusted.pem"
    leaf.write_bytes(pem_of([paper.certificate]))
    trusted.write_bytes(pem_of([paper.authority]) + paper.crl)
    return leaf, trusted


def test_every_command_has_made_its_certificates(community: Community) -> None:
    """So that nothing is left out of what follows."""
    assert {(paper.command, paper.kind) for paper in community.papers} == {
        ("init-certs", "ca"),
        ("init-certs", "host"),
        ("init-certs", "client"),
        ("certs issue", "client"),
        ("certs issue --another-device", "client"),
        ("enrol", "client"),
        ("renewal over the connection", "client"),
        ("certs renew", "client"),
        ("certs promote", "client"),
        ("certs demote", "client"),
        ("the host's own renewal", "host"),
        ("certs rotate-ca", "ca"),
        ("certs renew during a change-over", "client"),
        ("certs rotate-ca --finish", "host"),
    }
    kinds = {type(paper.certificate.public_key()) for paper in community.papers}
    assert len(kinds) == (1 if community.kind in {KeyType.P256, KeyType.P384} else 2)


def test_openssl_takes_each_for_its_purpose_only(community: Community, tmp_path: Path) -> None:
    """Strictly, with the lists of revoked certificates."""
    command = [need("openssl"), "verify", "-x509_strict", "-CAfile"]
    for paper in community.papers:
        leaf, trusted = write(tmp_path, paper)
        for kind, purpose in OPENSSL_PURPOSES.items():
            good = paper.kind == kind
            # An authority's own certificate is on no list.
            crl = [] if paper.kind == "ca" else ["-crl_check"]
            done = subprocess.run(
                [*command, trusted, *crl, "-purpose", purpose, leaf],
                capture_output=True,
                text=True,
                check=False,
            )
            assert (done.returncode == 0) == good, (paper.command, purpose, done.stderr)


def test_gnutls_takes_each_for_its_purpose_only(community: Community, tmp_path: Path) -> None:
    """With `certtool --verify`."""
    command = [need("certtool"), "--verify", "--load-ca-certificate"]
    for paper in community.papers:
        if paper.kind == "ca":
            continue
        leaf, _ = write(tmp_path, paper)
        ca = tmp_path / "ca.pem"
        ca.write_bytes(pem_of([paper.authority]))
        for kind, purpose in PURPOSES.items():
            done = subprocess.run(
                [*command, ca, "--verify-purpose", purpose, "--infile", leaf],
                capture_output=True,
                text=True,
                check=False,
            )
            good = paper.kind == kind
            assert (done.returncode == 0) == good, (paper.command, purpose, done.stdout)


def test_the_certificate_librarys_verifier_takes_each(community: Community) -> None:
    """A member for a client and no host, a host by each of its names."""
    for paper in community.papers:
        if paper.kind == "ca":
            continue
        builder = verification.PolicyBuilder().store(verification.Store([paper.authority]))
        client = builder.build_client_verifier()
        hosts = [
            builder.build_server_verifier(subject)
            for subject in (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")))
        ]
        if paper.kind == "client":
            assert client.verify(paper.certificate, []).subjects is not None
        else:
            for host in hosts:
                host.verify(paper.certificate, [])
        for verifier in hosts if paper.kind == "client" else [client]:
            with pytest.raises(verification.VerificationError):
                verifier.verify(paper.certificate, [])


@pytest.mark.slow
def test_a_linter_of_rfc_5280_finds_no_error(community: Community, tmp_path: Path) -> None:
    """But for names of one label in a host's certificate; the lists are looked at too."""
    if importlib.util.find_spec("pkilint") is None:
        lacking("needs pkilint, which is not installed")
    paths: list[str] = []
    for number, paper in enumerate(community.papers):
        path = tmp_path / f"{number}.pem"
        path.write_bytes(pem_of([paper.certificate]))
        paths.append(str(path))
    every = {pem_of([one]) for paper in community.papers for one in lists_in(paper.crl)}
    for number, pem in enumerate(sorted(every)):
        path = tmp_path / f"{number}.crl"
        path.write_bytes(lists_in(pem)[0].public_bytes(Encoding.PEM))
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LINT, *paths],
        capture_output=True,
        text=True,
        check=True,
    )
    answers = done.stdout.splitlines()
    assert [line for line in answers if line.startswith("/")] == paths
    path, known = Path(), 0
    for line in answers:
        if line.startswith("/"):
            path = Path(line)
            continue
        for result in json.loads(line)["results"]:
            for finding in result["finding_descriptions"]:
                spared = finding["code"] == SPARED and "localhost" in finding["message"]
                assert spared, (path, finding)
                known += 1
    assert known == sum(paper.kind == "host" for paper in community.papers)
