"""Text in columns: widths are counted as a terminal draws them."""

from hypothesis import given
from hypothesis import strategies as st

from secure_chat.handshakes.telling.columns import fitted, padded, width, wrapped

TEXT = st.text(st.sampled_from("ab é中文e\u0301 -"), max_size=60)


def test_wide_letters_take_two_columns_and_marks_none() -> None:
    """A table with names in Chinese stays a table."""
    assert [width(text) for text in ("abc", "中文", "e\u0301", "")] == [3, 4, 1, 0]


def test_what_is_too_long_is_cut_and_says_so() -> None:
    """A cut text ends in a dot-dot."""
    assert fitted("abcdef", 6) == "abcdef"
    assert fitted("abcdefg", 6) == "abcd.."
    assert fitted("中文中文", 6) == "中文.."
    assert padded("中文中文", 7) == "中文.. "
    assert padded("ab", 4, right=True) == "  ab"


def test_a_paragraph_is_broken_at_blanks_and_long_words_anywhere() -> None:
    """A fingerprint without blanks must not run out of the terminal."""
    assert list(wrapped("one two three", 7)) == ["one two", "three"]
    assert list(wrapped("abcdefgh ij", 3)) == ["abc", "def", "gh", "ij"]
    assert list(wrapped("中文中", 3)) == ["中", "文", "中"]
    assert list(wrapped("", 7)) == [""]


@given(TEXT, st.integers(2, 20))
def test_no_line_is_ever_too_wide_and_nothing_is_lost(text: str, columns: int) -> None:
    """Whatever stands in it."""
    lines = list(wrapped(text, columns))

    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert width(padded(text, columns)) == columns
