"""What is said of Python, OpenSSL, SQLite and the system, for the versions there are."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from secure_chat.doctor.findings import Finding, Level
from secure_chat.doctor.program import Program, look, program_findings
from secure_chat.tls import context

FAULT, WARNING, NOTE, OK = Level.FAULT, Level.WARNING, Level.NOTE, Level.OK

GOOD: Final = Program(
    python=(3, 13, 9),
    openssl=(3, 5, 4),
    openssl_name="OpenSSL 3.5.4",
    tls=True,
    heard=True,
    ignores_cuts=False,
    sqlite=(3, 51, 3),
    search=True,
    files=1_024,
    keylog=False,
)
NOW: Final = datetime(2026, 11, 22, tzinfo=UTC).timestamp()


def worse(program: Program, now: float = NOW) -> dict[str, Level]:
    """Return the ids of all that is not in order."""
    found = program_findings(program, now)
    return {finding.id: finding.level for finding in found if finding.level is not OK}


def test_nothing_is_said_of_a_program_that_stands_well() -> None:
    """The twin of all that follow."""
    assert worse(GOOD) == {}


ROWS: Final[dict[str, tuple[dict[str, Any], dict[str, Level]]]] = {
    "the Python that hangs": ({"python": (3, 13, 6)}, {"python-bug": NOTE}),
    "the one before": ({"python": (3, 13, 5)}, {}),
    "the one behind": ({"python": (3, 13, 7)}, {}),
    "OpenSSL 1.1.1": (
        {"openssl": (1, 1, 1), "openssl_name": "OpenSSL 1.1.1w", "tls": False},
        {"old-openssl": FAULT},
    ),
    "LibreSSL": (
        {"openssl": (2, 0, 0), "openssl_name": "LibreSSL 4.0.0"},
        {"old-openssl": FAULT},
    ),
    "an OpenSSL that cannot do it": ({"tls": False}, {"old-openssl": FAULT}),
    "an OpenSSL nobody repairs": ({"openssl": (3, 3, 2)}, {"openssl-end-of-life": NOTE}),
    "an OpenSSL of tomorrow": ({"openssl": (4, 0, 0)}, {}),
    "a Python that does not report": ({"heard": False}, {"unheard-handshakes": NOTE}),
    "a build that hides cuts": ({"ignores_cuts": True}, {"ignored-cuts": WARNING}),
    "an SQLite with the WAL bug": ({"sqlite": (3, 40, 1)}, {}),
    "an SQLite without search": ({"search": False}, {"no-search": FAULT}),
    "few files": ({"files": 255}, {"few-files": WARNING}),
    "just enough files": ({"files": 256}, {}),
    "no limit of files": ({"files": None}, {}),
    "keys of others": ({"keylog": True}, {"keylog-variable": NOTE}),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_a_program_stands_on_is_named(row: str) -> None:
    """Only what is known for certain."""
    changes, expected = ROWS[row]

    assert worse(replace(GOOD, **changes)) == expected


def test_a_branch_comes_to_its_end() -> None:
    """On its last day it is still repaired."""
    end = datetime(2029, 10, 31, 12, tzinfo=UTC).timestamp()

    assert "python-end-of-life" not in worse(GOOD, end)
    assert worse(GOOD, end + 86_400)["python-end-of-life"] is NOTE


def test_the_wal_bug_is_told_to_those_who_ask() -> None:
    """It is not ours, so it is nothing to worry about."""

    def told(version: tuple[int, int, int]) -> Finding:
        found = program_findings(replace(GOOD, sqlite=version), NOW)
        return next(finding for finding in found if finding.id == "sqlite-bug")

    assert "WAL bug" in told((3, 51, 2)).why
    assert told((3, 51, 3)).why == told((3, 6, 23)).why == ""


def test_this_program_can_do_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs these tests."""
    monkeypatch.delenv("SSLKEYLOGFILE", raising=False)
    program = look()

    assert set(worse(program).values()) <= {NOTE}
    assert (program.tls, program.search, program.keylog) == (True, True, False)
    assert re.match(r"OpenSSL \d", program.openssl_name)


def test_what_this_program_lacks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ear for handshakes is private in Python and may go; the variable is anybody's."""
    monkeypatch.setattr(context, "_EAR", "no_such_thing")
    monkeypatch.setenv("SSLKEYLOGFILE", "/nowhere")

    program = look()

    assert (program.heard, program.keylog, program.tls) == (False, True, True)


def test_an_openssl_that_is_too_old_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its constants are missing; the doctor says so instead of falling over."""

    def too_old(_protocol: int) -> None:
        raise AttributeError("OP_IGNORE_UNEXPECTED_EOF")

    monkeypatch.setattr(context, "_bare", too_old)

    assert worse(look())["old-openssl"] is FAULT
