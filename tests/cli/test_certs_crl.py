"""`securechat certs crl`: the list of revoked certificates for others, never behind for long."""

import os
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.cli.shell import Shell
from tests.tools import need


def test_it_is_the_folder_s_list(shell: Shell) -> None:
    """As PEM on stdout, and nothing else anywhere."""
    shell("certs", "revoke", "bob", "--yes", "--reason", "keyCompromise")
    done = shell("certs", "crl")
    assert done.out == shell.vault.crl.read_text()
    assert done.err == ""
    shown = subprocess.run(
        [need("openssl"), "crl", "-noout", "-text", "-CAfile", str(shell.vault.ca_crt)],
        input=done.out,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Key Compromise" in shown.stdout
    assert "verify OK" in shown.stderr


def test_der_is_the_same_in_octets(shell: Shell) -> None:
    """Through a pipe, untouched."""
    done = subprocess.run(
        [*need_program(), "certs", "crl", "--der"],
        env=shell.program.environment,
        capture_output=True,
        check=True,
    )
    crl = x509.load_der_x509_crl(done.stdout)
    assert crl.public_bytes(Encoding.PEM) == shell.vault.crl.read_bytes()


def need_program() -> tuple[str, ...]:
    """Return the program."""
    from tests.cli.processes import PROGRAM

    return PROGRAM


@pytest.mark.parametrize("form", ["pem", "der"])
def test_a_file_is_made_for_everybody(shell: Shell, form: str) -> None:
    """It is public; and never written over another."""
    path = shell.folder / "list"
    words = ("certs", "crl", "--out", str(path), *(["--der"] if form == "der" else []))
    done = shell(*words)
    assert done.out == ""
    assert f"written to {path}" in done.err
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o644
    read = x509.load_der_x509_crl if form == "der" else x509.load_pem_x509_crl
    assert len(list(read(path.read_bytes()))) == 0
    assert "is there already" in shell(*words, code=1).err


def test_two_lists_do_not_fit_into_der(shell: Shell) -> None:
    """During a change-over; PEM holds both."""
    shell("certs", "rotate-ca", "--yes")
    assert shell("certs", "crl").out.count("BEGIN X509 CRL") == 2
    assert "export it as PEM" in shell("certs", "crl", "--der", code=2).err


def test_one_that_is_behind_is_signed_first(shell: Shell) -> None:
    """When the key can be used again; until then it is told that it is behind."""
    key = shell.vault.ca_key.read_bytes()
    shell.vault.ca_key.unlink()
    shell("certs", "revoke", "bob", "--yes")
    before = shell.vault.crl.read_bytes()
    done = shell("certs", "crl")
    assert "behind" in done.err
    assert done.out.encode() == before == shell.vault.crl.read_bytes()
    shell.vault.ca_key.touch(0o600)
    shell.vault.ca_key.write_bytes(key)
    assert len(list(x509.load_pem_x509_crl(shell("certs", "crl").out.encode()))) == 1
    after = shell.vault.crl.read_bytes()
    shell("certs", "crl")
    assert shell.vault.crl.read_bytes() == after


def test_no_passphrase_is_asked_for_when_nothing_is_to_be_signed(shell: Shell) -> None:
    """Only looking needs none."""
    shell.vault.ca_key.unlink()
    assert shell("certs", "crl").err == ""


def test_a_folder_without_a_list_is_told(shell: Shell) -> None:
    """A member's has none, and gets none by it."""
    shell.vault.audit_file.unlink()
    shell.vault.crl.unlink()
    assert "crl.pem is missing" in shell("certs", "crl", code=3).err
    assert not shell.vault.audit_file.exists()
