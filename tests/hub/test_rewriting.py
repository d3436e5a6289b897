"""What edits and deletions do, live and to whoever catches up."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_chat.hub.commands import Command, Deliver, Feed, Send
from secure_chat.hub.events import Lost, Received, Uploaded
from secure_chat.hub.rewriting import Rewriting
from secure_chat.hub.tail import Tail, weight
from secure_chat.limits import Limits
from secure_chat.wire.messages import Ack, Attached, Content, Error, Hello, Said, Say
from tests.hub.stage import AT, Stage, said

FILE = Attached("u", "a.txt", "text/plain", 5, "ab" * 32)


def ready(limits: Limits | None = None) -> Stage:
    """Return a stage with alice on 1 and bob on 2 and uploads of alice; the log's head is 2."""
    stage = Stage(limits=limits)
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    stage.hub.uploaded(Uploaded("alice", "u", 5, "ab" * 32))
    stage.hub.uploaded(Uploaded("alice", "s", 0, ""))
    return stage


def say(ident: str, text: str, content: Content | None = None, *, to: str | None = None) -> Say:
    """Return something said in the lobby, or to a person."""
    return Say(ident, text, None if to else "lobby", to, content)


def code_of(commands: list[Command]) -> str:
    """Return the code of the only error, which is the only command."""
    (command,) = commands
    assert isinstance(command, Send)
    assert isinstance(command.message, Error)
    return command.message.code


def caught_up(stage: Stage, cursor: int = 2, name: str = "carol") -> list[Said]:
    """Return what somebody is fed who comes with this cursor."""
    (feed,) = (
        command
        for command in stage.enter(9, name, Hello(1, cursor=cursor))
        if isinstance(command, Feed)
    )
    assert feed.live
    stage.play(Lost(9, "bye"))
    return [message for message in feed.messages if isinstance(message, Said)]


def test_an_edit_is_delivered_as_itself_and_changes_what_it_is_about() -> None:
    """Who is there gets the edit; who comes later gets the new text, and then the edit."""
    stage = Stage()
    stage.enter(1, "alice")
    stage.enter(3, "carol")
    stage.receive(1, say("m", "teh cat"))
    content = Content("edit", format="markdown", of=3)
    edit = Said(4, AT + 4, "alice", "e", "the *cat*", "lobby", None, content)
    assert stage.receive(1, say("e", "the *cat*", content)) == [
        Send(1, Ack("e", 4, AT + 4)),
        Deliver((1, 3), (edit,), 4),
    ]
    now = Content(format="markdown", edited=4)
    assert caught_up(stage, name="carol") == [
        Said(3, AT + 3, "alice", "m", "the *cat*", "lobby", None, now),
        edit,
    ]


def test_an_edit_of_a_caption_keeps_the_file_and_what_was_answered() -> None:
    """Only text, format and language are new, and the last edit counts."""
    stage = ready()
    stage.receive(2, say("q", "which one?"))
    stage.receive(1, say("m", "thsi", Content("file", reply=3, file=FILE)))
    stage.receive(1, say("e", "this", Content("edit", of=4)))
    stage.receive(1, say("f", "x = 1", Content("edit", format="code", lang="python", of=4)))
    stage.receive(1, say("n", "next"))
    now = Content("file", "code", "python", reply=3, file=FILE, edited=6)
    assert stage.log.heard("bob", 3)[0].content == now
    assert [m.text for m in caught_up(stage, 2, "bob")][:3] == ["which one?", "x = 1", "this"]
    assert caught_up(stage, 3, "alice")[0] == said_of(4, "m", "x = 1", now)


def said_of(seq: int, ident: str, text: str, content: Content) -> Said:
    """Return what alice said in the lobby."""
    return Said(seq, AT + seq, "alice", ident, text, "lobby", None, content)


def test_a_deletion_leaves_nothing_of_a_message_and_its_edits() -> None:
    """Neither text nor file nor name, for whoever comes later; the deletion itself is told."""
    stage = ready()
    stage.receive(1, say("m", "secret", Content("file", file=FILE)))
    stage.receive(1, say("e", "secret too", Content("edit", of=3)))
    stage.receive(1, say("d", "", Content("deletion", of=3)))
    gone = Content("deleted", of=5)
    assert caught_up(stage, 2, "bob") == [
        said_of(3, "m", "", gone),
        said_of(4, "e", "", gone),
        said_of(5, "d", "", Content("deletion", of=3)),
    ]


def test_a_deleted_stream_takes_its_end_with_it() -> None:
    """The end names the same bytes, so nothing of it may stay either."""
    stage = ready()
    stage.receive(1, say("s", "", Content("stream", file=Attached("s", "log"))))
    stage.hub.uploaded(Uploaded("alice", "s", 9, "cd" * 32))
    stage.receive(1, say("end", "", Content("stream-end", of=3, file=Attached("s", "log"))))
    stage.receive(1, say("d", "", Content("deletion", of=3)))
    kinds = [m.content.kind for m in caught_up(stage, 2, "bob") if m.content]
    assert kinds == ["deleted", "deleted", "deletion"]


def test_a_taken_back_reaction_is_gone_and_its_message_is_not() -> None:
    """A reaction is a message of its own."""
    stage = ready()
    stage.receive(1, say("m", "hello"))
    stage.receive(2, say("r", "\U0001f44d", Content("reaction", of=3)))
    stage.receive(2, say("d", "", Content("deletion", of=4)))
    assert [m.text for m in caught_up(stage, 2, "alice")] == ["hello", "", ""]


