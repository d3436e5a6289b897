"""Options of `get` that do not go together are refused with what to do instead."""

import io
from typing import Any

import pytest

from secure_chat.cli.request import Wanted, check
from secure_chat.errors import UsageError


class Stream(io.StringIO):
    """Stdin, stdout or stderr, at a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._terminal


def at(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> None:
    """Put all three streams at a terminal, or in pipes."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(f"sys.{name}", Stream(terminal=terminal))


PIPED: list[dict[str, Any]] = [
    {},
    {"room": "tea", "author": "bob", "as_json": True},
    {"numbers": (3, 4), "typed": frozenset({"into", "on_exists", "executable"})},
    {"all": True, "mine": True, "with_": "bob", "as_json": True},
    {"stdout": True, "numbers": (3,)},
    {"stdout": True, "author": "bob", "room": "tea"},
]


@pytest.mark.parametrize("options", PIPED)
def test_what_goes_together(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    """For scripts."""
    at(monkeypatch, terminal=False)
    check(Wanted(**options))


@pytest.mark.parametrize("options", [{"show": True}, {"on_exists": "ask"}])
def test_what_a_terminal_is_for(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    """Pictures and questions need one."""
    wanted = Wanted(numbers=(3,), **options)
    at(monkeypatch, terminal=True)
    check(wanted)
    at(monkeypatch, terminal=False)
    with pytest.raises(UsageError, match="terminal"):
        check(wanted)


WRONG: list[dict[str, Any]] = [
    {"numbers": (3,), "all": True},
    {"numbers": (3,), "room": "tea"},
    {"numbers": (3,), "with_": "bob"},
    {"numbers": (3,), "author": "bob"},
    {"room": "tea", "with_": "bob"},
    {"mine": True},
    {"numbers": (3,), "mine": True},
    {"stdout": True, "all": True},
    {"stdout": True, "numbers": (3, 4)},
    {"stdout": True},
    {"stdout": True, "room": "tea"},
    {"stdout": True, "numbers": (3,), "typed": frozenset({"into"})},
    {"stdout": True, "numbers": (3,), "typed": frozenset({"on_exists"})},
    {"stdout": True, "numbers": (3,), "typed": frozenset({"executable"})},
    {"stdout": True, "numbers": (3,), "typed": frozenset({"show"})},
    {"typed": frozenset({"into"})},
    {"typed": frozenset({"executable"})},
    {"typed": frozenset({"on_exists"})},
    {"stdout": True, "numbers": (3,), "as_json": True},
    {"show": True, "numbers": (3,), "as_json": True},
    {"all": True, "on_exists": "ask", "no_input": True},
]


@pytest.mark.parametrize("options", WRONG)
def test_what_does_not_go_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    """With a sentence on what to do instead, at a terminal or not."""
    at(monkeypatch, terminal="no_input" in options or "show" in options)
    with pytest.raises(UsageError) as refused:
        check(Wanted(**options))
    assert refused.value.hint


def test_a_terminal_never_sees_what_a_file_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are a stranger's."""
    at(monkeypatch, terminal=True)
    with pytest.raises(UsageError, match="stdout is a terminal"):
        check(Wanted(stdout=True, numbers=(3,)))
