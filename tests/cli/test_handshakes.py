"""`securechat handshakes`: which records it finds, in which order and form, also as they come."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from secure_chat.cli import listing as module
from secure_chat.cli.console import Console
from secure_chat.cli.handshakes import EXAMPLES
from secure_chat.cli.main import app
from secure_chat.errors import SecureChatError, UsageError
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
from secure_chat.handshakes.query import newest
from secure_chat.handshakes.record import HandshakeRecord, decode
from secure_chat.limits import Limits
from tests.cli.processes import Program
from tests.fakes import FakeClock
from tests.handshakes.records import BEGIN, good, refused
from tests.handshakes.test_zeek import Reader


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
    """Run the command on a data folder, for a terminal of 80 columns."""
    words = ["handshakes", *options, "--data", str(data)]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "80"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def listed(data: Path, *options: str) -> list[str]:
    """Return the uids that the command lists as JSON."""
    lines = run(data, "--json", *options).stdout.splitlines()
    return [json.loads(line)["uid"] for line in lines]


# --- which ones ----------------------------------------------------------------------------


def test_the_journals_of_host_and_clients_are_listed_together(data: Path) -> None:
    """In the order of their beginning, the newest first."""
    assert listed(data) == ["C3", "C2", "C1", "C0"]


@pytest.mark.parametrize("below", ["c0ffee", "c0ffee/host"])
def test_a_folder_further_in_may_be_named(data: Path, below: str) -> None:
    """The ready line of a host names its own folder; that works as well."""
    assert "C2" in listed(data / below)


@pytest.mark.parametrize(
    ("options", "uids"),
    [
        ("--failed", ["C3", "C2"]),
        ("--result refused", ["C3", "C2"]),
        ("--result ok", ["C1", "C0"]),
        ("--failed --result refused", ["C3", "C2"]),
        ("--reason revoked", ["C3"]),
        ("--reason revoked --reason expired", ["C3", "C2"]),
        ("--reason ok --reason expired", ["C2", "C1", "C0"]),
        ("--reason ok --failed", []),
        ("--peer alice", ["C3", "C2", "C1", "C0"]),
        ("--peer ALICE --end host", ["C2", "C0"]),
        ("--peer mallory", []),
        ("--peer 127.0.0.1:50000", ["C3", "C2", "C1", "C0"]),
        ("--peer 127.0.0.1:50001", []),
        ("--peer c2", ["C2"]),
        ("--address ::1", ["C3"]),
        ("--address 127.0.0.0/8", ["C2", "C1", "C0"]),
        ("--address 127.0.0.1:65432", ["C1"]),
        ("--address [::1]:65432", ["C3"]),
        ("--end client", ["C3", "C1"]),
        ("--since 2026-11-22T12:00:02Z", ["C3", "C2"]),
        ("--since 2026-11-23", []),
        ("--since 90w", ["C3", "C2", "C1", "C0"]),
        ("--until 2026-11-22T12:00:02Z", ["C1", "C0"]),
        ("--since 2026-11-22T12:00:01 --until 2026-11-22T12:00:03", ["C2", "C1"]),
    ],
)
def test_options_narrow_the_list(data: Path, options: str, uids: list[str]) -> None:
    """Each by itself and together; what is given twice is either of them."""
    assert listed(data, *options.split()) == uids


def test_since_may_be_a_span(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted back from now."""
    monkeypatch.setattr("secure_chat.clock.SystemClock", lambda: FakeClock(wall=BEGIN + 61))

    assert listed(data, "--since", "1m") == ["C3", "C2", "C1"]
    assert listed(data, "--until", "1m") == ["C0"]


def test_the_newest_20_are_in_the_table_and_all_in_json(tmp_path: Path) -> None:
    """`--limit` says otherwise for both."""
    write(tmp_path, *(good(at, uid=f"C{at}") for at in range(30)))

    assert len(run(tmp_path).stdout.splitlines()) == 1 + 20
    assert len(run(tmp_path, "-n", "25").stdout.splitlines()) == 1 + 25
    assert len(listed(tmp_path)) == 30
    assert listed(tmp_path, "--limit", "2") == ["C29", "C28"]


@pytest.mark.parametrize(
    ("options", "told", "hint"),
    [
        ("--since yesterday", "neither a span nor a time", "24h"),
        ("--until yesterday", "neither a span nor a time", "24h"),
        ("--reason bad", "'bad' is no reason", "unknown-ca, expired"),
        ("--address alice", "'alice' is no address", "192.0.2.0/24"),
        ("--failed --result ok", "exclude each other", ""),
        ("--json --format zeek", "exclude each other", ""),
        ("--follow --until 1h", "goes on", ""),
    ],
)
def test_what_cannot_be_meant_is_explained(data: Path, options: str, told: str, hint: str) -> None:
    """With what can be written instead."""
    with pytest.raises(UsageError, match=told) as caught:
        run(data, *options.split())
    assert hint in caught.value.hint


