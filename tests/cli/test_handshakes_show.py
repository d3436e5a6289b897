"""`securechat handshakes show`: what it finds, shows and writes."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from secure_chat.cli.handshakes_show import EXAMPLES, show
from secure_chat.errors import SecureChatError, UsageError
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.limits import Limits
from tests.cli.processes import Program
from tests.client.hosting import Hosting
from tests.fakes import FakeClock
from tests.handshakes.records import good, refused
from tests.handshakes.stories import HELLO, expired, full

app = typer.Typer()
app.command()(show)


def write(folder: Path, *records: HandshakeRecord) -> None:
    """Append records to the journal of a folder."""
    journal = Journal(folder / ACCEPTED, folder / REFUSED, Limits(), FakeClock())
    for record in records:
        journal.write(record)
    journal.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with both ends' records of a refused handshake, and others."""
    root = tmp_path / "data"
    other = {"hello": "77" * 32}
    write(root / "c0ffee/host", good(-9, uid="Calone", hello="88" * 32), expired("host"))
    write(root / "c0ffee/clients/alice", expired("client"))
    write(root / "c0ffee/clients/bob", full("client", uid="Ctwin1111111111111", **other))
    write(root / "c0ffee/host", refused(5, uid="Ctwin2222222222222", **other))
    return root


