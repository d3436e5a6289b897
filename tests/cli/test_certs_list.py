"""`securechat certs` and `certs list`: every certificate, in 80 columns and whole as JSON."""

import base64
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from secure_chat.clock import rfc3339
from secure_chat.pki.issuing import IssueRequest, issue, renew
from secure_chat.pki.opening import open_authority
from secure_chat.pki.revoking import supersede
from secure_chat.pki.rotation import begin, finish
from secure_chat.pki.state import State
from tests.cli.processes import Terminal
from tests.cli.shell import Shell
from tests.pki.forge import member_draft

FIELDS = {
    "name",
    "role",
    "serial",
    "sha256",
    "issued",
    "not_before",
    "not_after",
    "state",
    "reason",
    "revoked",
    "seen",
    "authority",
    "certificate",
    "key",
}
PLAIN = re.compile(r"\x1b\[[0-9;]*m")


def rows(out: str) -> list[list[str]]:
    """Return the cells of each line below the head."""
    return [line.split() for line in out.splitlines()[1:]]


def test_alone_it_is_the_list(shell: Shell) -> None:
    """With the same options."""
    for more in ((), ("--all",), ("--json",), ("--all", "--json")):
        assert shell("certs", *more).out == shell("certs", "list", *more).out


def test_options_in_front_of_a_command_within_are_refused(shell: Shell) -> None:
    """They would be lost."""
    refused = shell("certs", "--all", "issue", "erin", code=2)
    assert "options belong behind `issue`" in refused.err
    assert "securechat certs issue --help" in refused.err
    assert shell.vault.registry().newest("erin") is None


def test_everybody_is_there(shell: Shell) -> None:
    """Authority, host and people, in this order, each with all of its facts."""
    told = shell.json("certs", "list")
    assert [(one["name"], one["role"]) for one in told[1:]] == [
        ("localhost", "host"),
        *((name, "member") for name in ("alice", "bob", "carol", "dave")),
    ]
    assert all(one.keys() == FIELDS for one in told)
    ca, host, alice, *_ = told
    assert (ca["role"], ca["authority"]) == ("authority", None)
    assert ca["key"] == str(shell.vault.ca_key)
    entry = shell.vault.registry().newest("alice")
    assert entry is not None
    assert alice["serial"] == entry.serial
    assert alice["sha256"] == entry.fingerprint
    assert alice["issued"] == rfc3339(entry.issued)
    assert alice["not_after"] == rfc3339(entry.not_after)
    assert (alice["state"], alice["reason"], alice["revoked"]) == ("valid", None, None)
    assert alice["authority"] == host["authority"] == ca["sha256"]
    assert alice["certificate"] == str(shell.vault.client_crt("alice"))
    assert alice["key"] == str(shell.vault.client_key("alice"))


def test_the_table_says_the_same_in_short(shell: Shell) -> None:
    """And fits 80 columns."""
    told = shell.json("certs")
    out = shell("certs").out
    assert out.splitlines()[0].split() == [
        "NAME",
        "ROLE",
        "SERIAL",
        "ISSUED",
        "EXPIRES",
        "STATE",
        "SEEN",
        "SHA-256",
    ]
    assert all(len(line) <= 80 for line in out.splitlines())
    for one, line in zip(told, out.splitlines()[1:], strict=True):
        assert one["serial"][:8] in line
        assert one["sha256"][:8] in line
        assert one["not_after"][:10] in line
        assert one["name"].removeprefix("securechat ") in line
        assert " valid " in line


def test_the_longest_of_everything_fits(shell: Shell) -> None:
    """A name of 32 letters, an operator, a certificate that another one followed."""
    name = "n" * 32
    now = shell.vault.clock.now()
    issue(shell.vault, IssueRequest(names=(name,)), now)
    shell("certs", "promote", name)
    supersede(shell.vault, None, shell.serials(name)[:1], now, "test")
    shell("certs", "revoke", "bob", "--yes", "--reason", "cessationOfOperation")
    out = shell("certs", "list", "--all").out
    assert "superseded" in out
    assert "operator" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "nnnnnn.." in out
    shell.monkeypatch.setenv("COLUMNS", "140")
    assert name in shell("certs", "list", "--all").out


@pytest.mark.parametrize(
    ("life", "over", "state"),
    [("90d", 59.9, "valid"), ("90d", 60.1, "expiring"), ("90d", 90.1, "expired")],
)
def test_the_state_follows_the_life(shell: Shell, life: str, over: float, state: str) -> None:
    """Expiring is the last third, as it is for those who renew by themselves."""
    shell("certs", "issue", "erin", "--life", life)
    set_back(shell, "erin", over)
    [erin] = [one for one in shell.json("certs") if one["name"] == "erin"]
    assert erin["state"] == state
    [row] = [row for row in rows(shell("certs").out) if row[0] == "erin"]
    assert row[5] == state


