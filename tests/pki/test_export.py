"""An exported identity is opened by other programs with its own passphrase, and is written down."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from secure_chat.errors import IdentityError, StoreError, UsageError
from secure_chat.pki.bundle import certificates_in
from secure_chat.pki.export import Exported, Format, export
from secure_chat.pki.issuing import IssueRequest, issue
from secure_chat.pki.keys import KeyType
from tests.pki.conftest import Owner
from tests.pki.kill import killed_before_step
from tests.tools import need

PASSPHRASE = "gr\u00fcn horse".encode()


def exported(owner: Owner, path: Path, kind: Format = Format.P12, **more: object) -> Exported:
    """Export alice."""
    wanted = {"name": "alice", "passphrase": PASSPHRASE, "now": owner.now, "by": "test", **more}
    return export(owner.vault, path=path, kind=kind, **wanted)  # type: ignore[arg-type]


def test_pkcs12_holds_key_certificate_and_authorities(owner: Owner, tmp_path: Path) -> None:
    """Under the passphrase, and nothing of the key outside of it."""
    done = exported(owner, tmp_path / "alice.p12")
    assert done.path == tmp_path / "alice.p12"
    assert (done.identity.name, done.authorities) == ("alice", 1)
    found = pkcs12.load_pkcs12(done.path.read_bytes(), PASSPHRASE)
    assert found.cert is not None
    assert found.cert.friendly_name == b"alice"
    assert (
        found.cert.certificate == certificates_in(owner.vault.client_crt("alice").read_bytes())[0]
    )
    assert [one.certificate for one in found.additional_certs] == owner.vault.ca_certificates()
    key = load_pem_private_key(owner.vault.client_key("alice").read_bytes(), None)
    assert found.key is not None
    assert found.key.private_numbers() == key.private_numbers()  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="Invalid password"):
        pkcs12.load_pkcs12(done.path.read_bytes(), b"wrong")


def test_pem_holds_the_same_in_blocks(owner: Owner, tmp_path: Path) -> None:
    """The key first, encrypted."""
    path = exported(owner, tmp_path / "alice.pem", Format.PEM).path
    data = path.read_bytes()
    assert data.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert len(certificates_in(data)) == 2
    load_pem_private_key(data, PASSPHRASE)
    with pytest.raises(ValueError, match="password"):
        load_pem_private_key(data, b"wrong")


@pytest.mark.parametrize("kind", KeyType)
def test_openssl_opens_it(owner: Owner, tmp_path: Path, kind: KeyType) -> None:
    """Every kind of key, and both kinds of file."""
    issue(owner.vault, IssueRequest(names=("carol",), key_type=kind), owner.now)
    (tmp_path / "word").write_bytes(b"plain horse\n")
    for form in Format:
        path = tmp_path / f"carol.{form}"
        exported(owner, path, form, name="carol", passphrase=b"plain horse")
        words = ["pkcs12", "-nodes"] if form is Format.P12 else ["pkey", "-text"]
        command = [
            need("openssl"),
            *words,
            "-in",
            str(path),
            "-passin",
            f"file:{tmp_path / 'word'}",
        ]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "-----BEGIN PRIVATE KEY-----" in shown
        wrong = subprocess.run([*command[:-1], "pass:wrong"], capture_output=True, check=False)
        assert wrong.returncode != 0


@pytest.mark.skipif(os.name != "posix", reason="there are no modes elsewhere")
@pytest.mark.parametrize("kind", Format)
def test_only_its_owner_may_read_it(owner: Owner, tmp_path: Path, kind: Format) -> None:
    """Although it is encrypted."""
    assert exported(owner, tmp_path / "file", kind).path.stat().st_mode & 0o777 == 0o600


def test_it_is_written_down(owner: Owner, tmp_path: Path) -> None:
    """Who, what, when and how; nothing of the passphrase."""
    exported(owner, tmp_path / "alice.p12")
    *_, line = owner.vault.audit_file.read_text().splitlines()
    for word in ('"exported"', '"alice"', '"test"', '"as p12"', owner.newest("alice").serial):
        assert word in line
    assert "horse" not in line
    assert owner.registry.newest("alice") == owner.newest("alice")


def test_an_encrypted_key_is_unlocked_once(owner: Owner, tmp_path: Path) -> None:
    """With the passphrase of the folder, not that of the export."""
    asked: list[bytes] = []

    def unlock() -> bytes:
        asked.append(b"folder")
        return b"folder"

    issue(owner.vault, IssueRequest(names=("carol",), passphrase=b"folder"), owner.now)
    exported(owner, tmp_path / "carol.p12", name="carol", unlock=unlock)
    assert pkcs12.load_pkcs12((tmp_path / "carol.p12").read_bytes(), PASSPHRASE).key is not None
    with pytest.raises(IdentityError, match="is encrypted"):
        exported(owner, tmp_path / "again.p12", name="carol")
    with pytest.raises(IdentityError, match="the passphrase is wrong"):
        exported(owner, tmp_path / "again.p12", name="carol", unlock=lambda: b"wrong")
    assert not (tmp_path / "again.p12").exists()


@pytest.mark.parametrize("passphrase", [b"", b"x" * 1_024, b"\xff\xfe"])
def test_a_passphrase_of_no_use_is_refused(owner: Owner, tmp_path: Path, passphrase: bytes) -> None:
    """Before anything is written."""
    before = owner.vault.audit_file.read_bytes()
    with pytest.raises(UsageError, match="passphrase"):
        exported(owner, tmp_path / "file", passphrase=passphrase)
    assert owner.vault.audit_file.read_bytes() == before
    assert not (tmp_path / "file").exists()


def test_what_cannot_be_leaves_no_line(owner: Owner, tmp_path: Path) -> None:
    """Somebody whose key is elsewhere, a file that is there, a folder that is not."""
    before = owner.vault.audit_file.read_bytes()
    with pytest.raises(IdentityError, match=r"erin\.crt is missing"):
        exported(owner, tmp_path / "file", name="erin")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(StoreError, match="is there already"):
        exported(owner, tmp_path / "mine")
    with pytest.raises(StoreError, match="cannot be written"):
        exported(owner, tmp_path / "none" / "file")
    assert (tmp_path / "mine").read_text() == "mine"
    assert owner.vault.audit_file.read_bytes() == before


def test_a_member_s_folder_is_refused(owner: Owner, tmp_path: Path) -> None:
    """There is no trail to write it into, and none is begun."""
    owner.vault.audit_file.unlink()
    with pytest.raises(IdentityError, match="audit trail"):
        exported(owner, tmp_path / "file")
    assert not owner.vault.audit_file.exists()
    assert not (tmp_path / "file").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.slow
def test_killed_at_any_step_no_export_is_without_its_line(owner: Owner, tmp_path: Path) -> None:
    """And none is half; the next one leaves nothing behind."""
    path, step, seen, killed = tmp_path / "alice.p12", 0, set(), True
    while killed:
        step += 1
        lines = owner.vault.audit_file.read_bytes().count(b'"exported"')
        killed = killed_before_step(step, tmp_path, lambda: exported(owner, path), writes=True)
        noted = owner.vault.audit_file.read_bytes().count(b'"exported"') - lines
        seen.add((path.exists(), noted))
        if path.exists():
            pkcs12.load_pkcs12(path.read_bytes(), PASSPHRASE)
            path.unlink()
        exported(owner, path)
        assert sorted(item.name for item in tmp_path.iterdir()) == ["alice.p12", "certs"]
        path.unlink()
    assert (True, 0) not in seen
    assert {(False, 0), (True, 1)} <= seen
    assert step > 8