@pytest.mark.parametrize(
    ("conn", "asked"),
    [
        (1, say("x", "+1", Content("reaction", of=99))),
        (2, say("x", "mine now", Content("edit", of=3))),
        (2, say("x", "", Content("deletion", of=3))),
        (1, say("x", "elsewhere", Content("edit", of=3), to="bob")),
        (1, say("x", "", Content("stream-end", of=3, file=FILE))),
    ],
)
def test_what_is_about_no_message_that_one_could_do_this_with(conn: int, asked: Say) -> None:
    """The log says that there is none, the author is told, and nobody else hears of it."""
    stage = ready()
    stage.receive(1, say("m", "hello"))
    assert code_of(stage.receive(conn, asked)) == "no-message"
    assert stage.log.head == 3
    assert [m.text for m in caught_up(stage, 2, "bob")] == ["hello"]


def test_an_edit_that_comes_again_is_acknowledged_and_changes_nothing() -> None:
    """A later edit stands, whatever arrives twice."""
    stage = ready()
    stage.receive(1, say("m", "one"))
    stage.receive(1, say("e", "two", Content("edit", of=3)))
    stage.receive(1, say("f", "three", Content("edit", of=3)))
    again = stage.receive(1, say("e", "two", Content("edit", of=3)))
    assert again == [Send(1, Ack("e", 4, AT + 4))]
    assert caught_up(stage, 2, "bob")[0].text == "three"


def test_an_edit_and_a_deletion_in_one_batch_leave_nothing() -> None:
    """Whichever order the tail is looked through in."""
    stage = ready()
    stage.receive(1, say("m", "one"))
    stage.receive(
        1, say("e", "two", Content("edit", of=3)), say("d", "", Content("deletion", of=3))
    )
    assert [m.text for m in caught_up(stage, 2, "bob")] == ["", "", ""]


def test_an_edit_is_not_held_for_longer_than_any_other_message() -> None:
    """Once the tail has let them go, the hub holds as little of one as of the other."""
    stage = ready(Limits(messages_per_second=0, tail_entries=1))
    plain, edit = "this is plain " * 3, "this is an edit " * 3
    stage.receive(1, say("m", plain))
    stage.receive(1, say("e", edit, Content("edit", of=3)))
    stage.receive(1, say("n", "next"))
    stage.receive(1, say("o", "one more"))
    assert sys.getrefcount(edit) == sys.getrefcount(plain)


def test_the_weight_of_the_tail_follows_what_is_rewritten() -> None:
    """Else a message that was deleted would push younger ones out, or a longer one none."""
    long, short = said(1, "alice", "x" * 5_000, room="r"), said(3, "alice", "z", room="r")
    tail = Tail(0, Limits(tail_bytes=weight(long) + 2_000))
    deletion = said(2, "alice", "", room="r", content=Content("deletion", of=1))
    tail.append(long)
    tail.append(deletion)
    rewriting = Rewriting()
    assert not rewriting
    rewriting.add(deletion, deletion.content or Content())
    assert rewriting
    tail.rewrite(rewriting)
    rewriting.clear()
    assert not rewriting
    tail.append(said(3, "alice", "y" * 4_000, room="r"))
    tail.trim()
    assert tail.covers(0)
    edit = said(4, "alice", "z" * 5_000, room="r", content=Content("edit", of=1))
    assert rewriting.apply(short) is short
    rewriting.add(edit, edit.content or Content())
    tail.append(edit)
    tail.trim()
    assert not tail.covers(1)


def test_the_name_of_a_file_weighs_at_its_worst() -> None:
    """And so does everything else that a content can hold."""
    plain = said(1, "alice", "x", room="lobby")
    bare = said(1, "alice", "x", room="lobby", content=Content(format="code"))
    named = said(1, "alice", "x", room="lobby", content=Content("file", file=FILE))
    assert weight(plain) + 500 < weight(bare)
    assert weight(named) == weight(bare) + 4 * len("a.txt")


OF = st.integers(3, 14)
ACTS = st.one_of(
    st.just(("hello", None)),
    st.just(("see", Content("file", reply=3, file=FILE))),
    st.just(("", Content("stream", file=Attached("s", "log")))),
    st.builds(lambda of: ("+1", Content("reaction", of=of)), OF),
    st.builds(lambda of: ("better", Content("edit", format="markdown", of=of)), OF),
    st.builds(lambda of: ("", Content("deletion", of=of)), OF),
    st.builds(lambda of: ("", Content("stream-end", of=of, file=Attached("s", "log"))), OF),
)
SAYS = st.lists(st.tuples(st.sampled_from([1, 1, 1, 2]), ACTS, st.booleans()), max_size=24)


@settings(max_examples=300, deadline=None)
@given(SAYS, st.integers(2, 14))
def test_the_tail_says_what_the_log_says(
    acts: list[tuple[int, tuple[str, Content | None], bool]], cursor: int
) -> None:
    """Whatever was edited and deleted, in batches of any size: catching up is as if read anew."""
    stage = ready()
    batch: list[Received] = []
    for number, (conn, (text, content), flush) in enumerate(acts):
        if content is not None and content.kind.startswith("stream"):
            sha256 = "" if content.kind == "stream" else "cd" * 32
            stage.play(*batch)
            batch.clear()
            stage.hub.uploaded(Uploaded("alice", "s", len(sha256), sha256))
        batch.append(Received(conn, (say(f"m{number}", text, content),)))
        if flush:
            stage.play(*batch)
            batch.clear()
    stage.play(*batch)
    cursor = min(cursor, stage.log.head)
    assert caught_up(stage, cursor, "bob") == stage.log.heard("bob", cursor)
