"""`securechat host`: the keys it opens at start, and what its ready line and its events say."""

import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from secure_chat.clock import SystemClock
from secure_chat.errors import Exit
from secure_chat.pki.invites import invite
from secure_chat.pki.keys import key_from_pem, key_to_pem
from secure_chat.pki.vault import Vault
from tests.cli.processes import PROGRAM, Program, Running, Terminal

PASSPHRASE = "a passphrase for both"  # noqa: S105 - of keys that are made here
HOST = (*PROGRAM, "host", "--port", "0", "--enroll-port", "0")


@pytest.fixture
def own(certs: Path, tmp_path: Path) -> Program:
    """Commands over a certificates folder of their own, both keys of which are locked."""
    copy = Path(shutil.copytree(certs, tmp_path / "certs"))
    for name in ("ca.key", "host.key"):
        pem = (copy / name).read_bytes()
        key = key_from_pem(pem, None, where=name)
        (copy / name).write_bytes(key_to_pem(key, PASSPHRASE.encode()))
    return Program(copy, tmp_path / "data", "127.0.0.1:1")


def certs_of(program: Program) -> Path:
    """Return the certificates folder of its commands."""
    return Path(program.environment["SECURECHAT_CERTS"])


def test_one_passphrase_file_opens_the_hosts_and_the_authoritys_key(
    own: Program, tmp_path: Path
) -> None:
    """The ready line says that certificates are issued; invited people are told where to enrol."""
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    command = (*HOST, "--json", "--passphrase-file", str(tmp_path / "passphrase"))
    with Running(command, own.environment) as host:
        ready = host.event("ready")
        assert ready["issues"] is True
        assert "issues_why" not in ready
        invite(
            Vault(certs_of(own)),
            name="erin",
            life=timedelta(hours=1),
            now=SystemClock().now(),
            by="test",
        )
        said = host.event("enrolment")
        assert said["open"] is True
        assert said["address"].startswith("127.0.0.1:")
        assert said["address"] != ready["address"]
        host.process.send_signal(signal.SIGTERM)
        assert host.end().code == Exit.DONE


def test_a_person_at_the_terminal_is_asked_once(own: Program) -> None:
    """One question for two keys, and nothing of the answer is shown."""
    with Terminal(HOST, own.environment) as host:
        host.until("Passphrase of the private key: ")
        host.type(f"{PASSPHRASE}\n")
        shown = host.until("issues      yes")
        assert "Passphrase" not in shown
        assert PASSPHRASE not in host.seen
        host.interrupt()
        host.until("stopped")


def test_ctrl_c_at_the_question_ends_it(own: Program) -> None:
    """Nothing runs yet that would have to be stopped in order."""
    with Terminal(HOST, own.environment) as host:
        host.until("Passphrase of the private key: ")
        host.interrupt()
        assert host.end() == Exit.INTERRUPTED


def test_a_locked_ca_key_alone_leaves_the_chat_running(own: Program, certs: Path) -> None:
    """With nobody to ask, the host says what does not work and why, in words too."""
    shutil.copy(certs / "host.key", certs_of(own) / "host.key")
    with Running((*HOST, "--json"), own.environment) as host:
        ready = host.event("ready")
        assert ready["issues"] is False
        assert "ca.key is encrypted" in ready["issues_why"]
    with Running(HOST, own.environment) as host:
        assert "people can talk" in host.talk(lambda line: "issues" in line)


def test_a_passphrase_file_that_is_not_there_is_told_before_anything_starts(
    own: Program, tmp_path: Path
) -> None:
    """No folder is made and no port is taken."""
    done = own.run("host", "--port", "0", "--passphrase-file", str(tmp_path / "nothing"))
    assert done.code == Exit.NO_IDENTITY
    assert "nothing" in done.err
    assert not (tmp_path / "data").exists()
