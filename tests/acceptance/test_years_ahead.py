"""Five years later, by the clock of every process: who is new comes in, who was revoked does not.

The list of revoked certificates is the one that was signed five years before. It must keep out
whom it names, and its age must keep out nobody.
"""

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.clock import SystemClock, rfc3339
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.authority import Authority
from secure_chat.pki.keys import KeyType, key_to_pem, new_key
from secure_chat.pki.leaf import digest
from secure_chat.pki.opening import open_authority
from secure_chat.pki.profile import fingerprint_of, serial_of
from secure_chat.pki.revoking import revoke
from secure_chat.pki.vault import Vault
from tests.acceptance.computers import Computer
from tests.tools import need

pytestmark = pytest.mark.slow


def revoked_for_years(vault: Vault, folder: Path) -> tuple[Path, Path]:
    """Return certificate and key of somebody revoked today whose certificate lives ten years."""
    now, authority = SystemClock().now(), open_authority(vault)
    key = new_key(KeyType.P256)
    certificate = for_ten_years(
        authority,
        authority.issue_member("mallory", now=now, life=timedelta(days=90), key=key).certificate,
    )
    vault.audit.append(
        [
            Act(
                at=rfc3339(now),
                act=Deed.ISSUED,
                name="mallory",
                role="member",
                serial=serial_of(certificate),
                fingerprint=fingerprint_of(certificate),
                not_before=rfc3339(certificate.not_valid_before_utc.timestamp()),
                not_after=rfc3339(certificate.not_valid_after_utc.timestamp()),
                authority=authority.fingerprint,
                by="test",
            )
        ]
    )
    revoke(vault, authority, "mallory", "keyCompromise", now, "test")
    paths = folder / "mallory.crt", folder / "mallory.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key_to_pem(key))
    return paths


def for_ten_years(authority: Authority, leaf: x509.Certificate) -> x509.Certificate:
    """Return the certificate with another end, which no command of ours would issue."""
    builder = x509.CertificateBuilder(
        leaf.issuer,
        leaf.subject,
        leaf.public_key(),
        leaf.serial_number,
        leaf.not_valid_before_utc,
        authority.certificate.not_valid_after_utc,
    )
    for extension in leaf.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(authority.key, digest(authority.key))


def environment_of(offset: str) -> dict[str, str]:
    """Return what makes a process see another time; waiting goes on as it is.

    The command that sets it is asked once and does not stay in between: a signal would end that
    one and not what it runs.
    """
    shown = subprocess.run(
        [need("faketime"), "-f", offset, "env"], capture_output=True, text=True, check=True
    )
    pairs = (line.partition("=") for line in shown.stdout.splitlines())
    told = {name: value for name, _, value in pairs if name in {"LD_PRELOAD", "FAKETIME"}}
    return told | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def test_no_list_is_stale_and_nobody_is_forgotten(tmp_path: Path) -> None:
    """A newly issued host and member talk; OpenSSL's own client is refused as revoked."""
    ahead, openssl = environment_of("+5y"), need("openssl")
    today = Computer(tmp_path / "owner")
    assert today.run("init-certs", "--client", "alice").code == 0
    certs = today.home / "certs"
    certificate, key = revoked_for_years(Vault(certs), tmp_path)
    before = (certs / "crl.pem").read_bytes()

    later = Computer(today.home)
    later.environment |= ahead
    for name in ("host.crt", "host.key"):
        (certs / name).unlink()
    made = later.run("init-certs", "--client", "dave")
    assert made.code == 0, made.err
    assert (certs / "crl.pem").read_bytes() == before
    with later.start("host", "--port", "0", "--enroll-port", "0", "--json") as host:
        ready = host.event("ready")
        address = ready["address"]
        sent = later.run("send", "five years on", "--as", "dave", "--at", address)
        assert sent.code == 0, sent.err
        refused = subprocess.run(
            [openssl, "s_client", "-ign_eof", "-connect", address, "-CAfile", str(certs / "ca.crt"),
             "-cert", str(certificate), "-key", str(key), "-alpn", "securechat/1"],
            env=later.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert "certificate revoked" in refused.stderr
        host.interrupt()
        assert host.end().code == 0
    records = (Path(ready["data"]) / "handshakes-refused.jsonl").read_text()
    assert [json.loads(line)["reason"] for line in records.splitlines()] == ["revoked"]
