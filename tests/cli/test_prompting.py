"""`join` with a person at a terminal: a prompt that incoming lines do not garble."""

import shutil
import sys
from pathlib import Path

import pytest

from secure_chat.client import Client
from tests.cli.processes import Program
from tests.client.hosting import Hosting, revoke

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pty needs a POSIX system")


@pytest.fixture
def bob(hosting: Hosting, program: Program) -> Client:
    """Return bob's client, one that keeps nothing, for use in a `with` statement."""
    environment = program.environment
    return Client(
        "bob",
        at=hosting.at,
        certs=environment["SECURECHAT_CERTS"],
        data=environment["SECURECHAT_DATA"],
        remember=False,
    )


def test_a_line_that_is_being_typed_survives_what_comes_in(program: Program, bob: Client) -> None:
    """It is drawn again below the message, and sent whole."""
    with program.terminal("join", "--as", "alice") as terminal, bob:
        terminal.until("alice@lobby>")
        terminal.type("half")
        terminal.until("half")
        bob.say("interrupting \x1b[2J you")
        came = terminal.until("interrupting")
        came += terminal.until("half")
        assert r"interrupting \x1b[2J you" in came
        assert "\x1b[2J" not in came
        terminal.type(" done\r")
        terminal.until("[lobby] alice: half done")
        terminal.type("/join tea\r")
        terminal.until("alice@tea>")
        terminal.type("/quit\r")
        assert terminal.end() == 0


def test_the_prompt_tells_that_the_host_is_away(program: Program, hosting: Hosting) -> None:
    """What is typed meanwhile is sent when it is back; leaving with unsent lines says so."""
    with program.terminal("join", "--as", "alice") as terminal:
        terminal.until("alice@lobby>")
        hosting.stop()
        terminal.until("(away)>")
        terminal.type("later\r")
        terminal.until("no connection just now")
        hosting.start()
        terminal.until("[lobby] alice: later")
        hosting.stop()
        terminal.until("(away)>")
        terminal.type("much later\r")
        terminal.until("no connection just now")
        terminal.until("(away)>")
        # Ctrl-D.
        terminal.type("\x04")
        terminal.until("1 not acknowledged; the next run sends them")
        assert terminal.end() == 0


def test_ctrl_c_is_130(program: Program) -> None:
    """At the prompt too."""
    with program.terminal("join", "--as", "alice") as terminal:
        terminal.until("alice@lobby>")
        terminal.type("\x03")
        assert terminal.end() == 130
        assert "Traceback" not in terminal.seen


def test_several_identities_are_asked_about(program: Program) -> None:
    """At a terminal one is chosen."""
    with program.terminal("join") as terminal:
        terminal.until("Who are you?")
        terminal.type("carol\r")
        terminal.until("carol@lobby>")
        terminal.type("/quit\r")
        assert terminal.end() == 0


def test_who_is_revoked_is_led_out_of_the_prompt(certs: Path, tmp_path: Path) -> None:
    """With the reason, and without a key pressed."""
    copied = tmp_path / "certs"
    shutil.copytree(certs, copied)
    host = Hosting(copied, tmp_path / "host").start()
    program = Program(copied, tmp_path / "data", host.at)
    with program.terminal("join", "--as", "alice") as terminal:
        terminal.until("alice@lobby>")
        revoke(copied, "alice")
        assert terminal.end() == 6
        assert "revoked" in terminal.seen
    host.stop()