def set_back(shell: Shell, name: str, days: float) -> None:
    """Make the registry say that somebody's certificate is older by some days."""
    acts = [
        act
        if act.name != name
        else msgspec.structs.replace(
            act,
            not_before=earlier(act.not_before, days),
            not_after=earlier(act.not_after, days),
        )
        for act in shell.acts()
    ]
    shell.vault.audit_file.write_bytes(b"".join(act.line() for act in acts))


def earlier(text: str, days: float) -> str:
    """Return a moment some days before another."""
    moment = datetime.fromisoformat(text) - timedelta(days=days)
    return rfc3339(moment.astimezone(UTC).timestamp())


def test_a_state_is_not_told_by_colour_alone(shell: Shell) -> None:
    """Painted it is the same text; a pipe and NO_COLOR get none."""
    shell("certs", "revoke", "bob", "--yes")
    plain = shell("certs").out
    painted = shell("certs", "--color", "always").out
    assert "\x1b[" not in plain
    assert "\x1b[32m" in painted
    assert "\x1b[31m" in painted
    assert PLAIN.sub("", painted).split() == plain.split()
    shell.monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in shell("certs", "--color", "auto").out


def test_why_somebody_is_out_is_told(shell: Shell) -> None:
    """In a line of its own, and as JSON with the moment."""
    before = shell.vault.clock.now()
    shell("certs", "revoke", "bob", "--yes", "--reason", "keyCompromise")
    lines = shell("certs").out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("bob "))
    assert lines[at].split()[5] == "revoked"
    assert re.fullmatch(r"  revoked 20..-..-.. ..:..Z: keyCompromise", lines[at + 1])
    [bob] = [one for one in shell.json("certs") if one["name"] == "bob"]
    assert (bob["state"], bob["reason"]) == ("revoked", "keyCompromise")
    assert datetime.fromisoformat(bob["revoked"]).timestamp() >= before - 1


def test_old_ones_are_shown_when_asked_for(shell: Shell) -> None:
    """Superseded, replaced with their authority, or expired behind a renewal."""
    now = shell.vault.clock.now()
    first = shell.serials("alice")
    renew(shell.vault, "alice", now=now, by="test")
    renew(shell.vault, "bob", now=now, by="test")
    supersede(shell.vault, None, first, now, "test")
    alice = [one for one in shell.json("certs", "--all") if one["name"] == "alice"]
    assert [(one["state"], one["reason"]) for one in alice] == [
        ("revoked", "superseded"),
        ("valid", None),
    ]
    assert [one["name"] for one in shell.json("certs")].count("alice") == 1
    # The one of bob that was renewed counts until the new one is used.
    assert [one["name"] for one in shell.json("certs")].count("bob") == 2
    [row] = [row for row in rows(shell("certs", "--all").out) if row[:2] == ["alice", "member"]][:1]
    assert row[5] == "superseded"


def test_who_has_nothing_better_is_not_forgotten(shell: Shell) -> None:
    """After the end of a change-over whoever did not move is still on the list."""
    now = shell.vault.clock.now()
    begin(shell.vault, open_authority(shell.vault), timedelta(days=1), now, "test")
    renew(shell.vault, "alice", now=now, by="test")
    assert [one["role"] for one in shell.json("certs")][:3] == ["authority", "authority", "host"]
    finish(shell.vault, open_authority(shell.vault), now, "test")
    told = {one["name"]: one for one in shell.json("certs")}
    assert (told["alice"]["state"], told["bob"]["state"]) == ("valid", "revoked")
    assert told["bob"]["reason"] == "ca-replaced"
    assert len(told) == len(shell.json("certs"))
    [row] = [row for row in rows(shell("certs").out) if row[0] == "bob"]
    assert row[5] == "ca-replaced"


def test_when_somebody_was_seen_is_told(shell: Shell) -> None:
    """As the host remembers it in its data folder."""
    folder = shell.data / shell.vault.community() / "host"
    folder.mkdir(parents=True)
    now = shell.vault.clock.now()
    [alice], [bob] = shell.serials("alice"), shell.serials("bob")
    seen = {alice: rfc3339(now - 7_300), bob: rfc3339(now - 3 * 86_400), "dead": "damaged"}
    (folder / "seen.json").write_bytes(msgspec.json.encode(seen))
    told = {one["name"]: one["seen"] for one in shell.json("certs")}
    assert told["alice"] == seen[alice]
    assert told["carol"] is None
    cells = {line.split()[0]: line for line in shell("certs").out.splitlines()}
    assert " 2h ago " in cells["alice"]
    assert " 3d ago " in cells["bob"]
    assert " never " in cells["carol"]
    assert " - " in cells["localhost"]


