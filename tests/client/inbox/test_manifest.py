"""Of a received list of files nothing is believed that cannot be true or could do harm."""

from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import replace as other

from secure_chat.client.inbox.layout import lay_out
from secure_chat.client.inbox.manifest import File, Manifest, read_manifest, write_manifest
from secure_chat.errors import Exit, TransferError
from secure_chat.limits import Limits
from tests.client.inbox.hostile import REFUSED_TREES, TAMED_TREES
from tests.client.inbox.trees import manifest_of

LIMITS: Final = Limits()
HASH: Final = "0" * 64


def raw(**changes: object) -> dict[str, Any]:
    """Return a manifest as it travels, with something changed."""
    file = {"type": "file", "path": "a", "size": 3, "sha256": HASH, "up": "u1"}
    return {"name": "tree", "size": 3, "entries": [file], "version": 1} | changes


def with_file(**changes: object) -> dict[str, Any]:
    """Return a manifest whose only file has something changed."""
    return raw(entries=[raw()["entries"][0] | changes])


def test_a_manifest_comes_back_as_it_was_written() -> None:
    """Files, empty folders, and who can run what."""
    manifest = manifest_of(["a/b", "!c", "empty/", "Grüße"])
    read = read_manifest(write_manifest(manifest, LIMITS), LIMITS)
    assert read == manifest
    assert [file.path for file in read.files] == ["a/b", "c", "Grüße"]
    assert read.files[1].executable
    assert not read.files[0].executable


def test_a_plain_one_is_taken() -> None:
    """What the refused ones are changes of is fine itself."""
    assert read_manifest(msgpack.encode(raw()), LIMITS) == Manifest(
        "tree", 3, (File("a", 3, HASH, "u1"),)
    )


def test_an_empty_folder_is_a_folder() -> None:
    """It has neither files nor bytes."""
    empty = Manifest("tree", 0, ())
    assert read_manifest(write_manifest(empty, LIMITS), LIMITS) == empty


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "form"),
        (b"\xc1", "form"),
        (b"\x81\xa4name\xa1\xff", "form"),
        (msgpack.encode([1, 2]), "form"),
        (msgpack.encode(raw()) + b"\0", "form"),
        (msgpack.encode(raw())[:-1], "form"),
        (b"\x91" * 100_000, "form"),
        (b"\x81\xa7version" + b"\x91" * 100_000, "form"),
        (msgpack.encode(raw(version=2)), "its version is 2"),
        (msgpack.encode({"version": 7, "anything": []}), "its version is 7"),
        (msgpack.encode(raw(surprise=1)), "form"),
        (msgpack.encode(with_file(surprise=1)), "form"),
        (msgpack.encode(with_file(type="link")), "form"),
        (msgpack.encode(with_file(size=-1)), "form"),
        (msgpack.encode(with_file(size=2**53 + 1)), "form"),
        (msgpack.encode(with_file(size=3.0)), "form"),
        (msgpack.encode(with_file(sha256=HASH.upper().replace("0", "A"))), "form"),
        (msgpack.encode(with_file(sha256=HASH[1:])), "form"),
        (msgpack.encode(with_file(sha256=HASH + "\n")), "form"),
        (msgpack.encode(with_file(up="")), "form"),
        (msgpack.encode(with_file(up="../x")), "form"),
        (msgpack.encode(with_file(up="u" * 65)), "form"),
        (msgpack.encode(with_file(executable=1)), "form"),
        (msgpack.encode(raw(size=4)), "do not add up"),
        (msgpack.encode(raw(name="n" * 2_000)), "its name has more than"),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes, why: str) -> None:
    """By one error with our own words, and the exit code of a transfer."""
    with pytest.raises(TransferError, match="list of files cannot be used") as caught:
        read_manifest(data, LIMITS)
    assert why in caught.value.why
    assert caught.value.exit_code is Exit.INCOMPLETE


