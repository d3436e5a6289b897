"""A renewed certificate counts from the next connection on; a broken one changes nothing."""

import shutil
from pathlib import Path

from secure_chat.client.credentials import Credentials
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault


def test_contexts_are_made_anew_when_the_files_change(certs: Path, tmp_path: Path) -> None:
    """While they stay the same, so does the context; while they are broken, the old one stays."""
    folder = tmp_path / "certs"
    shutil.copytree(certs, folder)
    vault = Vault(folder)
    credentials = Credentials(vault.client_files("alice"))
    first = credentials()
    assert credentials() is first
    kept = vault.client_crt("alice").read_bytes()
    vault.client_crt("alice").write_bytes(kept[:100])
    assert credentials() is first
    vault.client_crt("alice").unlink()
    assert credentials() is first
    init_certs(vault, InitRequest(clients=("alice",)))
    second = credentials()
    assert second is not first
    assert credentials() is second


def test_a_renewed_certificate_keeps_the_key_log(certs: Path, tmp_path: Path) -> None:
    """The keys of all connections go to the one file; when it cannot be, the old context stays."""
    folder, keylog = tmp_path / "certs", tmp_path / "keys"
    shutil.copytree(certs, folder)
    vault = Vault(folder)
    credentials = Credentials(vault.client_files("alice"), keylog=keylog)
    first = credentials()
    assert (first.keylog, keylog.exists()) == (True, True)

    keylog.chmod(0o644)
    vault.client_crt("alice").touch()
    assert credentials() is first
    keylog.chmod(0o600)
    second = credentials()
    assert (second is first, second.keylog) == (False, True)
