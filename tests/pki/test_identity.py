"""Who may be called what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.pki.identity import RESERVED_NAMES, is_name

GOOD = [
    "a",
    "7",
    "alice",
    "a.b",
    "a-b_c.d9",
    "x" * 32,
    "connie",
    "auxiliary",
    "com",
    "lpt",
    "com10",
]
BAD = [
    "",
    "Alice",
    "ALICE",
    "x" * 33,
    "a..b",
    "a.-b",
    ".a",
    "a.",
    "-a",
    "a-",
    "_a",
    "a_",
    "a b",
    "a\n",
    "a\x00",
    "\na",
    "älice",
    "аlice",  # noqa: RUF001 - the first letter is Cyrillic
    "a\u0660",
    "a\u202eb",
    "a/b",
    "..",
    "a\\b",
    "a@b",
    "a:b",
]


@pytest.mark.parametrize("text", GOOD)
def test_plain_names_are_names(text: str) -> None:
    """Lower-case ASCII letters and digits with single separators between them make a name."""
    assert is_name(text)


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_none(text: str) -> None:
    """Capitals, other scripts, paths, control characters and stray separators make no name."""
    assert not is_name(text)


@pytest.mark.parametrize("text", sorted(RESERVED_NAMES))
def test_reserved_names_and_devices_are_nobodys(text: str) -> None:
    """The program's own voice and the devices of Windows are nobody, with an ending either."""
    assert not is_name(text)
    assert not is_name(f"{text}.x")


def test_the_reserved_names_are_these() -> None:
    """Nobody can speak as the program, and no name is a device of Windows."""
    assert {"system", "host", "server", "admin", "all"} <= RESERVED_NAMES
    assert {"con", "prn", "aux", "nul", "com0", "com9", "lpt0", "lpt9"} <= RESERVED_NAMES


@given(st.text(max_size=40))
def test_a_name_is_always_safe_in_a_path_and_a_mailbox(text: str) -> None:
    """Whatever passes is short ASCII without anything a path, a shell or a mailbox reads."""
    if is_name(text):
        assert text.isascii()
        assert len(text) <= 32
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
        assert text[0] not in "._-"
        assert ".." not in text