def run(data: Path, *options: str) -> Result:
    """Run the command on a data folder."""
    done = CliRunner().invoke(app, ["--data", str(data), *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def objects(data: Path, *options: str) -> list[dict[str, Any]]:
    """Return what the command prints as JSON."""
    return [json.loads(line) for line in run(data, "--json", *options).stdout.splitlines()]


@pytest.mark.parametrize("wanted", ["Chost0", "Cclient00000000000", HELLO[:6], HELLO.upper()])
def test_either_end_s_uid_or_the_hello_shows_both_ends(data: Path, wanted: str) -> None:
    """What one end knows stands beside what the other saw."""
    done = run(data, wanted)

    assert done.exit_code == 0
    assert "recorded by the host and the client, joined" in done.stdout
    assert "not read" in done.stdout
    assert "verify code 10" in done.stdout
    assert "handshakes explain C" in done.stderr


def test_it_is_told_from_the_side_that_was_named(data: Path) -> None:
    """Whose uid was given, his is the name of it."""
    assert run(data, "Cclient").stdout.startswith("Handshake Cclient00000000000 ")
    assert run(data, "Chost0").stdout.startswith("Handshake Chost0000000000000 ")


def test_one_end_s_record_alone_can_be_asked_for(data: Path) -> None:
    """Then nothing is taken from the other."""
    done = run(data, HELLO, "--end", "client")

    assert "recorded by the client\n" in done.stdout
    assert "verify code 10" not in done.stdout
    with pytest.raises(SecureChatError, match="at the end of the client"):
        run(data, "Chost0", "--end", "client")


def test_several_that_begin_so_are_listed(data: Path) -> None:
    """To choose from; nothing is shown of either."""
    done = run(data, "777777")

    assert sorted(line.split()[0] for line in done.stdout.splitlines()) == [
        "Ctwin1111111111111",
        "Ctwin2222222222222",
    ]
    assert "give more letters" in done.stderr
    assert len(objects(data, "777777")) == 2


def test_two_records_that_are_not_joined_say_why(data: Path) -> None:
    """The same hello proves nothing."""
    (found,) = objects(data, "Ctwin1111111111111")

    assert found["joined"] is False
    assert "certificate" in found["apart"]
    assert "Not joined" in run(data, "Ctwin1").stdout


def test_a_record_without_another_end_is_shown_alone(data: Path) -> None:
    """As most are; a good one needs no explanation."""
    done = run(data, "Calone")

    assert "recorded by the host\n" in done.stdout
    assert done.stderr == ""


def test_json_has_both_records_whole(data: Path) -> None:
    """One object, with what was made of them."""
    (found,) = objects(data, "Cclient")

    assert found["uid"] == "Cclient00000000000"
    assert (found["joined"], found["apart"], found["ended"]) == (True, None, "refused")
    assert found["host"]["verify_code"] == 10
    assert found["host"]["client_chain"][0]["subject"] == "CN=alice"
    assert found["client"]["end"] == "client"
    assert {one["field"] for one in found["differences"]} == {"verify_code", "ssl_history"}
    assert run(data, "--json", "Cclient").stdout.isascii()


def test_what_is_not_there_is_an_error(data: Path, tmp_path: Path) -> None:
    """With what to do; too short is a wrong call."""
    with pytest.raises(SecureChatError, match="no handshake begins with Cnothing"):
        run(data, "Cnothing")
    with pytest.raises(SecureChatError, match="no record below"):
        run(tmp_path / "missing", "Cnothing")
    with pytest.raises(UsageError, match="names no handshake"):
        run(data, "Cho")


def test_colour_is_for_terminals_or_on_demand(data: Path) -> None:
    """A pipe gets letters."""
    assert "\x1b" not in run(data, "Chost0").stdout
    assert "\x1b[31m" in run(data, "Chost0", "--color", "always").stdout


def test_a_stream_without_boxes_gets_plain_letters(data: Path) -> None:
    """Nor does another letter stop it."""
    write(data / "c0ffee/host", refused(9, uid="Cname1", client_subject="CN=Zoë"))
    runner = CliRunner(charset="ascii")

    done = runner.invoke(app, ["--data", str(data), "Chost0"])
    named = runner.invoke(app, ["--data", str(data), "Cname1"])

    assert done.exit_code == 0
    assert "|-- ClientHello, 235 bytes" in done.stdout
    assert "Zo\\xeb" in named.stdout


def test_the_page_is_its_owner_s_alone_and_replaces_nothing(data: Path, tmp_path: Path) -> None:
    """Made 0600 whatever the umask; what is there stays, unless it is told otherwise."""
    path = tmp_path / "handshake.html"
    before = os.umask(0)
    try:
        done = run(data, "Chost0", "--html", str(path))
    finally:
        os.umask(before)

    assert (done.exit_code, done.stdout) == (0, "")
    assert str(path) in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("<!doctype html>")
    path.write_text("mine")
    with pytest.raises(SecureChatError, match="is there already"):
        run(data, "Chost0", "--html", str(path))
    assert path.read_text() == "mine"
    run(data, "Chost0", "--html", str(path), "--force")
    assert path.read_text().startswith("<!doctype html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [path.name]


def test_a_link_is_not_followed(data: Path, tmp_path: Path) -> None:
    """Neither without force nor with it."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("mine")
    link.symlink_to(target)

    with pytest.raises(SecureChatError, match="is there already"):
        run(data, "Chost0", "--html", str(link))
    run(data, "Chost0", "--html", str(link), "--force")

    assert target.read_text() == "mine"
    assert not link.is_symlink()


def test_a_page_that_cannot_be_written_leaves_nothing(data: Path, tmp_path: Path) -> None:
    """And says why."""
    folder = tmp_path / "folder"
    folder.mkdir()

    with pytest.raises(SecureChatError, match="cannot write"):
        run(data, "Chost0", "--html", str(tmp_path / "missing" / "page.html"))
    with pytest.raises(SecureChatError, match="cannot write"):
        run(data, "Chost0", "--html", str(folder), "--force")
    assert not [file for file in tmp_path.iterdir() if file.is_file()]


def test_the_page_can_go_to_stdout(data: Path) -> None:
    """In ASCII, so that every reader reads the same."""
    done = run(data, "Chost0", "--html", "-")

    assert done.stdout.startswith("<!doctype html>")
    assert done.stdout.endswith("</html>\n")
    assert done.stdout.isascii()
    assert done.stderr == ""


@pytest.mark.parametrize(
    "options", [("777777", "--html", "-"), ("Chost0", "--html", "-", "--json")]
)
def test_a_page_shows_one_handshake_and_is_no_json(data: Path, options: tuple[str, ...]) -> None:
    """Both would be wrong calls."""
    with pytest.raises(UsageError):
        run(data, *options)


def test_both_ends_of_a_real_handshake_are_joined(
    program: Program, hosting: Hosting, tmp_path: Path
) -> None:
    """With the same messages, and each end's own times."""
    assert program.run("send", "hello", "--as", "alice").code == 0
    hosting.stop()
    (community,) = (tmp_path / "data").iterdir()
    (tmp_path / "host").rename(community / "host")
    uid = json.loads((community / "clients/alice" / ACCEPTED).read_text())["uid"]

    done = program.run("handshakes", "show", uid, "--json")
    (found,) = done.objects()

    assert (done.code, found["uid"]) == (0, uid)
    assert found["joined"] is True
    assert found["host"]["hello"] == found["client"]["hello"]
    assert {one["field"] for one in found["differences"]} <= {"ts", "duration_ms"}


def test_the_help_has_two_examples() -> None:
    """They begin with the command as one types it."""
    assert EXAMPLES.count("securechat handshakes show") == 2
