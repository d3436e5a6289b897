"""The demo shows what it says, leaves nothing behind, and fails when something does not happen."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
INSTALLED: Final = Path(sys.executable).with_name("securechat")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the scripts need a POSIX system"),
]


def take(*words: str) -> "subprocess.CompletedProcess[str]":
    """Take the tour to its end."""
    return subprocess.run(
        (sys.executable, str(ROOT / "scripts" / "demo_tour.py"), *words),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def leftovers() -> set[Path]:
    """Return what stands in the demo's folder."""
    return set((ROOT / ".demo").glob("*"))


def test_the_demo_shows_a_conversation_and_two_refusals() -> None:
    """Everything the tour is for is on the screen, the exit code is 0, the folder is gone."""
    before = leftovers()
    shown = take()
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for words in (
        "bob | ",
        "[lobby] alice: Hello! Is anybody here?",
        "error: the host does not let us in: this client showed no certificate",
        "TLSV1_ALERT_UNKNOWN_CA",
        "stopped; everything acknowledged is stored",
    ):
        assert words in shown.stdout
    listed = shown.stdout.partition("$ securechat handshakes")[2]
    assert "no-certificate" in listed
    assert "unknown-ca" in listed
    assert leftovers() <= before


@pytest.mark.parametrize("silenced", ["handshakes", "history"])
def test_a_demo_in_which_something_does_not_happen_fails(tmp_path: Path, silenced: str) -> None:
    """With a program that says nothing where it should, the tour ends with exit code 1."""
    program = tmp_path / "securechat"
    program.write_text(f'#!/bin/sh\n[ "$1" = {silenced} ] || exec {INSTALLED} "$@"\n')
    program.chmod(0o700)
    before = leftovers()
    shown = take(str(program))
    assert shown.returncode == 1
    assert "This did not happen: " in shown.stderr
    assert leftovers() <= before
