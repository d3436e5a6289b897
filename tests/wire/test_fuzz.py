"""What was found by hostile bytes stays found, and the judge of them can say no."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from secure_chat.wire import connection
from secure_chat.wire.codec import encode
from secure_chat.wire.connection import Connection
from secure_chat.wire.messages import Ping, Say
from secure_chat.wire.states import Role, State
from tests.wire.fuzzing import CORPUS, Case, Fuzzer, judge, kept

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz"
SAY = encode(Say(id="a1", text="hello", room="lobby"))


def test_every_kept_stream_is_taken_without_a_defect() -> None:
    """Each stream of the corpus, byte by byte and whole, gives legal events and one end."""
    ways = {judge(case, list(range(1, len(case.stream)))) for case in kept()}
    assert len(ways) > 100


def test_new_streams_are_taken_without_a_defect() -> None:
    """A moment of new hostile streams, the same in each run, finds nothing."""
    fuzzer = Fuzzer(1, [])
    assert len(list(islice(fuzzer.run(), 2_000))) == 2_000
    assert len(fuzzer.found) > 50


def test_the_same_seed_makes_the_same_streams() -> None:
    """A defect that was met can be met again."""
    one, other = (islice(Fuzzer(7, kept()).run(), 200) for _ in range(2))
    assert list(one) == list(other)


def test_a_case_survives_its_line(tmp_path: Path) -> None:
    """What is written into the corpus is read back as it was."""
    case = Case(Role.HOST, State.OPEN, SAY)
    path = tmp_path / "streams.txt"
    path.write_text(case.line * 2, encoding="ascii")
    assert kept(path) == [case, case]


def test_the_judge_sees_a_connection_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception out of `receive_data` is a defect."""

    def broken(_: bytes) -> Ping:
        raise ZeroDivisionError

    monkeypatch.setitem(connection._DECODE, Role.CLIENT, broken)
    with pytest.raises(ZeroDivisionError):
        judge(Case(Role.HOST, State.OPEN, SAY), [])


def test_the_judge_sees_a_message_out_of_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that lets a text pass before the welcome is a defect."""
    monkeypatch.setattr(Connection, "_turn", lambda self, message: self._events.append(message))
    with pytest.raises(AssertionError):
        judge(Case(Role.HOST, State.START, SAY), [])


def test_the_judge_sees_a_cut_that_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that forgets what waits hears something else when the stream is cut."""
    receive = Connection.receive_data

    def forgetful(self: Connection, data: bytes) -> None:
        self._reader._held.clear()
        receive(self, data)

    monkeypatch.setattr(Connection, "receive_data", forgetful)
    judge(Case(Role.HOST, State.OPEN, SAY), [])
    with pytest.raises(AssertionError, match="cutting"):
        judge(Case(Role.HOST, State.OPEN, SAY), [5])


def test_the_script_runs_to_its_bound() -> None:
    """`scripts/fuzz` replays the corpus, stops at its count, and says what it did."""
    before = CORPUS.read_bytes()
    done = subprocess.run(
        [sys.executable, SCRIPT, "--count", "300", "--seconds", "60", "--seed", "3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("300 streams, ")
    assert done.stdout.endswith("no defect\n")
    assert CORPUS.read_bytes() == before
