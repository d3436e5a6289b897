"""Where a passphrase comes from."""

import getpass
import sys
from functools import partial
from pathlib import Path

import pytest

from secure_chat.cli.passphrase import chosen_passphrase, passphrase_from, read_passphrase
from secure_chat.errors import IdentityError, UsageError


@pytest.mark.parametrize(
    ("content", "passphrase"),
    [
        (b"secret", b"secret"),
        (b"secret\n", b"secret"),
        (b"secret\r\nsecond line\n", b"secret"),
        (b" two words \n", b" two words "),
        ("gr\u00fcn\n".encode(), "gr\u00fcn".encode()),
    ],
)
def test_it_is_the_first_line_of_the_file(
    tmp_path: Path, content: bytes, passphrase: bytes
) -> None:
    """The end of the line does not belong to it, everything else does."""
    (tmp_path / "p").write_bytes(content)
    assert read_passphrase(tmp_path / "p") == passphrase


def test_a_file_without_one_is_explained(tmp_path: Path) -> None:
    """A missing file and an empty first line are named."""
    with pytest.raises(IdentityError, match="p cannot be read: No such file"):
        read_passphrase(tmp_path / "p")
    (tmp_path / "p").write_bytes(b"\nsecret\n")
    with pytest.raises(IdentityError, match="p is empty"):
        read_passphrase(tmp_path / "p")


def test_a_file_is_read_once_and_only_when_somebody_asks(tmp_path: Path) -> None:
    """A missing file is no error while no key is encrypted, and the answer is remembered."""
    ask = passphrase_from(tmp_path / "p")
    assert ask is not None
    (tmp_path / "p").write_bytes(b"secret")
    assert ask() == b"secret"
    (tmp_path / "p").unlink()
    assert ask() == b"secret"


def test_a_person_at_the_terminal_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file a person is asked, when there is one and when it is allowed."""
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "secret"

    monkeypatch.setattr(getpass, "getpass", answer)
    assert passphrase_from(None) is None
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert passphrase_from(None, no_input=True) is None
    ask = passphrase_from(None)
    assert ask is not None
    assert (ask(), ask()) == (b"secret", b"secret")
    assert len(asked) == 1


def test_one_that_is_chosen_comes_from_a_file_or_is_typed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that differ are refused, and so is nobody at all."""
    (tmp_path / "p").write_bytes(b"secret\n")
    choose = partial(chosen_passphrase, no_input=False, of="the backup", option="--x")
    assert choose(tmp_path / "p") == b"secret"
    with pytest.raises(UsageError, match="there is no passphrase for the backup") as refused:
        choose(None)
    assert "--x" in refused.value.hint
    answers = iter(("gr\u00fcn", "gr\u00fcn", "one", "other"))
    prompts: list[str] = []

    def answer(prompt: str) -> str:
        prompts.append(prompt)
        return next(answers)

    monkeypatch.setattr(getpass, "getpass", answer)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert choose(None) == "gr\u00fcn".encode()
    assert prompts == ["New passphrase of the backup: ", "The same again: "]
    with pytest.raises(UsageError, match="differ"):
        choose(None)
    with pytest.raises(UsageError, match="there is no passphrase"):
        choose(None, no_input=True)
