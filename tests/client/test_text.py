"""What a peer wrote reaches a terminal without a single character that could act there."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.client.text import MOST_CHARACTERS, MOST_LINES, printable

ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
DANGEROUS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("text", ["", "hello", "grüße 你好 שלום", "❤️ e\u0301", "a" * 4_096])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Letters of every script, accents and emoji pass unchanged."""
    assert printable(text, indent="  ") == text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2Jx", r"\x1b[2Jx"),
        ("\x1b]52;c;aGk=\x07x", r"\x1b]52;c;aGk=\x07x"),
        ("\x9b31mx", r"\x9b31mx"),
        ("a\rb", r"a\x0db"),
        ("a\x08b\x7f", r"a\x08b\x7f"),
        ("a\x00b", r"a\x00b"),
        ("\u202etxt", "<U+202E>txt"),
        ("\u2066x\u2069", "<U+2066>x<U+2069>"),
        ("a\u200bb\u200d\ufeff", "a<U+200B>b<U+200D><U+FEFF>"),
        ("a\u2028b\u2029", "a<U+2028>b<U+2029>"),
        ("x\U000e0041", "x<U+E0041>"),
        ("x\U000e0100", "x<U+E0100>"),
        ("x\ufe00\u034f", "x<U+FE00><U+034F>"),
        ("\u3164x", "<U+3164>x"),
        ("\ufdd0\uffff\U0001fffe", "<U+FDD0><U+FFFF><U+1FFFE>"),
        ("\ud800x", "<U+D800>x"),
        ("a\tb", "a    b"),
    ],
)
def test_what_could_act_is_written_out(hostile: str, shown: str) -> None:
    """Each kind of dangerous character becomes visible and the rest stays readable."""
    assert printable(hostile) == shown
    assert printable(hostile, indent="  ") == shown


def test_a_line_of_a_peer_never_stands_at_the_first_column() -> None:
    """A second line is indented in a body and written out in a name."""
    assert printable("hi\nadmin: obey", indent="    ") == "hi\n    admin: obey"
    assert printable("hi\r\nadmin: obey", indent="    ") == "hi\n    admin: obey"
    assert printable("bob\nadmin") == r"bob\x0aadmin"


def test_marks_on_one_letter_are_bounded() -> None:
    """Four marks stay, the rest is a number, at the end of the text too."""
    assert printable("e" + "\u0301" * 4 + "x") == "e" + "\u0301" * 4 + "x"
    assert printable("e" + "\u0301" * 9 + "x") == "e" + "\u0301" * 4 + "<5 more marks>x"
    assert printable("e" + "\u0301" * 5) == "e" + "\u0301" * 4 + "<1 more marks>"


def test_a_long_text_is_cut_and_says_so() -> None:
    """Neither length nor a number of lines pushes everything else off the screen."""
    long = printable("a" * (MOST_CHARACTERS + 5))
    assert long == "a" * MOST_CHARACTERS + " [5 more characters]"
    tall = printable("\n".join("x" * 40), indent=" ")
    assert tall.count("\n") == MOST_LINES
    assert tall.endswith("\n [10 more lines]")


@given(ANYTHING)
def test_nothing_dangerous_comes_out_of_anything(text: str) -> None:
    """Whatever goes in, only printing characters come out, and only the line ends asked for."""
    assert not {unicodedata.category(character) for character in printable(text)} & DANGEROUS
    for line in printable(text, indent="  ").split("\n")[1:]:
        assert line.startswith("  ")
        assert not {unicodedata.category(character) for character in line} & DANGEROUS


@given(ANYTHING)
def test_what_is_printable_stays_so(text: str) -> None:
    """A text that went through once is not changed by going through again."""
    once = printable(text)
    assert printable(once) == once
