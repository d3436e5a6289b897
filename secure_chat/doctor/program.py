"""What the program stands on: Python, OpenSSL, SQLite and the limits of the system.

`look` asks the interpreter, the rest is pure. Of the known bugs only those are named that are
certain and that somebody who runs this program may hear of.
"""

import os
import sqlite3
import ssl
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from secure_chat.doctor.findings import Area, Finding
from secure_chat.tls.context import client_contexts

__all__ = ["Program", "look", "program_findings"]

_HERE: Final = Area.PROGRAM
_Version: TypeAlias = tuple[int, int, int]

# Until when their makers repair them (PEP 664, 693, 719 and 745; OpenSSL's release strategy).
_PYTHON_UNTIL: Final = {
    (3, 11): date(2027, 10, 31),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 10, 31),
    (3, 14): date(2030, 10, 31),
}
_OPENSSL_UNTIL: Final = {
    (3, 0): date(2026, 9, 7),
    (3, 1): date(2025, 3, 14),
    (3, 2): date(2025, 11, 23),
    (3, 3): date(2026, 4, 9),
    (3, 4): date(2026, 10, 22),
    (3, 5): date(2030, 4, 8),
    (3, 6): date(2026, 11, 1),
}
_OLDEST_OPENSSL: Final = (3, 0, 0)
_DEADLOCK: Final = (3, 13, 6)
_WAL_BUG: Final = ((3, 7, 0), (3, 51, 2))
# Fewer files than this are not even enough for a small community.
_FEW_FILES: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is known of the program's ground.

    Args:
        python: its version.
        openssl: the version of OpenSSL; 2.0.0 is how LibreSSL gives itself.
        openssl_name: what it calls itself.
        tls: whether our TLS settings can be made with it.
        heard: whether the messages of a handshake can be recorded.
        ignores_cuts: whether a cut line passes for an orderly end, against our wish.
        sqlite: the version of SQLite.
        search: whether it has full-text search.
        files: how many files may be open, the hard limit; None where there is no such limit.
        keylog: whether SSLKEYLOGFILE is set.
    """

    python: _Version
    openssl: _Version
    openssl_name: str
    tls: bool
    heard: bool
    ignores_cuts: bool
    sqlite: _Version
    search: bool
    files: int | None
    keylog: bool


def look() -> Program:
    """Ask this interpreter."""
    try:
        contexts = client_contexts(None, None, None)
        options = contexts.talking.options
    except (AttributeError, ssl.SSLError, ValueError):
        # An OpenSSL too old to know what we ask for.
        contexts, options = None, ssl.Options(0)
    ignores = getattr(ssl.Options, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return Program(
        python=sys.version_info[:3],
        openssl=ssl.OPENSSL_VERSION_INFO[:3],
        openssl_name=ssl.OPENSSL_VERSION,
        tls=contexts is not None,
        heard=contexts is not None and contexts.heard,
        ignores_cuts=bool(options & ignores),
        sqlite=sqlite3.sqlite_version_info,
        search=_has_search(),
        files=_most_files(),
        keylog="SSLKEYLOGFILE" in os.environ,
    )


def program_findings(program: Program, now: float) -> list[Finding]:
    """Judge the ground.

    Args:
        program: what is known of it.
        now: seconds since 1970 UTC.
    """
    today = date.fromtimestamp(now)  # noqa: DTZ012 # a day more or less makes no difference
    return [
        _python(program),
        *_support("python-end-of-life", "Python", program.python, _PYTHON_UNTIL, today),
        _openssl(program),
        *_support("openssl-end-of-life", "OpenSSL", program.openssl, _OPENSSL_UNTIL, today),
        _heard(program),
        _cuts(program),
        _sqlite(program),
        _search(program),
        *_open_files(program),
        *_keylog(program),
    ]


def _python(program: Program) -> Finding:
    name = f"Python {_dotted(program.python)}"
    if program.python == _DEADLOCK:
        return _HERE.note(
            "python-bug",
            f"{name} can hang in TLS when two threads use one connection",
            why="python/cpython#137583; securechat is not hit, as one thread owns a connection",
            hint="update to 3.13.7 or later for the sake of other programs",
        )
    return _HERE.ok("python-bug", f"{name} has no known bug that touches securechat")


def _support(
    id_: str, name: str, version: _Version, until: dict[tuple[int, int], date], today: date
) -> Iterable[Finding]:
    """Say whether a branch is still repaired, of those whose end is known."""
    branch = version[:2]
    end = until.get(branch)
    if end is None:
        return
    called = f"{name} {branch[0]}.{branch[1]}"
    if today <= end:
        yield _HERE.ok(id_, f"{called} is repaired by its makers until {end}")
    else:
        yield _HERE.note(
            id_,
            f"{called} has not been repaired by its makers since {end}",
            why="your system's distributor may go on for longer",
            hint=f"keep the system up to date, and move to a newer {name} when you can",
        )


def _openssl(program: Program) -> Finding:
    if program.openssl < _OLDEST_OPENSSL or not program.tls:
        return _HERE.fault(
            "old-openssl",
            f"securechat cannot work with {program.openssl_name}",
            why="it needs OpenSSL 3.0 or later",
            hint="use a Python that was built with OpenSSL 3.0 or later",
        )
    return _HERE.ok("old-openssl", f"{program.openssl_name} can do what is needed")


def _heard(program: Program) -> Finding:
    if program.heard:
        return _HERE.ok("unheard-handshakes", "every message of a handshake can be recorded")
    return _HERE.note(
        "unheard-handshakes",
        "this Python does not report the messages of a handshake",
        why="records hold only the outcome, and a refused client's certificate is not known",
        hint="use CPython 3.11, 3.12 or 3.13",
    )


def _cuts(program: Program) -> Finding:
    if program.ignores_cuts:
        return _HERE.warning(
            "ignored-cuts",
            "this build of Python takes a cut line for an orderly end",
            why="OP_IGNORE_UNEXPECTED_EOF is set and cannot be unset",
            hint="use another build of Python",
        )
    return _HERE.ok("ignored-cuts", "a cut line is told from an orderly end")


def _sqlite(program: Program) -> Finding:
    name = f"SQLite {_dotted(program.sqlite)}"
    first, last = _WAL_BUG
    if first <= program.sqlite <= last:
        why = "its WAL bug (until 3.51.2) needs two writing connections, and here is one"
        return _HERE.ok("sqlite-bug", f"{name} is good for the log", why)
    return _HERE.ok("sqlite-bug", f"{name} is good for the log")


def _search(program: Program) -> Finding:
    if program.search:
        return _HERE.ok("no-search", "SQLite has full-text search")
    return _HERE.fault(
        "no-search",
        "this SQLite has no full-text search",
        why="the log's tables need FTS5, so no host can start",
        hint="use a Python whose SQLite was built with FTS5",
    )


def _open_files(program: Program) -> Iterable[Finding]:
    if program.files is None:
        return
    what = f"{program.files} files may be open at once"
    if program.files < _FEW_FILES:
        yield _HERE.warning(
            "few-files",
            f"only {what}",
            why="each connection to a host takes one, and so does the log",
            hint="raise the hard limit of open files, for example with `ulimit -Hn 65536`",
        )
    else:
        yield _HERE.ok("few-files", what, "a host raises its own limit up to that")


def _keylog(program: Program) -> Iterable[Finding]:
    if program.keylog:
        yield _HERE.note(
            "keylog-variable",
            "SSLKEYLOGFILE is set",
            why="securechat ignores it; other programs write the keys of their connections there",
            hint="unset it when you do not need it",
        )


def _dotted(version: _Version) -> str:
    return ".".join(map(str, version))


def _has_search() -> bool:
    with closing(sqlite3.connect(":memory:")) as db:
        try:
            db.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
        except sqlite3.Error:
            return False
        return True


def _most_files() -> int | None:
    try:
        import resource
    except ImportError:  # pragma: no cover -- only where there is no such limit
        return None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if hard == resource.RLIM_INFINITY else hard
