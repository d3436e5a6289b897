"""Alice says something that is more than plain text, and what became of it."""

from secure_chat.hub.commands import Command, Deliver, Send
from secure_chat.hub.events import Uploaded
from secure_chat.limits import Limits
from secure_chat.wire.messages import Ack, Attached, Content, Error, Said, Say
from tests.hub.stage import AT, Stage

__all__ = [
    "FILE",
    "LIMITS",
    "REFERRING",
    "RIGHT",
    "SHA",
    "STREAM",
    "error_of",
    "ready",
    "say",
    "stored",
]

SHA = "ab" * 32
LIMITS = Limits(messages_per_second=0, reaction_chars=4, lang_chars=6, json_depth=3)
FILE = Attached("u", "a.txt", "text/plain")
STREAM = Attached("s", "log")
PERSON = Attached("u", "bob.crt", "application/pkix-cert")
RIGHT = [
    ("# a", Content(format="markdown", reply=3)),
    ("x = 1", Content(format="code", lang="c++")),
    ("x = 1", Content(format="code")),
    ("+1", Content("reaction", of=3)),
    ("better", Content("edit", of=3)),
    ("1", Content("edit", format="json", of=3)),
    ("", Content("deletion", of=3)),
]
REFERRING = [
    ("", Content("file", file=FILE)),
    ("a caption", Content("file", format="markdown", reply=3, file=FILE)),
    ("", Content("file", format="json", file=PERSON)),
    ("", Content("folder", file=FILE, entries=2, total=7)),
    ("", Content("folder", file=FILE)),
]


def ready() -> Stage:
    """Return a stage on which alice, on 1, has two uploads and said number 3; bob is on 2."""
    stage = Stage(limits=LIMITS)
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    stage.hub.uploaded(Uploaded("alice", "u", 5, SHA))
    stage.hub.uploaded(Uploaded("alice", "s", 0, ""))
    stage.receive(1, Say("before", "before", room="lobby"))
    return stage


def say(text: str, content: Content) -> Say:
    """Return something that alice says in the lobby."""
    return Say("m", text, room="lobby", content=content)


def stored(stage: Stage, text: str, content: Content) -> Content | None:
    """Return the content under which the log has taken it; it went out in the same way."""
    ack, deliver = stage.receive(1, say(text, content))
    seq, draft = stage.log.entries[-1]
    assert ack == Send(1, Ack("m", seq, AT + seq))
    said = Said(seq, AT + seq, "alice", "m", text, "lobby", None, draft.content)
    assert deliver == Deliver((1, 2), (said,), seq)
    return draft.content


def error_of(commands: list[Command]) -> Error:
    """Return the only error, which is the only command."""
    (command,) = commands
    assert isinstance(command, Send)
    assert isinstance(command.message, Error)
    assert command.message.id == "m"
    return command.message
