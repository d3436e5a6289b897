"""A host that cannot start says in two lines what is wrong and what to do, and touches nothing."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_chat.errors import Exit
from tests.acceptance.paper import expire_host, old_community
from tests.acceptance.scene import Scene
from tests.cli.processes import Outcome


def _refused(outcome: Outcome, code: Exit, *words: str) -> None:
    """Check that a command ended with two lines that say why."""
    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    what, hint = outcome.err.splitlines()
    assert what.startswith("error: ")
    assert hint.startswith("  ")
    for word in words:
        assert word in outcome.err


@pytest.fixture
def own(certs: Path, tmp_path: Path) -> Path:
    """Return a copy of the certificates folder that a test may spoil."""
    copy = tmp_path / "own"
    shutil.copytree(certs, copy)
    return copy


def test_a_port_in_use_and_a_folder_in_use_are_told_apart(scene: Scene, tmp_path: Path) -> None:
    """The second host on a port names the port, the second one on a folder names the folder."""
    scene.host()
    port = str(scene.address[1])
    with Scene(scene.certs, tmp_path / "other") as other:
        _refused(other.run("host", "--port", port), Exit.OTHER, port, "in use", "--port")
    second = scene.run("host", "--port", "0")
    _refused(second, Exit.OTHER, "in use", str(scene.host_data))


def test_an_address_that_is_not_here_is_told(scene: Scene) -> None:
    """Another computer's address and a name without one are different mistakes."""
    foreign = scene.run("host", "--bind", "198.51.100.1", "--port", "0")
    _refused(foreign, Exit.OTHER, "198.51.100.1", "--bind")
    nameless = scene.run("host", "--bind", "no.such.invalid", "--port", "0")
    _refused(nameless, Exit.USAGE, "no.such.invalid", "--bind")


def test_a_folder_without_certificates_names_the_command_that_makes_them(tmp_path: Path) -> None:
    """The first mistake of a new owner has a way out."""
    with Scene(tmp_path / "nothing", tmp_path / "data") as scene:
        _refused(scene.run("host"), Exit.NO_IDENTITY, "init-certs")
    assert not (tmp_path / "nothing").exists()
    assert not (tmp_path / "data").exists()


def _without_key(certs: Path) -> None:
    (certs / "host.key").unlink()


def _with_anothers_key(certs: Path) -> None:
    shutil.copy(certs / "clients/alice.key", certs / "host.key")


def _with_a_torn_key(certs: Path) -> None:
    pem = (certs / "host.key").read_bytes()
    (certs / "host.key").write_bytes(pem[: len(pem) // 2])


def _with_a_clients_certificate(certs: Path) -> None:
    for end in ("crt", "key"):
        shutil.copy(certs / f"clients/alice.{end}", certs / f"host.{end}")


def _without_authority(certs: Path) -> None:
    (certs / "ca.crt").unlink()


def _without_crl(certs: Path) -> None:
    (certs / "crl.pem").unlink()


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (_without_key, "host.key"),
        (_with_anothers_key, "host.key"),
        (_with_a_torn_key, "host.key"),
        (_with_a_clients_certificate, "host.crt"),
        (_without_authority, "ca.crt"),
        (_without_crl, "crl.pem"),
    ],
)
def test_files_that_do_not_fit_are_named(
    own: Path, tmp_path: Path, spoil: Callable[[Path], None], word: str
) -> None:
    """Whatever is missing or does not belong together, the host names the file and stops."""
    spoil(own)
    with Scene(own, tmp_path / "data") as scene:
        _refused(scene.run("host", "--port", "0"), Exit.NO_IDENTITY, word)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file"
)
def test_a_key_that_may_not_be_read_is_named(own: Path, tmp_path: Path) -> None:
    """A file of another owner is told from a missing one."""
    (own / "host.key").chmod(0)
    with Scene(own, tmp_path / "data") as scene:
        _refused(scene.run("host"), Exit.NO_IDENTITY, "host.key", "Permission denied")


def test_an_expired_host_certificate_is_told_with_its_end(tmp_path: Path) -> None:
    """No client would trust it, so the host does not start with it."""
    certs = old_community(tmp_path / "certs")
    expire_host(certs)
    with Scene(certs, tmp_path / "data") as scene:
        outcome = scene.run("host", "--port", "0")
        _refused(outcome, Exit.NO_IDENTITY, "host.crt", "expired", "init-certs")


def test_a_data_folder_that_cannot_be_made_is_told(certs: Path, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("x")
    with Scene(certs, tmp_path / "file") as scene:
        _refused(scene.run("host", "--port", "0"), Exit.OTHER, str(tmp_path / "file"), "--data")
    assert (tmp_path / "file").read_text() == "x"


def test_a_log_that_is_no_log_is_told_and_left_alone(scene: Scene) -> None:
    """A foreign file under the log's name is not overwritten."""
    scene.host_data.mkdir(parents=True)
    log = scene.host_data / "log.sqlite"
    log.write_bytes(b"not a database, whatever its name says" * 100)
    before = log.read_bytes()
    _refused(scene.run("host", "--port", "0"), Exit.OTHER, "log.sqlite")
    assert log.read_bytes() == before
