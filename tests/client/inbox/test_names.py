"""No name that somebody sends leads elsewhere, means more than letters, or deceives."""

import re
import unicodedata
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secure_chat.client.inbox.names import NAMELESS, key, numbered, safe_name, safe_path
from secure_chat.errors import TransferError
from secure_chat.limits import Limits
from tests.client.inbox.hostile import NAMES, PATHS, REFUSED_PATHS, REFUSED_TREES, TAMED_TREES

MOST_BYTES: Final = Limits().name_bytes
# Made for this test alone, from what the systems' own documents keep for themselves.
RESERVED: Final = re.compile(
    r"(?:con|prn|aux|nul|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$|clock\$) *(?:\..*)?",
    re.IGNORECASE,
)
MAGIC: Final = {"desktop.ini", "thumbs.db", "autorun.inf", ".ds_store", "folder.htt", "$mft"}
HOSTILE: Final = st.text(
    st.one_of(
        st.characters(codec=None, exclude_categories=()),
        st.sampled_from('./\\:*?"<>|~- \x00\x1b\u202e\u200b\u0301\u0323\u0344aACcOoNn19\u00b9$'),
    ),
    max_size=300,
)


def is_harmless(name: str) -> bool:
    """Tell whether a name is one part of a path that no system reads as anything else."""
    return (
        0 < len(name.encode()) <= MOST_BYTES
        and not set(name) & set('<>:"/\\|?*')
        and not name.startswith((".", "-", "~", " "))
        and not name.endswith((".", " "))
        and not RESERVED.fullmatch(name)
        and name.lower() not in MAGIC
        and unicodedata.is_normalized("NFC", name)
        and not any(
            unicodedata.category(character)[0] == "C"
            or unicodedata.category(character) in {"Zl", "Zp"}
            for character in name
        )
    )


def test_the_corpus_is_large() -> None:
    """It has names and trees of every kind, and none of them twice."""
    names = [suggested for suggested, _ in NAMES]
    assert len(set(names)) == len(names) >= 90
    assert len(REFUSED_TREES) + len(TAMED_TREES) >= 40


@pytest.mark.parametrize(("suggested", "expected"), NAMES)
def test_each_hostile_name_becomes_a_harmless_one(suggested: str, expected: str) -> None:
    """It is exactly the one that the corpus expects, and stays so."""
    name = safe_name(suggested)
    assert name == expected
    assert is_harmless(name)
    assert safe_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("photo.png", "Grüße an alle.txt", "读我.md", "שלום.txt", "a (2).tar.gz", "v1.2-rc~1"),
        *("CONSOLE", "com10", "a..b", "😀.gif", "it's & that; $HOME %PATH%", "_CON", "x" * 200),
    ],
)
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    """Letters of every script, blanks, dots and emoji within it pass."""
    assert safe_name(name) == name


@given(HOSTILE)
@example("\u01d8\u200b\u0323\u0301\u0301")
@example("CON" + "." * 300 + "x")
@example(". -~.CON ")
def test_whatever_is_suggested_the_name_is_harmless(suggested: str) -> None:
    """It is one short part that nothing is kept for, and its own safe name."""
    name = safe_name(suggested)
    assert is_harmless(name)
    assert safe_name(name) == name


@given(HOSTILE, st.integers(2, 10_000))
def test_a_number_leaves_a_name_harmless_and_makes_it_another(suggested: str, number: int) -> None:
    """With its number a name still fits a file system, with our own ending behind it."""
    name = safe_name(suggested)
    other = numbered(name, number)
    assert key(other) != key(name)
    assert f" ({number})" in other
    assert is_harmless(other) or len(other.encode()) > MOST_BYTES
    assert len(other.encode()) + len(".part") <= 255
    assert numbered(name, 1) == name


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("a", "a (2)"),
        ("a.txt", "a (2).txt"),
        ("a.tar.gz", "a (2).tar.gz"),
        ("a.b.gz", "a.b (2).gz"),
        ("Dr. Who", "Dr. Who (2)"),
        ("a." + "x" * 40, "a." + "x" * 40 + " (2)"),
    ],
)
def test_the_number_stands_before_the_ending(name: str, second: str) -> None:
    """An ending that is too long or has blanks in it is none."""
    assert numbered(name, 2) == second


@pytest.mark.parametrize(
    ("one", "other"),
    [("a", "A"), ("\u00e4", "A\u0308"), ("stra\u00dfe", "STRASSE"), ("\u017f", "s")],
)
def test_what_some_file_system_takes_for_one_has_one_key(one: str, other: str) -> None:
    """Case and the way an accent is written do not count."""
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("a", "\u00e4"), ("a", "a ")])
def test_different_names_have_different_keys(one: str, other: str) -> None:
    """Nothing else is taken for the same."""
    assert key(one) != key(other)


@pytest.mark.parametrize(("suggested", "expected"), PATHS)
def test_a_path_becomes_safe_names(suggested: str, expected: tuple[str, ...]) -> None:
    """Both separators count, and what says nothing is left out."""
    assert safe_path(suggested, 4) == expected


@pytest.mark.parametrize("suggested", REFUSED_PATHS)
def test_a_path_that_leads_out_or_nowhere_is_refused(suggested: str) -> None:
    """Two dots are never just left out, however they are disguised; nor is depth cut."""
    with pytest.raises(TransferError, match="a path of the folder cannot be used"):
        safe_path(suggested, 4)


@given(HOSTILE)
def test_whatever_path_is_suggested_its_parts_are_harmless(suggested: str) -> None:
    """It is refused, or becomes harmless parts that become themselves again."""
    try:
        parts = safe_path(suggested, 8)
    except TransferError:
        return
    assert 0 < len(parts) <= 8
    assert all(map(is_harmless, parts))
    assert safe_path("/".join(parts), 8) == parts


def test_there_is_always_a_name() -> None:
    """What leaves nothing is called `file`."""
    assert safe_name("\u202e") == NAMELESS == "file"
