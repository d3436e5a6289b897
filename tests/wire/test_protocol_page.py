"""PROTOCOL.md says what the code does: its tables, its bounds and the bytes of its example."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias, get_args

import msgspec
import pytest
from msgspec import inspect

import secure_chat.wire
from secure_chat.limits import Limits
from secure_chat.wire.codec import encode, tag_of
from secure_chat.wire.connection import Connection, PeerClosed
from secure_chat.wire.messages import (
    PROTOCOL_VERSION,
    Attached,
    Chunk,
    Code,
    Content,
    ContentKind,
    Format,
    FromClient,
    FromHost,
    Measure,
    Piece,
    Ping,
    Pong,
    RoomInfo,
    Seal,
    Sealed,
    Sent,
)
from secure_chat.wire.messages import Person as PersonInfo
from secure_chat.wire.states import TRANSITIONS, Role, State
from tests.wire.examples import kinds_of

Row: TypeAlias = list[str]
Frame: TypeAlias = tuple[Role, dict[str, object], bytes]

PAGE = (Path(secure_chat.wire.__path__[0]) / "PROTOCOL.md").read_text(encoding="utf-8")
STRUCTS: dict[str, type[msgspec.Struct]] = {
    kind.__name__.lower(): kind
    for kind in (
        *get_args(FromClient),
        *get_args(FromHost),
        PersonInfo,
        RoomInfo,
        Content,
        Attached,
    )
}
SIMPLE: dict[type[inspect.Type], str] = {
    inspect.BoolType: "bool",
    inspect.NoneType: "nil",
    inspect.BytesType: "bytes",
}
KINDS = {2**53: "count", 2**63 - 1: "seq", 128: "word", 1024: "line", None: "text"}


def section(title: str) -> str:
    """Return what stands under a heading, up to the next one of the same rank or a higher one."""
    rank = len(title) - len(title.lstrip("#"))
    found = re.search(rf"(?ms)^{re.escape(title)}\n(.*?)(?=^#{{1,{rank}}} |\Z)", PAGE)
    assert found, f"PROTOCOL.md has no {title}"
    return found[1]


def rows(text: str) -> list[Row]:
    """Return the cells of a table without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def bare(cell: str) -> str:
    """Return a cell without its code marks."""
    return cell.strip("`")


# --- states --------------------------------------------------------------------------------


def state_table() -> Iterator[Row]:
    """Write the rows of the state table as the code has them."""
    for role, union in ((Role.HOST, FromHost), (Role.CLIENT, FromClient)):
        for kind in get_args(union):
            after = [TRANSITIONS.get((role, state, kind)) for state in State]
            cells = ["·" if state is None else state.name for state in after]
            yield [str(role), f"`{tag_of(kind)}`", *cells]


def test_the_state_table_is_the_codes() -> None:
    """Every end, type and state of the page is as in the code, in the code's order."""
    assert rows(section("## States")) == list(state_table())


# --- messages ------------------------------------------------------------------------------


def kind_in_words(kind: inspect.Type) -> str:
    """Name the type of a field as the page does."""
    match kind:
        case inspect.IntType(le=most) | inspect.StrType(max_length=most):
            words = KINDS[most]
        case inspect.ListType(item_type=item):
            words = f"list of {kind_in_words(item)}"
        case inspect.StructType(cls=cls):
            words = cls.__name__.lower()
        case inspect.UnionType(types=types):
            words = " or ".join(map(kind_in_words, types))
        case _:
            words = SIMPLE[type(kind)]
    return words


def default_in_words(field: inspect.Field) -> str:
    """Name what an absent field counts as, in the page's words."""
    if field.required:
        return "required"
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    words = json.dumps(value)
    return {"null": "nil", "true": "true", "false": "false"}.get(words, f"`{words}`")


@pytest.mark.parametrize("name", STRUCTS)
def test_the_fields_of_a_message_are_the_codes(name: str) -> None:
    """Each message has its heading, and its table names each field, kind and absent value."""
    described = inspect.type_info(STRUCTS[name])
    assert isinstance(described, inspect.StructType)
    expected = [
        [f"`{field.encode_name}`", kind_in_words(field.type), default_in_words(field)]
        for field in described.fields
    ]
    found = rows(section(f"#### `{name}`"))
    assert [row[:3] for row in found] == expected
    assert all(row[3] for row in found), "a field without a meaning"


def test_the_page_describes_no_message_that_there_is_not() -> None:
    """Each message stands once, under the end that may send it."""

    def named(title: str) -> list[str]:
        return re.findall(r"^#### `(\w+)`$", section(title), re.MULTILINE)

    both = kinds_of(Role.HOST) & kinds_of(Role.CLIENT)
    assert sorted(named("### From both ends")) == sorted(map(tag_of, both))
    assert sorted(named("### From the client")) == sorted(map(tag_of, kinds_of(Role.CLIENT) - both))
    assert sorted(named("### From the host")) == sorted(
        [*map(tag_of, kinds_of(Role.HOST) - both), "person", "roominfo"]
    )
    assert named("## Contents") == ["content", "attached"]


def test_the_page_is_of_this_version() -> None:
    """The title names the version that the code speaks."""
    assert PAGE.startswith(f"# The securechat protocol, version {PROTOCOL_VERSION}\n")


# --- codes and bounds ----------------------------------------------------------------------


