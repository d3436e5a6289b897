"""What `send` is to send, by its options; whatever does not go together is refused in words."""

import io
from pathlib import Path
from typing import Any

import pytest

from secure_chat.cli.parcel import Asked, Files, Stream, Words, parcel_of
from secure_chat.errors import UsageError
from secure_chat.wire.messages import Content


class Stdin(io.TextIOWrapper):
    """Stdin with something in it, at a terminal or not."""

    def __init__(self, data: bytes, *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(data))
        self._terminal = terminal

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._terminal


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which has a file and a folder; stdin says `piped`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    (tmp_path / "tree").mkdir()
    monkeypatch.setattr("sys.stdin", Stdin(b"piped\r\n"))
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "parcel"),
    [
        (Asked(text="hi"), Words("hi", None)),
        (Asked(), Words("piped", None)),
        (Asked(text="-", reply=7), Words("piped", Content(reply=7))),
        (Asked(text="*hi*", markdown=True), Words("*hi*", Content(format="markdown"))),
        (Asked(text="x", code="c"), Words("x", Content(format="code", lang="c"))),
        (Asked(code=""), Words("piped", Content(format="code"))),
        (Asked(value='{"a":1}'), Words('{"a":1}', Content(format="json"))),
        (Asked(files=("a.pdf",)), Files((Path("a.pdf"),), None, "")),
        (
            Asked(files=("a.pdf", "tree"), text="look"),
            Files((Path("a.pdf"), Path("tree")), None, "look"),
        ),
        (Asked(files=("a.pdf",), text="-", name="b"), Files((Path("a.pdf"),), "b", "piped")),
        (Asked(files=("-",), name="b", text="look"), Files((None,), "b", "look")),
        (Asked(stream=True, name="x.tar"), Stream("x.tar", "")),
        (Asked(stream=True, name="x.tar", text="look"), Stream("x.tar", "look")),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_is_asked_for(asked: Asked, parcel: Words | Files | Stream) -> None:
    """Words from the argument or stdin, files with a caption, a stream with a name."""
    assert parcel_of(asked) == parcel


@pytest.mark.usefixtures("here")
def test_a_value_through_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a text, and only when it is one."""
    monkeypatch.setattr("sys.stdin", Stdin(b"[1, 2]\n"))
    assert parcel_of(Asked(value="-")) == Words("[1, 2]", Content(format="json"))
    with pytest.raises(UsageError, match="nothing to send"):
        parcel_of(Asked(value="-"))


WRONG: list[dict[str, Any]] = [
    {"files": ("a.pdf",), "value": "1"},
    {"files": ("a.pdf",), "code": "c"},
    {"files": ("a.pdf",), "markdown": True},
    {"files": ("a.pdf",), "stream": True, "name": "x"},
    {"value": "1", "code": "c"},
    {"code": "c", "markdown": True, "text": "x"},
    {"value": "1", "text": "x"},
    {"value": "{"},
    {"value": "1 2"},
    {"value": "[" * 100_000},
    {"value": ""},
    {"files": ("a.pdf",), "id": "b1"},
    {"files": ("a.pdf",), "timeout": 3.0},
    {"files": ("a.pdf",), "reply": 3},
    {"stream": True, "name": "x", "reply": 3},
    {"stream": True, "name": "x", "id": "b1"},
    {"name": "x", "text": "hi"},
    {"files": ("a.pdf", "a.pdf"), "name": "x"},
    {"files": ("tree",), "name": "x"},
    {"files": ("-",)},
    {"files": ("-",), "name": " "},
    {"stream": True},
    {"files": ("-", "-"), "name": "x"},
    {"files": ("-", "-")},
    {"files": ("-",), "name": "x", "text": "-"},
    {"stream": True, "name": "x", "text": "-"},
    {"files": ("nothing.pdf",)},
    {"files": ("/dev/null",)},
    {"files": ("",)},
]


@pytest.mark.parametrize("options", WRONG)
@pytest.mark.usefixtures("here")
def test_what_does_not_go_together_is_refused(options: dict[str, Any]) -> None:
    """With a sentence on what to do instead."""
    with pytest.raises(UsageError) as refused:
        parcel_of(Asked(**options))
    assert refused.value.hint


def test_what_has_no_end_is_passed_on_as_a_stream() -> None:
    """A device is there, so it is not called missing; what is missing is."""
    with pytest.raises(UsageError, match="neither a file nor a folder") as device:
        parcel_of(Asked(files=("/dev/null",)))
    assert "--stream" in (device.value.hint or "")
    with pytest.raises(UsageError, match="there is no file or folder"):
        parcel_of(Asked(files=("/dev/nowhere",)))


@pytest.mark.parametrize("options", [{"stream": True}, {"files": ("-",)}])
def test_a_terminal_is_no_pipe(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    """Nobody types a file."""
    monkeypatch.setattr("sys.stdin", Stdin(b"", terminal=True))
    with pytest.raises(UsageError, match="terminal"):
        parcel_of(Asked(**options, name="x"))