# --- how they look -------------------------------------------------------------------------


def test_the_table_says_who_from_where_and_how_it_ended(data: Path) -> None:
    """A row each, the newest at the top; a client's own is marked."""
    rows = run(data).stdout.splitlines()

    assert " ".join(rows[0].split()) == "TIME (UTC) WHO PEER RESULT TLS CIPHER GROUP MS"
    assert [row.split()[-6] for row in rows[1:]] == [">::1", "127.0.0.1", ">127.0.0.1", "127.0.0.1"]
    assert [row.split()[-5] for row in rows[1:]] == ["revoked", "expired", "ok", "ok"]


def test_the_newest_refusal_is_explained_below_the_table(data: Path) -> None:
    """Data goes to stdout, the explanation to stderr; good handshakes need none."""
    done = run(data)

    assert "last refusal (C3)" in done.stderr
    assert "make a new one" in done.stderr
    assert "securechat handshakes explain C3" in done.stderr
    assert "last refusal" not in done.stdout
    assert run(data, "--peer", "c0").stderr == ""
    assert run(data, "--quiet").stderr == ""


def test_a_hostile_subject_cannot_reach_the_terminal(tmp_path: Path) -> None:
    """Escapes and writing direction marks are written out in every place and form."""
    write(tmp_path, refused(client_subject="\x1b]0;x\x07\u202e", text="\x1b[31mred", orig_h="\x9b"))

    done = run(tmp_path, "--failed")
    shown = done.stdout + done.stderr

    assert "\\x1b" in shown
    assert all(letter == "\n" or letter.isprintable() for letter in shown)
    for form in ("json", "zeek"):
        text = run(tmp_path, "--format", form).stdout
        assert all(
            letter in "\t\n" or (letter.isascii() and letter.isprintable()) for letter in text
        )


def test_json_is_the_whole_record(tmp_path: Path) -> None:
    """Line by line, as it stands in the journal."""
    record = refused(text="caf\u00e9", verify_code=10)
    write(tmp_path, record)

    for options in (("--json",), ("--format", "json"), ("--json", "--format", "json")):
        (line,) = run(tmp_path, *options).stdout.splitlines()
        assert decode(line.encode("ascii")) == record


def test_zeeks_form_is_a_log_that_its_reader_reads(data: Path) -> None:
    """The oldest first, as Zeek writes; a header and an end also when there is nothing."""
    reader = Reader(run(data, "--format", "zeek").stdout.splitlines())

    assert [row["uid"] for row in reader.rows] == ["C0", "C1", "C2", "C3"]
    assert reader.meta["path"] == ["ssl"]
    assert "close" in reader.meta
    newest = run(data, "--format", "zeek", "-n", "2")
    assert [row["uid"] for row in Reader(newest.stdout.splitlines()).rows] == ["C2", "C3"]
    assert newest.stderr == ""
    nothing = run(data, "--format", "zeek", "--peer", "mallory")
    assert Reader(nothing.stdout.splitlines()).rows == []
    assert "close" in Reader(nothing.stdout.splitlines()).meta


class Watcher:
    """Stands in for the line that shows how far the reading is.

    Args:
        total: of what is to be read, bytes.
    """

    def __init__(self, _console: Console, total: int) -> None:
        self.total = total
        self.told: list[int] = []
        self.cleared = 0

    def read(self, size: int) -> None:
        """Be told."""
        self.told.append(size)

    def clear(self) -> None:
        """Make room for a row."""
        self.cleared += 1


@pytest.mark.parametrize("words", [(), ("--follow",), ("--json",), ("stats",)])
def test_whoever_waits_for_something_rare_sees_how_far_it_is(
    data: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole reading is told of, and no row is written behind the line."""
    watchers: list[Watcher] = []

    def watch(console: Console, total: int) -> Watcher:
        watchers.append(Watcher(console, total))
        return watchers[-1]

    monkeypatch.setattr(module, "Progress", watch)
    monkeypatch.setattr(threading, "Event", Script)

    CliRunner().invoke(app, ["handshakes", *words, "--data", str(data)])

    (watcher,) = watchers
    assert watcher.total == sum(path.stat().st_size for path in data.rglob("*.jsonl"))
    assert sum(watcher.told) == watcher.total
    assert watcher.cleared >= (1 if words == ("stats",) else 4)


def test_nothing_recorded_is_said_and_is_no_error(tmp_path: Path) -> None:
    """An empty list goes to a script as nothing, to a person as a sentence."""
    done = run(tmp_path / "missing")

    assert (done.exit_code, done.stdout) == (0, "")
    assert "no such handshake" in done.stderr


def test_colour_marks_refusals_only_when_wanted(data: Path) -> None:
    """State is in words as well, so nothing is lost without it."""
    coloured, plain = (run(data, "--color", when).stdout for when in ("always", "never"))

    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain


def test_a_journal_that_cannot_be_read_is_an_error_with_its_place(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's reason stands in the message."""

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "standing", forbidden)

    with pytest.raises(SecureChatError, match="Permission denied"):
        run(data)