def test_the_codes_are_the_codes() -> None:
    """Every code of the vocabulary stands in the table once, and no other."""
    assert [bare(row[0]) for row in rows(section("## Codes"))] == [str(code) for code in Code]


def test_the_acts_are_the_codes() -> None:
    """Every act of an operator stands in the table once, and no other."""
    assert [bare(row[0]) for row in rows(section("## Operators"))] == [str(act) for act in Measure]


def test_the_kinds_and_formats_of_contents_are_the_codes() -> None:
    """Every word that a content may have stands in its table once, and no other."""
    kinds, formats = section("### Kinds").split("| format |", maxsplit=1)
    assert [words(row[0]) for row in rows(kinds)] == [str(kind) for kind in ContentKind]
    assert [words(row[0]) for row in rows(f"| format |{formats}")] == [str(one) for one in Format]


def words(cell: str) -> str:
    """Return the word of a cell, which may be the empty one."""
    return "" if cell == "(empty)" else bare(cell)


def test_what_a_kind_has_is_a_field_of_contents() -> None:
    """The columns of the table of kinds name fields that there are."""
    fields = set(Content.__struct_fields__) - {"kind"}
    for row in rows(section("### Kinds").split("| format |", maxsplit=1)[0]):
        assert set(re.findall(r"`(\w+)`", f"{row[2]} {row[3]}")) <= fields


def test_what_ends_an_upload_is_a_code_of_errors() -> None:
    """The table of what to do names codes of the vocabulary that an error may carry."""
    errors = {bare(row[0]) for row in rows(section("## Codes")) if "error" in row[1]}
    named = [re.findall(r"`([a-z-]+)`", row[0]) for row in rows(section("## Files"))]
    assert len(named) > 5
    assert {code for codes in named for code in codes} <= errors


def test_the_bounds_are_the_codes() -> None:
    """Every bound on the page has the value that the code has."""
    found = {bare(row[0]): float(row[1]) for row in rows(section("## Bounds and times"))}
    assert found == {name: float(getattr(Limits(), name)) for name in found}


def test_every_bound_that_the_page_speaks_of_is_in_its_table() -> None:
    """A name that looks like a bound is one of the table's or of a field."""
    bounds = {bare(row[0]) for row in rows(section("## Bounds and times"))}
    fields = {bare(row[0]) for name in STRUCTS for row in rows(section(f"#### `{name}`"))}
    spoken = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE))
    assert spoken <= bounds | fields


# --- the example ---------------------------------------------------------------------------


def example() -> list[Frame]:
    """Read the session of the page: who speaks, the map, and the bytes."""
    found = re.search(r"^```session\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found, "PROTOCOL.md has no session"
    frames: list[Frame] = []
    for block in found[1].strip().split("\n\n"):
        head, *dump = block.splitlines()
        speaker, _, fields = head.partition(": ")
        frames.append((Role(speaker), json.loads(fields), bytes.fromhex("".join(dump))))
    return frames


def test_the_bytes_of_the_example_are_what_the_code_says_and_hears() -> None:
    """Each frame decodes to the map above it, is legal when it comes, and encodes to the same."""
    ends = {role: Connection(role, Limits()) for role in Role}
    for speaker, fields, data in example():
        listener = ends[speaker.peer]
        listener.receive_data(data)
        heard = listener.events()
        union = FromHost if speaker is Role.HOST else FromClient
        message = msgspec.convert(fields, union)
        if isinstance(message, Ping | Pong):
            assert heard == []
        elif fields["t"] == "close":
            assert heard == [PeerClosed(str(fields["code"]), str(fields["text"]))]
        else:
            assert heard == [message]
        # A pong has been queued by the ping before it: the ends answer by themselves.
        if not isinstance(message, Pong):
            ends[speaker].send(message)
        assert ends[speaker].data_to_send() == [data]
        assert msgspec.to_builtins(message) == fields
        assert encode(message) == data
    assert all(end.state is State.CLOSED for end in ends.values())


def test_the_example_shows_a_whole_session() -> None:
    """Both ends speak, it opens and closes in order, and a text is more than ASCII."""
    tags = [fields["t"] for _, fields, _ in example()]
    assert tags[:3] == ["greeting", "hello", "welcome"]
    assert tags[-1] == "close"
    assert {"say", "ack", "said", "live", "ping", "pong", "error"} <= set(tags)
    assert any(not str(fields.get("text", "")).isascii() for _, fields, _ in example())


def test_the_example_sends_a_file_that_is_what_its_hash_says() -> None:
    """What goes up and what comes down is the same, and both ends name its true hash and size."""
    heard = [message for _, message in example_messages()]
    up = b"".join(message.data for message in heard if isinstance(message, Chunk))
    down = b"".join(message.data for message in heard if isinstance(message, Piece))
    assert up == down != b""
    ends = [message for message in heard if isinstance(message, Seal | Sealed | Sent)]
    assert {type(end) for end in ends} == {Seal, Sealed, Sent}
    assert {(end.size, end.sha256) for end in ends} == {(len(up), sha256(up).hexdigest())}


def example_messages() -> Iterator[tuple[Role, FromClient | FromHost]]:
    """Read the messages of the page's session and who says each."""
    for speaker, fields, _ in example():
        if speaker is Role.HOST:
            yield speaker, msgspec.convert(fields, FromHost)
        else:
            yield speaker, msgspec.convert(fields, FromClient)
