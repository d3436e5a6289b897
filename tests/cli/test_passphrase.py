"""Where a passphrase comes from."""

import getpass
import sys
from pathlib import Path

import pytest

from secure_chat.cli.passphrase import passphrase_from, read_passphrase
from secure_chat.errors import IdentityError


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
