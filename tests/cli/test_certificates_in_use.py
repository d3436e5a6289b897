"""What people and scripts are told of certificates and of operators, by the program itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.pki.roles import promote
from tests.cli.processes import Program
from tests.client.community import Community, aged_community
from tests.client.hosting import Hosting


@pytest.fixture
def aged(tmp_path: Path) -> Iterator[Community]:
    """Return a community whose certificates end in ten days."""
    made = aged_community(tmp_path, days=80)
    yield made
    made.end()


@pytest.fixture
def moderated(certs: Path, tmp_path: Path) -> Iterator[Program]:
    """Return what runs commands against a host where alice is an operator."""
    folder = tmp_path / "certs"
    shutil.copytree(certs, folder)
    community = Community(folder, tmp_path / "data", Hosting(folder, tmp_path / "host"))
    promote(community.vault, community.authority, "alice", now=community.now(), by="test")
    community.hosting.start()
    yield Program(folder, tmp_path / "data", community.hosting.at)
    community.end()


def test_a_command_that_shows_no_events_warns_at_its_end(aged: Community) -> None:
    """On stderr, whatever stdout is; the command itself does what it is for."""
    aged.vault.ca_key.unlink()
    aged.hosting.start()
    program = Program(aged.certs, aged.data, aged.hosting.at)
    sent = program.run("send", "hello", "--as", "alice", "--json")
    assert sent.code == 0
    assert [one["event"] for one in sent.objects()] == ["acked"]
    assert "warning: your certificate ends in 9 days" in sent.err
    assert "(no-authority)" in sent.err


def test_a_command_has_its_certificate_renewed_in_passing(aged: Community) -> None:
    """Nothing is said of it; the next command has the new one."""
    aged.hosting.start()
    program = Program(aged.certs, aged.data, aged.hosting.at)
    old = aged.vault.client_files("alice").identity
    assert program.run("send", "one", "--as", "alice", "--quiet").err == ""
    new = aged.vault.client_files("alice").identity
    assert new.serial != old.serial
    assert program.run("send", "two", "--as", "alice", "--quiet").code == 0
    aged.hosting.stop()
    entry = aged.vault.registry().get(old.serial)
    assert entry is not None
    assert entry.reason == "superseded"


def test_operators_speak_to_the_host_in_commands_and_objects(moderated: Program) -> None:
    """Each act has its answer; a kick ends the other's client with exit code 6."""
    with moderated.start("join", "--as", "bob", "--json") as bob:
        bob.line(lambda line: '"live"' in line)
        acts = moderated.run(
            "join",
            "--as",
            "alice",
            "--json",
            stdin='{"moderate":"mute","name":"bob","for":"10m"}\n{"moderate":"kick","name":"bob"}\n',
        )
        assert acts.code == 0
        done = [one for one in acts.objects() if one["event"] == "moderated"]
        assert [(one["act"], one["name"], one["seconds"]) for one in done] == [
            ("mute", "bob", 600),
            ("kick", "bob", 0),
        ]
        notice = bob.line(lambda line: '"muted"' in line)
        assert "you are muted until" in notice
        refused = bob.line(lambda line: '"refused"' in line)
        assert '"kicked"' in refused
        ended = bob.end()
    assert ended.code == 6
    assert "You may join again." in ended.err
    words = moderated.run(
        "join", "--as", "alice", stdin="/unmute bob\n/close lobby\n/mute nobody.there 5m why\n"
    )
    assert "-- bob may speak again" in words.err
    assert "-- not done: the host refused that: the lobby is always open" in words.err
    assert "-- not done: the host refused that: nobody here has that name" in words.err
