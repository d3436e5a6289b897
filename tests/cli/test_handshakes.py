"""`securechat handshakes`: which records it finds, how they look, and what it says of them."""

import json
import threading
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from secure_chat.cli import listing as module
from secure_chat.cli.handshakes import EXAMPLES, handshakes
from secure_chat.cli.listing import Query, journals, newest
from secure_chat.clock import rfc3339
from secure_chat.errors import SecureChatError, UsageError
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.limits import Limits
from tests.fakes import FakeClock
from tests.handshakes.records import BEGIN, good, refused

app = typer.Typer()
app.command()(handshakes)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a host's and two clients' journals."""
    root = tmp_path / "data"
    community = root / "c0ffee"
    write(community / "host", good(0, uid="C0"), refused(2, uid="C2"))
    write(community / "clients" / "alice", good(1, uid="C1", end="client"))
    write(
        community / "clients" / "bob",
        refused(3, uid="C3", end="client", reason="revoked", resp_h="::1"),
    )
    return root


def write(folder: Path, *records: HandshakeRecord) -> None:
    """Append records to the journal of a folder."""
    journal = Journal(folder / ACCEPTED, folder / REFUSED, Limits(), FakeClock())
    for record in records:
        journal.write(record)
    journal.close()


def run(data: Path, *options: str) -> Result:
    """Run the command on a data folder."""
    done = CliRunner().invoke(app, ["--data", str(data), *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def listed(data: Path, *options: str) -> list[str]:
    """Return the uids that the command lists as JSON."""
    lines = run(data, "--json", *options).stdout.splitlines()
    return [json.loads(line)["uid"] for line in lines]


def test_the_journals_of_host_and_clients_are_listed_together(data: Path) -> None:
    """In the order of their beginning, the newest last."""
    assert listed(data) == ["C0", "C1", "C2", "C3"]


@pytest.mark.parametrize("below", ["c0ffee", "c0ffee/host"])
def test_a_folder_further_in_may_be_named(data: Path, below: str) -> None:
    """The ready line of a host names its own folder; that works as well."""
    assert "C2" in listed(data / below)


def test_only_failed_ones_are_listed_when_asked(data: Path) -> None:
    """A good handshake is not among them."""
    assert listed(data, "--failed") == ["C2", "C3"]


@pytest.mark.parametrize(
    ("peer", "uids"),
    [
        ("alice", ["C0", "C1", "C2", "C3"]),
        ("ALICE", ["C0", "C1", "C2", "C3"]),
        ("mallory", []),
        ("::1", ["C3"]),
        ("127.0.0.1:50000", ["C0", "C1", "C2", "C3"]),
        ("127.0.0.1:50001", []),
        ("c2", ["C2"]),
    ],
)
def test_a_peer_is_found_by_name_address_or_uid(data: Path, peer: str, uids: list[str]) -> None:
    """A refused client has a subject and no proven name; both are looked at."""
    assert listed(data, "--peer", peer) == uids


def test_a_peer_is_found_by_its_fingerprint(tmp_path: Path) -> None:
    """The beginning of one is enough, but not so little that it could be a name."""
    write(tmp_path, refused(client_cert_chain_fps=("ab12cd" + "0" * 58,), client_subject=None))

    assert listed(tmp_path, "--peer", "AB12CD") == ["Cbad"]
    assert listed(tmp_path, "--peer", "ab12") == []
    assert listed(tmp_path, "--peer", "12cd00") == []


def test_a_peer_is_found_by_the_name_in_a_longer_subject(tmp_path: Path) -> None:
    """A foreign certificate may say more of its holder than a name; none is no name."""
    write(tmp_path, refused(client_subject="CN=Mallory,O=Evil"), good(1, client_subject=None))

    assert listed(tmp_path, "--peer", "mallory") == ["Cbad"]
    assert listed(tmp_path, "--peer", "evil") == []


def test_since_takes_a_time_or_a_span(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both mean from then on; what began earlier is left out."""
    clock = FakeClock(wall=BEGIN + 61)
    monkeypatch.setattr(module, "SystemClock", lambda: clock)

    assert listed(data, "--since", "1m") == ["C1", "C2", "C3"]
    assert listed(data, "--since", "2026-11-22T12:00:02Z") == ["C2", "C3"]
    assert listed(data, "--since", "2026-11-23") == []
    assert listed(data, "--since", "90w") == ["C0", "C1", "C2", "C3"]


def test_a_since_that_is_neither_is_explained(data: Path) -> None:
    """The error shows both ways to write it."""
    with pytest.raises(UsageError, match="neither a span nor a time") as caught:
        run(data, "--since", "yesterday")
    assert "24h" in caught.value.hint


def test_a_long_handshake_just_within_since_is_not_cut_off(tmp_path: Path) -> None:
    """Records are written at the end of a handshake, so older ones may stand behind newer."""
    write(tmp_path, good(20, uid="Cquick"), good(10, uid="Cslow"), good(30, uid="Clast"))

    found = newest([tmp_path], Query(since=rfc3339(BEGIN + 15)), None)

    assert [record.uid for record in found] == ["Cquick", "Clast"]


def test_reading_stops_where_everything_is_older(tmp_path: Path) -> None:
    """A week of journal is not read for the last hour."""
    write(tmp_path, good(-7_200, uid="Cold"), good(10, uid="Cnew"))

    assert [r.uid for r in newest([tmp_path], Query(since=rfc3339(BEGIN)), None)] == ["Cnew"]


