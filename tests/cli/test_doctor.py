"""`securechat doctor` as people and scripts run it: what it prints, and its exit code."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from secure_chat.cli.commands import NAMES
from secure_chat.cli.doctor import EXAMPLES
from secure_chat.cli.main import app
from secure_chat.pki.keys import key_from_pem, key_to_pem
from tests.cli.processes import PROGRAM, Outcome, Program
from tests.client.hosting import Hosting

posix = pytest.mark.skipif(os.name != "posix", reason="there are no modes elsewhere")

# Colours, and nothing else that a terminal acts on.
COLOUR = re.compile(r"\x1b\[\d*m")


@pytest.fixture
def folder(certs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a certificates folder that may be spoiled; it is the default one of where we are."""
    shutil.copytree(certs, tmp_path / "certs")
    monkeypatch.chdir(tmp_path)
    return Path("certs")


@pytest.fixture
def alone(folder: Path) -> Program:
    """Return what runs commands where no host is."""
    return Program(folder, Path("data"), "127.0.0.1:1")


def found(done: Outcome) -> dict[str, dict[str, Any]]:
    """Return the findings that are not in order, by their ids."""
    objects = [each for each in done.objects() if each["event"] == "finding"]
    return {each["id"]: each for each in objects if each["level"] not in {"ok", "note"}}


def lock(path: Path, passphrase: bytes) -> None:
    """Encrypt a key."""
    key = key_from_pem(path.read_bytes(), None, where="")
    path.write_bytes(key_to_pem(key, passphrase))


def test_all_is_well_with_a_running_host(program: Program) -> None:
    """The exit code says so, and a line; who is let in stands above it."""
    done = program.run("doctor")

    assert done.code == 0, done.out
    assert done.err.startswith("all is well")
    heads = [line.partition(":")[0] for line in done.out.splitlines() if line[0] != " "]
    assert heads == ["program", "certificates", "data", "clock", "network"]
    assert "alice is let in by securechat" in done.out
    assert "no certificate has expired" not in done.out


def test_all_is_well_without_a_host_when_none_is_looked_for(alone: Program) -> None:
    """And when one is, that is a fault with what to do."""
    assert alone.run("doctor", "--offline").code == 0
    done = alone.run("doctor")
    assert done.code == 1
    assert "fault    unreachable: nothing answers at 127.0.0.1:1" in done.out
    assert "start a host with `securechat host --port 1`" in " ".join(done.out.split())
    assert done.err.startswith("1 fault")


def test_scripts_get_one_object_a_line(program: Program) -> None:
    """Each finding in full, then how many there are."""
    done = program.run("doctor", "--json")

    *findings, summary = done.objects()
    keys = ["event", "area", "id", "level", "what", "why", "hint", "where"]
    assert all(list(finding) == keys for finding in findings)
    assert done.out.isascii()
    assert (done.code, done.err) == (0, "")
    levels = [finding["level"] for finding in findings]
    assert summary == {
        "event": "summary",
        "ok": levels.count("ok"),
        "notes": levels.count("note"),
        "warnings": 0,
        "faults": 0,
        "well": True,
    }


@posix
def test_a_fault_is_told_with_why_and_what_to_do(alone: Program, folder: Path) -> None:
    """To people in words, to scripts under its name; the exit code is 1."""
    (folder / "host.key").chmod(0o644)

    told = alone.run("doctor", "--offline")
    listed = alone.run("doctor", "--offline", "--json")

    assert (told.code, listed.code) == (1, 1)
    lines = told.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "open-key" in line)
    assert lines[at].startswith("  fault    open-key: others may read or change")
    assert "      why  who has the key can be you" in told.out
    assert "       do  chmod 600 certs/host.key" in told.out
    assert list(found(listed)) == ["open-key"]
    assert found(listed)["open-key"]["where"] == "certs/host.key"
    assert listed.objects()[-1]["well"] is False


@posix
def test_a_warning_alone_is_not_well(alone: Program, folder: Path) -> None:
    """A note alone is."""
    folder.chmod(0o750)
    assert alone.run("doctor", "--offline").code == 1

    folder.chmod(0o700)
    lock(folder / "host.key", b"barley")
    done = alone.run("doctor", "--offline")
    assert done.code == 0
    assert "note     locked-key: host.key is locked" in done.out


def test_the_host_may_be_named(hosting: Hosting, alone: Program) -> None:
    """As with `join`: the argument counts before the option and the environment."""
    assert alone.run("doctor", hosting.at, "--at", "127.0.0.1:2", "--as", "bob").code == 0
    assert alone.run("doctor", "--at", hosting.at).code == 0
    missing = alone.run("doctor", hosting.at, "--as", "zoe", "--json")
    assert (missing.code, list(found(missing))) == (1, ["no-identity"])


@pytest.mark.parametrize("words", [("host:port",), ("--at", ""), ("one", "two"), ("--loudly",)])
def test_a_command_that_is_called_wrongly_finds_nothing(
    alone: Program, words: tuple[str, ...]
) -> None:
    """It says how to call it."""
    done = alone.run("doctor", *words)

    assert (done.code, done.out) == (2, "")
    assert done.err