@pytest.mark.parametrize("paths", REFUSED_TREES)
def test_each_hostile_tree_is_refused(paths: tuple[str, ...]) -> None:
    """On reading, and nobody of ours writes one either."""
    manifest = manifest_of(paths)
    with pytest.raises(TransferError, match=r"cannot be (?:used|taken as it is listed)"):
        read_manifest(msgpack.encode(manifest), LIMITS)
    with pytest.raises(TransferError):
        write_manifest(manifest, LIMITS)


@pytest.mark.parametrize(("paths", "places"), TAMED_TREES)
def test_each_strange_tree_lands_under_harmless_names(
    paths: tuple[str, ...], places: tuple[str, ...]
) -> None:
    """Those that only become the same by it get numbers, so nothing is lost."""
    members = [(path.rstrip("/"), not path.endswith("/")) for path in paths]
    assert ["/".join(place) for place in lay_out(members, LIMITS)] == [
        place.rstrip("/") for place in places
    ]
    manifest = manifest_of(paths)
    assert read_manifest(write_manifest(manifest, LIMITS), LIMITS) == manifest


def test_one_upload_is_one_content() -> None:
    """Two equal files may share an upload, two different ones may not."""
    one, two = File("a", 1, HASH, "u"), File("b", 1, HASH, "u")
    assert read_manifest(msgpack.encode(Manifest("t", 2, (one, two))), LIMITS).files == (one, two)
    for wrong in (other(two, sha256="1" * 64), other(two, size=2)):
        manifest = Manifest("t", one.size + wrong.size, (one, wrong))
        with pytest.raises(TransferError, match="two different files are the same upload"):
            read_manifest(msgpack.encode(manifest), LIMITS)


def test_every_bound_holds() -> None:
    """At each limit it is taken, one beyond it is refused."""
    data = write_manifest(manifest_of(["a", "b", "c/d/e"]), LIMITS)
    read_manifest(data, replace(LIMITS, manifest_bytes=len(data), manifest_entries=3))
    for bound in ("manifest_bytes", "manifest_entries", "folder_depth", "path_bytes"):
        limits = replace(
            LIMITS, **{bound: {"manifest_bytes": len(data) - 1, "path_bytes": 4}.get(bound, 2)}
        )
        with pytest.raises(TransferError):
            read_manifest(data, limits)


def test_too_many_entries_are_refused_before_the_first_is_made() -> None:
    """The list says itself how many it has; a lie about that is no list."""
    entries = b"\xdd\xff\xff\xff\xff"
    data = b"\x84\xa4name\xa1t\xa4size\0\xa7version\1\xa7entries" + entries
    with pytest.raises(TransferError, match="cannot be used"):
        read_manifest(data, LIMITS)
    many = msgpack.encode(raw(size=0, entries=[{"type": "folder", "path": "a"}] * 4))
    with pytest.raises(TransferError, match="form"):
        read_manifest(many, replace(LIMITS, manifest_entries=3))


def test_members_that_all_come_to_one_name_are_bounded() -> None:
    """The numbers behind a name end, and finding them does not begin at the first every time."""
    limits = replace(LIMITS, name_numbers=50)
    members = [("\u200b" * number, True) for number in range(1, 51)]
    assert lay_out(members, limits)[-1] == ("file (50)",)
    with pytest.raises(TransferError, match="come to the same"):
        lay_out([*members, ("\u200c", True)], limits)


def test_what_is_no_text_cannot_be_written() -> None:
    """Half a character is refused with our error."""
    with pytest.raises(TransferError, match="not valid Unicode"):
        write_manifest(Manifest("\ud800", 0, ()), LIMITS)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but our own error comes out."""
    with suppress(TransferError):
        assert read_manifest(data, LIMITS).version == 1


@given(st.lists(st.text(st.sampled_from("aAb./\\ \u200b\u0301é"), max_size=8), max_size=6))
def test_whatever_tree_is_listed_no_two_members_land_on_one(paths: list[str]) -> None:
    """And none of them is a file where another needs a folder."""
    try:
        places = lay_out([(path, True) for path in paths], LIMITS)
    except TransferError:
        return
    assert len({"/".join(place).casefold() for place in places}) == len(paths)
    for place in places:
        assert not any(place[:depth] in places for depth in range(1, len(place)))
