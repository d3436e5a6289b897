"""A command loads what it uses and nothing that belongs to others, so that it starts fast."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from secure_chat.cli.commands import ALL, NAMES
from tests.cli.processes import Program, Running

# Runs the program, at whose end the names of all loaded modules stand in the file named first.
_PROBE: Final = """
import atexit, json, sys
path = sys.argv.pop(1)
def tell():
    with open(path, "w") as file:
        json.dump(list(sys.modules), file)
atexit.register(tell)
from secure_chat.cli.main import run
run()
"""

# Only at a terminal: `join` needs prompt_toolkit there, a transfer's bar rich.
UNUSED: Final = frozenset({"asyncio", "prompt_toolkit", "pydantic", "rich"})
TALKING: Final = frozenset(
    {"secure_chat.net", "secure_chat.tls", "secure_chat.wire", "socket", "ssl"}
)
ISSUING: Final = frozenset(
    {
        "secure_chat.pki.authority",
        "secure_chat.pki.change",
        "secure_chat.pki.leaf",
        "secure_chat.pki.setup",
    }
)
HOSTING: Final = frozenset(
    {
        "secure_chat.hub",
        "secure_chat.log.reader",
        "secure_chat.log.sqlite",
        "secure_chat.pki.audit",
        "secure_chat.pki.registry",
        "secure_chat.server",
    }
)
CLIENT: Final = frozenset({"secure_chat.client.runtime", "cryptography", "sqlite3", "ssl"})

# What somebody who only asks for help need not wait for.
HEAVY: Final = (
    UNUSED
    | TALKING
    | ISSUING
    | HOSTING
    | CLIENT
    | {
        "msgspec",
        "platformdirs",
        "secure_chat.client",
        "secure_chat.handshakes",
        "secure_chat.limits",
        "secure_chat.log",
        "secure_chat.pki.vault",
        "pyrage",
        "segno",
    }
)

# What a command that really runs needs, and what it must leave to others.
RUNS: Final = {
    "send": (
        CLIENT,
        UNUSED
        | ISSUING
        | HOSTING
        | {
            "platformdirs",
            "secure_chat.cli.carrying",
            "secure_chat.client.speech",
            "secure_chat.client.view",
        },
    ),
    "get": (
        CLIENT | {"secure_chat.cli.offers"},
        UNUSED
        | ISSUING
        | HOSTING
        | {
            "platformdirs",
            "secure_chat.client.picture",
            "secure_chat.client.speech",
            "secure_chat.client.view",
        },
    ),
    "tail": (
        CLIENT | {"secure_chat.client.view"},
        UNUSED | ISSUING | HOSTING | {"platformdirs", "secure_chat.client.speech"},
    ),
    "history": (
        CLIENT | {"secure_chat.client.view"},
        UNUSED | ISSUING | HOSTING | {"platformdirs", "secure_chat.client.speech"},
    ),
    "join": (
        CLIENT | {"secure_chat.client.speech"},
        UNUSED
        | ISSUING
        | HOSTING
        | {"platformdirs", "secure_chat.cli.errands", "secure_chat.client.picture"},
    ),
    "handshakes": (
        frozenset({"secure_chat.handshakes.journal"}),
        UNUSED | TALKING | ISSUING | HOSTING | CLIENT | {"platformdirs", "secure_chat.pki.vault"},
    ),
    "init-certs": (
        ISSUING | {"cryptography", "secure_chat.pki.audit"},
        UNUSED
        | (TALKING - {"socket"})  # which the standard library's `email.utils` loads
        | (HOSTING - {"secure_chat.pki.audit", "secure_chat.pki.registry"})
        | {"platformdirs", "secure_chat.client", "secure_chat.handshakes"},
    ),
    "invite": (
        frozenset({"cryptography", "secure_chat.pki.invites"}),
        UNUSED
        | CLIENT - {"cryptography", "sqlite3"}
        | HOSTING - {"secure_chat.pki.audit", "secure_chat.pki.registry"}
        | {"platformdirs", "secure_chat.client", "segno"},
    ),
    "certs": (
        frozenset({"cryptography", "secure_chat.pki.registry", "secure_chat.server.seen"}),
        UNUSED
        | TALKING - {"socket"}
        | ISSUING
        | CLIENT - {"cryptography", "sqlite3"}
        | HOSTING - {"secure_chat.pki.audit", "secure_chat.pki.registry", "secure_chat.server"}
        | {"platformdirs", "pyrage", "segno"},
    ),
    "moderate": (
        frozenset({"secure_chat.pki.moderation"}),
        UNUSED
        | TALKING - {"socket"}
        | ISSUING
        | CLIENT - {"cryptography", "sqlite3"}
        | HOSTING - {"secure_chat.pki.audit", "secure_chat.pki.registry"}
        | {"platformdirs", "pyrage", "secure_chat.client", "segno"},
    ),
    "profiles": (
        frozenset({"secure_chat.client.profiles"}),
        UNUSED | TALKING - {"socket"} | ISSUING | {"secure_chat.server", "segno"},
    ),
    "host": (
        HOSTING | TALKING | ISSUING - {"secure_chat.pki.setup"},
        UNUSED | {"platformdirs", "secure_chat.client", "secure_chat.pki.setup"},
    ),
}


class Probe:
    """Runs commands in interpreters of their own and knows what each of them has loaded.

    Args:
        folder: where it is written down.
        environment: what the commands are run with.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._file = folder / "modules.json"
        # Measuring the coverage loads modules too.
        self._environment = {
            name: value for name, value in environment.items() if not name.startswith("COVERAGE_")
        }

    def run(self, *words: str, first: str = "") -> frozenset[str]:
        """Return what a command has loaded that ended well, and was told `text` on its stdin.

        Args:
            words: the command.
            first: a program to run before it.
        """
        command = (sys.executable, "-c", first + _PROBE, str(self._file), *words)
        done = subprocess.run(
            command, env=self._environment, input=b"text\n", capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return self._loaded()

    def follow(self, event: str, *words: str) -> frozenset[str]:
        """Return what a command has loaded that was interrupted after an event."""
        command = (sys.executable, "-c", _PROBE, str(self._file), *words)
        with Running(command, self._environment) as running:
            running.event(event)
            running.interrupt()
            running.end()
        return self._loaded()

    def _loaded(self) -> frozenset[str]:
        return frozenset(json.loads(self._file.read_bytes()))


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    """Return a probe for what needs no host."""
    return Probe(tmp_path, dict(os.environ))


@pytest.mark.parametrize(
    "words", [("--version",), ("--help",), *((*name.split(), "--help") for name in ALL)]
)
def test_who_asks_for_help_waits_for_nothing_heavy(probe: Probe, words: tuple[str, ...]) -> None:
    """Nor for the other commands, unless it is the list of all of them."""
    loaded = probe.run(*words)
    assert loaded & HEAVY == frozenset()
    commands = {name for name in NAMES if f"secure_chat.cli.{name.replace('-', '_')}" in loaded}
    assert commands == (set(NAMES) if words == ("--help",) else {*words} & {*NAMES})


def test_what_is_heavy_is_noticed(probe: Probe) -> None:
    """Wherever it was loaded, and a package by any of its modules."""
    loaded = probe.run("--version", first="import sqlite3, secure_chat.server.threads\n")
    assert loaded & HEAVY == {"sqlite3", "secure_chat.server"}
    assert probe.run("--version") & HEAVY == frozenset()


@pytest.mark.parametrize("name", [name for name in RUNS if name != "host"])
def test_a_command_loads_nothing_that_belongs_to_others(
    program: Program, tmp_path: Path, name: str
) -> None:
    """It has what it needs, and what it needs not is not there."""
    probe = Probe(tmp_path, program.environment)
    if name == "tail":
        loaded = probe.follow("live", "tail", "--as", "alice", "--json")
    elif name == "handshakes":
        program.run("send", "text", "--as", "alice")
        loaded = probe.run("handshakes")
    elif name == "init-certs":
        loaded = probe.run("init-certs", "--certs", str(tmp_path / "new"))
    elif name == "invite":
        program.run("init-certs", "--certs", str(tmp_path / "new"))
        loaded = probe.run("invite", "erin", "--certs", str(tmp_path / "new"))
    elif name == "moderate":
        program.run("init-certs", "--certs", str(tmp_path / "new"))
        loaded = probe.run("moderate", "kick", "alice", "--certs", str(tmp_path / "new"))
    elif name in {"certs", "profiles"}:
        loaded = probe.run(name)
    else:
        loaded = probe.run(name, "--as", "alice")
    needed, others = RUNS[name]
    assert loaded & needed == needed
    assert loaded & others == frozenset()


def test_a_host_loads_what_it_issues_with_and_nothing_of_a_client(
    certs: Path, tmp_path: Path
) -> None:
    """Nor what `init-certs` needs besides."""
    probe = Probe(tmp_path, dict(os.environ))
    places = ("--certs", str(certs), "--data", str(tmp_path / "data"))
    loaded = probe.follow("ready", "host", "--port", "0", "--json", *places)
    needed, others = RUNS["host"]
    assert loaded & needed == needed
    assert loaded & others == frozenset()