def test_a_terminal_of_eighty_columns_is_wide_enough(
    program: Program, alone: Program, folder: Path
) -> None:
    """Whatever is told, in order or not; a path of a test's is longer than people's."""
    (folder / "crl.pem").write_text("")
    (folder / "audit.jsonl").write_text("{}\n")
    for done in (alone.run("doctor", "--verbose"), alone.run("doctor", "localhost:1", "-v")):
        assert done.code == 1
        assert max(map(len, done.out.splitlines())) <= 80
    lines = program.run("doctor", "--verbose").out.splitlines()
    assert not [line for line in lines if len(line) > 80 and "/" not in line]


def test_everything_is_told_to_those_who_ask(alone: Program) -> None:
    """Each line says in a word whether it is in order, so colour adds nothing."""
    brief = alone.run("doctor", "--offline", "--color", "never")
    whole = alone.run("doctor", "--offline", "--verbose", "--color", "never")
    loud = alone.run("doctor", "--offline", "--verbose", "--color", "always")

    assert "ok       no certificate has expired" in whole.out
    assert len(whole.out) > len(brief.out)
    assert "\x1b" not in whole.out
    assert "\x1b[32mok" in loud.out
    assert timeless(COLOUR.sub("", loud.out)) == timeless(whole.out)


def timeless(text: str) -> str:
    """Return a text without its digits: time passes, and others use the disk."""
    return re.sub(r"\d", "0", text)


@posix
def test_quiet_leaves_only_what_is_wrong(alone: Program, folder: Path) -> None:
    """And nothing at all when all is well."""
    done = alone.run("doctor", "--offline", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")

    (folder / "host.key").chmod(0o644)
    done = alone.run("doctor", "--offline", "--quiet")
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines()[0] == "certificates"
    assert "open-key" in done.out


@posix
def test_a_hostile_file_name_reaches_no_terminal(alone: Program, folder: Path) -> None:
    """It is written out."""
    (folder / "clients" / "\x1b[31m\u202emallory.crt").write_text("")

    told = alone.run("doctor", "--offline", "--verbose")
    listed = alone.run("doctor", "--offline", "--json")

    assert "\\x1b[31m<U+202E>mallory" in told.out
    assert "\x1b" not in told.out
    assert "\u202e" not in told.out
    assert listed.out.isascii()


def test_a_passphrase_is_taken_from_a_file(alone: Program, folder: Path) -> None:
    """One that cannot be read is an error like everywhere."""
    lock(folder / "host.key", b"barley")
    Path("secret").write_text("barley\n")
    Path("secret").chmod(0o600)

    assert "locked-key" not in alone.run("doctor", "--offline", "--passphrase-file", "secret").out
    lost = alone.run("doctor", "--offline", "--passphrase-file", "nowhere")
    assert lost.code == 3
    assert "nowhere cannot be read" in lost.err


@posix
def test_a_person_is_asked_for_a_passphrase_once(alone: Program, folder: Path) -> None:
    """Only at a terminal, only when a key is locked, and not when nobody wants to be asked."""
    lock(folder / "host.key", b"barley")
    lock(folder / "clients" / "alice.key", b"barley")

    with alone.terminal("doctor", "--offline", "--color", "never") as terminal:
        terminal.until("Passphrase of the private key:")
        terminal.type("barley\n")
        terminal.until("all is well")
        assert terminal.end() == 0
        assert terminal.seen.count("Passphrase") == 1
        assert "locked-key" not in terminal.seen
    with alone.terminal("doctor", "--offline", "--no-input") as terminal:
        terminal.until("locked-key")
        assert terminal.end() == 0


@posix
def test_a_system_with_few_open_files_is_named(alone: Program) -> None:
    """The limit is the process's own."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))\n"
    done = subprocess.run(
        (sys.executable, "-c", limit + PROGRAM[2], "doctor", "--offline", "--json"),
        env=alone.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    outcome = Outcome(done.returncode, done.stdout, done.stderr)
    assert (outcome.code, list(found(outcome))) == (1, ["few-files"])


def test_what_people_are_told_to_run_can_be_run(alone: Program, folder: Path) -> None:
    """Every command in a hint is one of the program's, with options that it has."""
    hints = ""
    for name in ("host.crt", "crl.pem", "audit.jsonl", "clients/alice.crt", "ca.crt"):
        hints += alone.run("doctor", "chat.example.org", "--as", "zoe", "--json").out
        (folder / name).write_text("nothing\n")
    hints += alone.run("doctor", "--certs", "elsewhere", "--json").out
    told = set(re.findall("`securechat ([^`]+)`", hints))
    assert len(told) > 3
    for words in sorted(told):
        name, *rest = shlex.split(words)
        assert name in NAMES
        program = get_command(app)
        context = program.make_context("securechat", [name])
        command = program.get_command(context, name)  # type: ignore[attr-defined] # a group has it
        command.make_context(name, rest)


def test_the_help_has_examples_and_tells_of_the_exit_code(alone: Program) -> None:
    """Warnings count, notes do not."""
    assert EXAMPLES.count("securechat doctor") == 3
    done = alone.run("doctor", "--help")
    assert "exit code is 0 when all is well, 1 with a warning or a fault" in " ".join(
        done.out.split()
    )