def test_the_table_fits_80_columns_whatever_stands_in_a_record(tmp_path: Path) -> None:
    """The widest reason, an IPv6 address and a long subject are cut to fit, never wrapped."""
    write(
        tmp_path,
        good(orig_h="2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", name="x" * 32),
        refused(1, reason="too-many-connections", client_subject="CN=" + "y" * 200),
    )

    done = run(tmp_path)

    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].split() == ["TIME", "(UTC)", "END", "PEER", "WHO", "RESULT"]
    assert lines[2].endswith("too-many-connections")


def test_the_table_shows_the_newest_20_and_json_all(tmp_path: Path) -> None:
    """`--limit` says otherwise for both."""
    write(tmp_path, *(good(at, uid=f"C{at}") for at in range(30)))

    assert len(run(tmp_path).stdout.splitlines()) == 1 + 20
    assert len(run(tmp_path, "-n", "25").stdout.splitlines()) == 1 + 25
    assert len(listed(tmp_path)) == 30
    assert listed(tmp_path, "--limit", "2") == ["C28", "C29"]


def test_today_shows_the_time_and_another_day_the_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eleven columns are enough for what one looks for."""
    monkeypatch.setattr(module, "SystemClock", lambda: FakeClock(wall=BEGIN + 3_600))
    write(tmp_path, good(-86_400), good(59))

    rows = run(tmp_path).stdout.splitlines()[1:]

    assert [row[:11] for row in rows] == ["11-21 12:00", "12:00:59   "]


def test_a_counted_record_says_how_many_it_stands_for(tmp_path: Path) -> None:
    """A flood is one row with its number."""
    write(tmp_path, refused(reason="silent", count=1_234, client_subject=None))

    assert "1234 of them" in run(tmp_path).stdout


def test_a_hostile_subject_cannot_reach_the_terminal(tmp_path: Path) -> None:
    """Escapes and writing direction marks are written out in every place it is shown."""
    write(tmp_path, refused(client_subject="\x1b]0;x\x07\u202e", text="\x1b[31mred", orig_h="\x9b"))

    done = run(tmp_path, "--failed")
    shown = done.stdout + done.stderr

    assert "\\x1b" in shown
    assert all(letter == "\n" or letter.isprintable() for letter in shown)
    assert run(tmp_path, "--json").stdout.isascii()


def test_the_newest_refusal_is_explained_below_the_table(data: Path) -> None:
    """Data goes to stdout, the explanation to stderr; good handshakes need none."""
    done = run(data)

    assert "last refusal (C3)" in done.stderr
    assert "make a new one" in done.stderr
    assert "last refusal" not in done.stdout
    assert run(data, "--peer", "c0").stderr == ""
    assert run(data, "--quiet").stderr == ""


def test_nothing_recorded_is_said_and_is_no_error(tmp_path: Path) -> None:
    """An empty list goes to a script as nothing, to a person as a sentence."""
    done = run(tmp_path / "missing")

    assert (done.exit_code, done.stdout) == (0, "")
    assert "no such handshake" in done.stderr


def test_colour_marks_refusals_only_when_wanted(data: Path) -> None:
    """State is in words as well, so nothing is lost without it."""
    assert "\x1b[31m" in run(data, "--color", "always").stdout
    assert "\x1b" not in run(data, "--color", "never").stdout


def test_a_journal_that_cannot_be_read_is_an_error_with_its_place(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's reason stands in the message."""

    def forbidden(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "read_records", forbidden)

    with pytest.raises(SecureChatError, match="Permission denied"):
        run(data)


class Script:
    """Stands in for the pause between two looks: each is an act, the last ends it."""

    def __init__(self, *acts: object) -> None:
        self._acts = list(acts)

    def wait(self, _seconds: float) -> bool:
        """Do the next act; true when there is none."""
        if not self._acts:
            return True
        act = self._acts.pop(0)
        assert callable(act)
        act()
        return False


@pytest.mark.parametrize("form", ["--json", "--color=never"])
def test_following_shows_old_ones_and_then_each_new_one_once(
    data: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New records of known and new folders appear, those not asked for do not."""
    host, carol = data / "c0ffee" / "host", data / "c0ffee" / "clients" / "carol"
    script = Script(
        lambda: write(host, refused(10, uid="C10", orig_h="10.1.1.1"), good(11, uid="C11")),
        lambda: None,
        lambda: write(carol, refused(12, uid="C12", orig_h="10.2.2.2")),
    )
    monkeypatch.setattr(threading, "Event", lambda: script)

    done = run(data, "--follow", "--failed", form)

    rows = done.stdout.splitlines()
    if form == "--json":
        assert [json.loads(row)["uid"] for row in rows] == ["C2", "C3", "C10", "C12"]
    else:
        assert rows[0].startswith("TIME")
        assert len(rows) == 5
        assert "10.1.1.1" in rows[3]
        assert "10.2.2.2" in rows[4]
        assert "last refusal" not in done.stderr


def test_what_is_written_while_the_list_is_made_appears_once(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing falls between the list and the following, and nothing is shown by both."""
    host = data / "c0ffee" / "host"
    real = module.newest

    def slowly(folders: list[Path], query: Query, limit: int | None) -> list[HandshakeRecord]:
        write(host, good(20, uid="C20"))
        return real(folders, query, limit)

    monkeypatch.setattr(module, "newest", slowly)
    monkeypatch.setattr(threading, "Event", lambda: Script(lambda: None))

    assert listed(data, "--follow").count("C20") == 1


def test_journals_are_found_where_the_design_puts_them(data: Path) -> None:
    """Folders without a journal are not among them."""
    (data / "c0ffee" / "clients" / "dave").mkdir()

    assert [folder.name for folder in journals(data)] == ["alice", "bob", "host"]


def test_the_help_has_two_examples() -> None:
    """They begin with the command as one types it."""
    assert EXAMPLES.count("securechat handshakes") == 2
