"""`securechat profiles`: what is listed, and what it takes to delete one."""

import json
from pathlib import Path

import pytest

from secure_chat.client.profiles import Profiles
from secure_chat.pki.vault import Vault
from tests.acceptance.computers import Computer
from tests.client.test_profiles import make


@pytest.fixture
def person(tmp_path: Path, certs: Path) -> Computer:
    """Return a computer with two profiles."""
    computer = Computer(tmp_path / "home")
    profiles = Profiles(computer.profiles)
    make(profiles, certs)
    make(profiles, certs, "work", "dave")
    return computer


def test_nobody_has_none(tmp_path: Path) -> None:
    """And is told how to get one; a script gets nothing."""
    nobody = Computer(tmp_path / "home")
    done = nobody.run("profiles")
    assert (done.code, done.out) == (0, "")
    assert "securechat enroll" in done.err
    done = nobody.run("profiles", "--json")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_each_is_a_row(person: Computer, certs: Path) -> None:
    """Label, name, host, community, expiry and state, each below its head."""
    head, *rows = person.run("profiles").out.splitlines()
    assert head.split() == ["label", "name", "host", "community", "expires", "state"]
    community = Vault(certs).community()
    assert [row.split() for row in rows] == [
        [label, name, "[2001:db8::7]:65432", community, row.split()[4], "valid"]
        for label, name, row in zip(("carol", "work"), ("carol", "dave"), rows, strict=True)
    ]
    assert all(row.index(community) == head.index("community") for row in rows)


def test_a_script_gets_objects(person: Computer) -> None:
    """One a line."""
    rows = person.run("profiles", "--json").objects()
    assert [(row["label"], row["name"], row["state"]) for row in rows] == [
        ("carol", "carol", "valid"),
        ("work", "dave", "valid"),
    ]
    assert all(row["expires"].endswith("Z") for row in rows)
    assert rows[1]["folder"] == str(person.profiles / "work")


def test_a_damaged_one_is_listed_with_what_is_wrong(person: Computer) -> None:
    """Hostile text in it does not reach the terminal."""
    settings = json.loads((person.profiles / "work" / "profile.json").read_text())
    settings["host"] = "h\x1b[2J"
    (person.profiles / "work" / "profile.json").write_text(json.dumps(settings))
    (person.profiles / "carol" / "clients" / "carol.crt").write_text("nothing")
    done = person.run("profiles")
    assert done.code == 0
    assert "\x1b" not in done.out
    first, second = (row.split() for row in done.out.splitlines()[1:])
    assert first[-1] == "damaged"
    assert second[2] == "h\\x1b[2J:65432"
    assert "carol.crt" in done.err
    (row, _) = person.run("profiles", "--json").objects()
    assert (row["state"], row["expires"]) == ("damaged", None)
    assert "carol.crt" in row["why"]


def test_one_is_deleted_when_one_says_so(person: Computer) -> None:
    """At a terminal it asks, elsewhere it wants to be told; everything else stays."""
    assert person.run("profiles", "forget", "work").code == 2
    with person.terminal("profiles", "forget", "work") as terminal:
        terminal.until("Delete the profile work")
        terminal.type("n\r")
        terminal.until("nothing was deleted")
        assert terminal.end() == 1
    assert (person.profiles / "work").exists()
    with person.terminal("profiles", "forget", "work") as terminal:
        terminal.until("[y/N]")
        terminal.type("y\r")
        assert terminal.end() == 0
    assert [path.name for path in person.profiles.glob("[a-z]*/")] == ["carol"]
    assert person.run("profiles", "forget", "carol", "--yes").code == 0
    assert person.run("profiles", "forget", "carol", "--yes").code == 3


def test_a_profile_is_looked_at_like_a_certificates_folder(person: Computer) -> None:
    """The doctor finds nothing to object to in it, and where one does not exist says so."""
    findings = person.run("doctor", "--profile", "work", "--offline", "--json").objects()
    judged = [one for one in findings if one.get("area") == "certificates"]
    assert len(judged) > 10
    assert {one["level"] for one in judged} == {"ok"}
    assert any(str(person.profiles / "work") in one["where"] for one in judged)
    assert person.run("doctor", "--profile", "nowhere", "--offline").code == 3
