"""`securechat invite`, as a person and a script meet it; the host is another matter."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_chat.cli.main import run
from secure_chat.pki.invitation import Invitation, pin_of
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.cli.processes import PROGRAM, Program, Terminal

Invite = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(certs: Path, tmp_path: Path) -> Path:
    """Return a certificates folder that a test may change."""
    shutil.copytree(certs, tmp_path / "certs")
    return tmp_path / "certs"


@pytest.fixture
def invite(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Invite:
    """Return what runs the command in this process: exit code, stdout, stderr."""

    def ran(*words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("SECURECHAT_CERTS", str(folder))
        monkeypatch.setattr("sys.argv", ["securechat", "invite", *words])
        with pytest.raises(SystemExit) as ended:
            run()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return ran


def test_one_line_is_data_and_the_rest_is_talk(invite: Invite, folder: Path) -> None:
    """It says what it is, until when, and what the person runs."""
    code, out, err = invite("erin")
    assert code == 0
    (line,) = out.splitlines()
    read = Invitation.read(line)
    assert (read.name, read.address) == ("erin", "127.0.0.1:65433")
    assert read.authority == pin_of(Vault(folder).ca_certificate())
    for words in ("erin (member), once", "until", "securechat enroll", "invite cancel", "become"):
        assert words in err
    assert read.secret not in err
    assert "█" not in err
    (made,) = Vault(folder).registry().open_invites(0)
    assert made.name == "erin"
    assert read.secret not in (folder / "audit.jsonl").read_text()


def test_json_is_one_object(invite: Invite) -> None:
    """With everything a script needs, and no words beside it."""
    code, out, err = invite("erin", "--json", "--role", "operator", "--expires", "90m")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert (told["name"], told["role"], told["address"]) == ("erin", "operator", "127.0.0.1:65433")
    assert Invitation.read(told["invitation"]).name == "erin"
    code, out, _ = invite("list", "--json")
    assert [(one["id"], one["state"]) for one in map(json.loads, out.splitlines())] == [
        (told["id"], "open")
    ]


def test_the_address_is_one_that_others_can_reach(invite: Invite, folder: Path) -> None:
    """The first name of the host's certificate that is not local, or what one says."""
    shutil.rmtree(folder)
    names = ("chat.example.org", "192.0.2.7")
    init_certs(Vault(folder), InitRequest(computer="box", host_names=names))
    assert Invitation.read(invite("erin")[1]).address == "chat.example.org:65433"
    for number, (at, address) in enumerate(
        {
            "192.0.2.7": "192.0.2.7:65433",
            "Chat.Example.org:7000": "chat.example.org:7000",
            "[::1]:7000": "[::1]:7000",
            "box": "box:65433",
        }.items()
    ):
        assert Invitation.read(invite(f"p{number}", "--at", at)[1]).address == address


def test_an_address_that_could_not_be_verified_is_refused(invite: Invite, folder: Path) -> None:
    """Nobody could enrol there, so no invitation is made."""
    code, out, err = invite("erin", "--at", "chat.example.org")
    assert (code, out) == (2, "")
    assert "not valid for chat.example.org" in err
    assert "--host-name chat.example.org" in err
    assert Vault(folder).registry().invites == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("alice",), "--another-device"),
        (("Erin",), "cannot be anybody's name"),
        (("erin", "--expires", "soon"), "is not a span of time"),
        (("erin", "--expires", "60d"), "at most 30d"),
        (("erin", "--at", "x:y"), "is not an address"),
        (("erin", "--another-device"), "nobody is called erin yet"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    invite: Invite, folder: Path, words: tuple[str, ...], told: str
) -> None:
    """With exit code 2, and nothing is made."""
    code, out, err = invite(*words)
    assert (code, out) == (2, "")
    assert told in err
    assert Vault(folder).registry().invites == {}


def test_another_device_of_a_member(invite: Invite) -> None:
    """Said so, it may be."""
    assert Invitation.read(invite("alice", "--another-device")[1]).name == "alice"


def test_a_folder_without_a_usable_host_is_told(invite: Invite, folder: Path) -> None:
    """Whom should the person trust?"""
    (folder / "host.crt").unlink()
    code, _, err = invite("erin")
    assert code == 3
    assert "host.crt" in err


def test_the_list_shows_what_became_of_each(invite: Invite) -> None:
    """Newest last; the line itself cannot be shown again."""
    assert "nobody has been invited" in invite("list")[2]
    lines = {name: invite(name)[1].strip() for name in ("erin", "frank")}
    _, out, _ = invite("list")
    rows = [row.split() for row in out.splitlines()]
    assert [(row[1], row[-1]) for row in rows] == [("open", "erin"), ("open", "frank")]
    assert not any(Invitation.read(line).secret in out for line in lines.values())
    code, out, err = invite("cancel", rows[0][0][:4], "--json")
    assert json.loads(out) == {"id": rows[0][0], "name": "erin", "state": "cancelled"}
    assert "is cancelled" in err
    assert [row.split()[1] for row in invite("list")[1].splitlines()] == ["cancelled", "open"]
    assert invite("cancel", rows[0][0])[0] == 2
    assert code == 0


def test_a_terminal_is_shown_a_qr_code(folder: Path, tmp_path: Path) -> None:
    """And others when they ask for one; with `--quiet` it is left out."""
    environment = Program(folder, tmp_path, "127.0.0.1:1").environment
    with Terminal((*PROGRAM, "invite", "erin"), environment) as terminal:
        assert terminal.end() == 0
    assert "▀" in terminal.seen
    with Terminal((*PROGRAM, "invite", "frank", "--quiet"), environment) as terminal:
        assert terminal.end() == 0
    assert "▀" not in terminal.seen
    program = Program(folder, tmp_path, "127.0.0.1:1")
    asked = program.run("invite", "gina", "--qr", "--json")
    assert "▀" in asked.err
    assert len(asked.out.splitlines()) == 1


def test_a_damaged_trail_is_told(invite: Invite, folder: Path) -> None:
    """Nobody is invited then."""
    (folder / "audit.jsonl").write_text("damaged\n")
    code, out, err = invite("erin")
    assert (code, out) == (3, "")
    assert "damaged" in err