def test_a_reader_of_ours_that_goes_away_is_not_taken_for_a_broken_journal(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`| head` is nobody's fault."""

    def closed(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("secure_chat.cli.console.Console.data", closed)

    with pytest.raises(BrokenPipeError):
        run(data)


# --- as they come --------------------------------------------------------------------------


class Script:
    """Stands in for the pause between two looks: each is an act, the last ends it."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self._acts = list(acts)

    def wait(self, _seconds: float) -> bool:
        """Do the next act; true when there is none."""
        if not self._acts:
            return True
        self._acts.pop(0)()
        return False


def interrupted() -> None:
    """Do what Ctrl-C does."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("form", ["json", "table", "zeek"])
def test_following_shows_old_ones_and_then_each_new_one_once(
    data: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest first; new records of known and new folders appear, those not asked for do not."""
    host, carol = data / "c0ffee" / "host", data / "c0ffee" / "clients" / "carol"
    script = Script(
        lambda: write(host, refused(10, uid="C10", orig_h="10.1.1.1"), good(11, uid="C11")),
        lambda: None,
        lambda: write(carol, refused(12, uid="C12", orig_h="10.2.2.2")),
    )
    monkeypatch.setattr(threading, "Event", lambda: script)

    done = run(data, "--follow", "--failed", "--format", form)

    rows = done.stdout.splitlines()
    uids = ["C2", "C3", "C10", "C12"]
    if form == "json":
        assert [json.loads(row)["uid"] for row in rows] == uids
    elif form == "zeek":
        assert [row["uid"] for row in Reader(rows).rows] == uids
    else:
        assert rows[0].startswith("TIME")
        assert len(rows) == 5
        assert "10.1.1.1" in rows[3]
        assert "10.2.2.2" in rows[4]
        assert "last refusal" not in done.stderr


def test_following_begins_with_the_newest_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last row is the newest, below which the next one will stand."""
    write(tmp_path, *(good(at, uid=f"C{at}") for at in range(9)))
    monkeypatch.setattr(
        threading, "Event", lambda: Script(lambda: write(tmp_path, good(9, uid="C9")))
    )

    assert listed(tmp_path, "--follow", "-n", "2") == ["C7", "C8", "C9"]


def test_what_is_written_while_the_list_is_made_appears_once(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing falls between the list and the following, and nothing is shown by both."""
    host = data / "c0ffee" / "host"

    def slowly(*args: Any, **options: Any) -> Iterator[HandshakeRecord]:
        write(host, good(20, uid="C20"))
        return newest(*args, **options)

    monkeypatch.setattr(module, "newest", slowly)
    monkeypatch.setattr(threading, "Event", lambda: Script(lambda: None))

    assert listed(data, "--follow") == ["C0", "C1", "C2", "C3", "C20"]


def test_an_interrupted_log_of_zeek_is_closed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line is where Zeek's would be."""
    monkeypatch.setattr(threading, "Event", lambda: Script(interrupted))

    done = CliRunner().invoke(
        app, ["handshakes", "--follow", "--format", "zeek", "--data", str(data)]
    )

    assert done.exit_code != 0
    assert done.stdout.splitlines()[-1].startswith("#close\t")


def test_an_interruption_ends_with_its_own_exit_code(data: Path, program: Program) -> None:
    """In a process of its own, as a person does it."""
    with program.start("handshakes", "--follow", "--json", "--data", str(data)) as running:
        running.line(lambda line: json.loads(line)["uid"] == "C3")
        running.interrupt()
        outcome = running.end()

    assert outcome.code == 130
    assert "Traceback" not in outcome.err


# --- what stands around it -----------------------------------------------------------------


@pytest.mark.parametrize("options", [("--failed",), ("--data", "x"), ("-n", "3")])
def test_an_option_before_a_command_within_is_not_lost_in_silence(
    data: Path, options: tuple[str, ...]
) -> None:
    """It would have meant the list, which is not asked for."""
    with pytest.raises(UsageError, match="behind `stats`"):
        CliRunner().invoke(
            app, ["handshakes", *options, "stats", "--data", str(data)], catch_exceptions=False
        )


def test_a_variable_for_both_is_no_option_before(data: Path) -> None:
    """Where the data is may be said for all commands at once."""
    done = CliRunner().invoke(
        app, ["handshakes", "stats", "--json"], env={"SECURECHAT_DATA": str(data)}
    )

    assert json.loads(done.stdout)["handshakes"] == 4


def test_the_help_has_two_examples_and_the_commands_within() -> None:
    """They begin with the command as one types it."""
    assert EXAMPLES.count("securechat handshakes") == 2
    shown = CliRunner().invoke(app, ["handshakes", "--help"], env={"COLUMNS": "80"}).output
    for name in ("stats", "show", "explain"):
        assert re.search(rf"^  {name} +[A-Z]", shown, re.MULTILINE)