@pytest.mark.parametrize("content", [b"", b"damaged", b'{"a": 1}'])
def test_a_damaged_memory_of_who_was_seen_matters_not(shell: Shell, content: bytes) -> None:
    """Nobody was seen then."""
    folder = shell.data / shell.vault.community() / "host"
    folder.mkdir(parents=True)
    (folder / "seen.json").write_bytes(content)
    assert all(one["seen"] is None for one in shell.json("certs"))


def test_a_member_s_folder_shows_what_it_holds(shell: Shell) -> None:
    """It has no registry; the role is what the certificate says."""
    shell("certs", "promote", "carol")
    for name in ("audit.jsonl", "audit.lock", "ca.key", "host.crt", "host.key", "crl.pem"):
        (shell.certs / name).unlink()
    told = shell.json("certs")
    assert [(one["name"], one["role"]) for one in told[1:]] == [
        ("alice", "member"),
        ("bob", "member"),
        ("carol", "operator"),
        ("dave", "member"),
    ]
    assert {one["state"] for one in told} == {"valid"}
    assert not (shell.certs / "audit.jsonl").exists()


def test_a_member_s_folder_may_hold_something_odd(shell: Shell) -> None:
    """A certificate that has not our shape has no role."""
    (shell.certs / "audit.jsonl").unlink()
    pem = base64.encodebytes(member_draft(b"alice@king.securechat.internal").der()).decode()
    whole = f"-----BEGIN CERTIFICATE-----\n{pem}-----END CERTIFICATE-----\n"
    (shell.certs / "clients/alice.crt").write_text(whole)
    told = {one["name"]: one["role"] for one in shell.json("certs")}
    assert (told["alice"], told["bob"]) == ("-", "member")


def test_a_device_s_files_are_found(shell: Shell) -> None:
    """In the folder that was made to be handed over."""
    shell("certs", "issue", "alice", "--another-device")
    alice = [one for one in shell.json("certs") if one["name"] == "alice"]
    assert [one["key"] for one in alice] == [
        str(shell.certs / "clients/alice.key"),
        str(shell.certs / "devices/alice-2/clients/alice.key"),
    ]


def test_a_folder_without_certificates_is_told(shell: Shell) -> None:
    """And one whose trail is damaged."""
    (shell.certs / "audit.jsonl").write_text("damaged\n")
    assert "damaged" in shell("certs", code=3).err
    shutil.rmtree(shell.certs)
    refused = shell("certs", code=3)
    assert "there is no certificate in" in refused.err
    assert "securechat init-certs" in refused.err
    assert not shell.certs.exists()


def test_a_hostile_registry_reaches_no_terminal(shell: Shell) -> None:
    """It is a file, after all."""
    acts = shell.acts()
    evil = msgspec.structs.replace(
        acts[-1], serial="ab" * 20, name="\x1b[2Jevil\u202e", role="member"
    )
    with shell.vault.audit_file.open("ab") as file:
        file.write(evil.line())
    for words in (("certs",), ("certs", "--json")):
        out = shell(*words).out
        assert "evil" in out
        assert out.replace("\n", "").isprintable()


def test_on_a_terminal_it_is_a_table_too(shell: Shell) -> None:
    """With colour, and no line longer than 80 columns."""
    with shell.terminal("certs") as terminal:
        assert terminal.end() == 0
    lines = PLAIN.sub("", terminal.seen).splitlines()
    assert terminal.seen.count("\x1b[") > 4
    assert lines[0].startswith("NAME")
    assert isinstance(terminal, Terminal)
    assert max(map(len, lines)) <= 80


def test_the_words_are_those_of_the_program() -> None:
    """Scripts rely on them."""
    assert [*State] == ["valid", "expiring", "expired", "not-yet-valid", "revoked"]


def test_the_folder_is_an_option(shell: Shell, tmp_path: Path) -> None:
    """Of both commands."""
    shutil.move(shell.certs, tmp_path / "elsewhere")
    place = ("--certs", str(tmp_path / "elsewhere"))
    assert shell("certs", *place).out == shell("certs", "list", *place).out != ""
