"""`securechat handshakes stats`: counts and times in words, in bars and for scripts."""

import json
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.handshakes_stats import EXAMPLES, _lines
from secure_chat.cli.main import app
from secure_chat.errors import UsageError
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
from secure_chat.handshakes.stats import Stats
from secure_chat.limits import Limits
from tests.fakes import FakeClock
from tests.handshakes.records import good, refused


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a host's journal and a client's."""
    host = Journal(tmp_path / "host" / ACCEPTED, tmp_path / "host" / REFUSED, Limits(), FakeClock())
    for number in range(90):
        host.write(good(number, duration_ms=2 + number / 10))
    host.write(refused(100, reason="silent", count=1_000))
    host.write(refused(101, reason="expired"))
    host.close()
    folder = tmp_path / "clients" / "bob"
    client = Journal(folder / ACCEPTED, folder / REFUSED, Limits(), FakeClock())
    client.write(good(50, end="client", duration_ms=20))
    client.close()
    return tmp_path


def run(data: Path, *options: str) -> Result:
    """Run the command on a data folder."""
    done = CliRunner().invoke(app, ["handshakes", "stats", *options, "--data", str(data)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_counts_stand_below_each_other_the_largest_first(data: Path) -> None:
    """By result, by reason, by end; a counted line counts as many."""
    lines = run(data).stdout.splitlines()

    assert lines[0] == "1,092 handshakes, 2026-11-22 12:00:00 to 2026-11-22 12:01:41 UTC"
    assert [line.split() for line in lines[2:5]] == [
        ["RESULT"],
        ["refused", "1,001", "91.7", "%"],
        ["ok", "91", "8.3", "%"],
    ]
    assert [line.split()[0] for line in lines[6:10]] == ["REASON", "silent", "ok", "expired"]
    assert [line.split()[0] for line in lines[11:14]] == ["END", "host", "client"]


def test_the_times_of_good_ones_are_in_percentiles_and_bars(data: Path) -> None:
    """With how near they are; the longest bar is as long as can be, the least can be seen."""
    lines = run(data).stdout.splitlines()
    times = lines[lines.index("MILLISECONDS, OF THOSE WELCOMED") + 1 :]

    assert times[0].startswith("p50 6.")
    assert "p99 " in times[0]
    assert "(within 0.5 %)" in times[0]
    assert times[0].endswith("max 20.00")
    assert sum(int(line.split()[3]) for line in times[1:]) == 91
    assert max(line.count("\u2588") for line in times[1:]) == 40
    assert all(len(line.split()) == 5 for line in times[1:] if line.split()[3] != "0")
    assert all(len(line) <= 80 for line in lines)


def test_the_same_filters_as_for_the_list(data: Path) -> None:
    """What is left out is not counted."""
    assert json.loads(run(data, "--json", "--end", "client").stdout)["handshakes"] == 1
    assert json.loads(run(data, "--json", "--failed").stdout)["reasons"] == {
        "silent": 1_000,
        "expired": 1,
    }
    until = json.loads(run(data, "--json", "--until", "2026-11-22T12:00:10").stdout)
    assert until["handshakes"] == 10
    with pytest.raises(UsageError, match="no reason"):
        run(data, "--reason", "none")


def test_json_is_one_object_with_all_of_it(data: Path) -> None:
    """On one line."""
    (line,) = run(data, "--json").stdout.splitlines()
    value = json.loads(line)

    assert value["results"] == {"refused": 1_001, "ok": 91}
    assert value["records"] == 93
    assert value["established_ms"]["max"] == 20
    assert sum(bar["count"] for bar in value["histogram"]) == 91


def test_refusals_alone_have_no_times(data: Path) -> None:
    """Then there is nothing to draw."""
    assert "MILLISECONDS" not in run(data, "--failed").stdout


def test_nothing_is_said_and_is_no_error(tmp_path: Path) -> None:
    """A script gets an object all the same."""
    done = run(tmp_path)

    assert (done.exit_code, done.stdout) == (0, "")
    assert "no such handshake" in done.stderr
    assert json.loads(run(tmp_path, "--json").stdout)["handshakes"] == 0


@pytest.mark.parametrize(
    ("encoding", "letter"),
    [("utf-8", "\u2588"), ("ascii", "#"), ("latin-1", "#"), ("no such", "#"), (None, "#")],
)
def test_bars_are_drawn_with_what_the_terminal_has(encoding: str | None, letter: str) -> None:
    """Blocks where they can be written, plain signs elsewhere."""
    stats = Stats()
    for number in range(20):
        stats.add(good(duration_ms=4 + number % 2))
    out = StringIO() if encoding in {None, "no such"} else TextIOWrapper(BytesIO(), encoding)
    if encoding == "no such":
        out = Misnamed()

    lines = list(_lines(Console(colour=Colour.NEVER, out=out, err=StringIO()), stats))

    assert lines[-1].endswith(letter)
    assert not set("\u2588#") - {letter} & set("".join(lines))
    out.close()


class Misnamed(StringIO):
    """A stream with an encoding that nobody knows."""

    encoding = "no such"


def test_a_hostile_reason_cannot_reach_the_terminal() -> None:
    """A file may have been changed by anybody who owns it."""
    stats = Stats()
    stats.add(refused(reason="\x1b[31m"))

    shown = "\n".join(_lines(Console(colour=Colour.NEVER, out=StringIO()), stats))

    assert "\\x1b[31m" in shown
    assert "\x1b" not in shown


def test_the_help_has_two_examples() -> None:
    """They begin with the command as one types it, and fit."""
    assert EXAMPLES.count("securechat handshakes stats") == 2
    shown = CliRunner().invoke(app, ["handshakes", "stats", "--help"], env={"COLUMNS": "80"}).output
    assert len(shown.splitlines()) <= 48
    assert max(map(len, shown.splitlines())) <= 80
