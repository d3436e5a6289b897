"""A session without a wire, brought as far as a test needs it, and what a host says to it."""

from secure_chat.client.effects import (
    DialBeside,
    Effect,
    Memory,
    Mode,
    Transmit,
)
from secure_chat.client.events import (
    Connected,
)
from secure_chat.client.events import Renewed as RenewedEvent
from secure_chat.client.session import Session
from secure_chat.limits import Limits
from secure_chat.wire.messages import (
    Greeting,
    Hello,
    Live,
    Said,
    Say,
    Welcome,
)
from secure_chat.wire.messages import Message as WireMessage

__all__ = [
    "GREETING",
    "RENEWED",
    "SHOWN",
    "UNTIL",
    "fed",
    "moving",
    "new",
    "opened",
    "said",
    "say",
    "welcome",
]

GREETING = Greeting(1, "u1")
SHOWN = Connected("alice", "member", "c0", ("lobby",), 9, "", "", "u1")
UNTIL = 1_000
RENEWED = RenewedEvent(UNTIL * 1_000, "member", ("lobby",), "u2")


def welcome(head: int = 9) -> Welcome:
    """Return a host's welcome."""
    return Welcome("alice", "member", "c0", head, 1, ["lobby"])


def say(id_: str, text: str = "hi") -> Say:
    """Return something said in the lobby."""
    return Say(id_, text, "lobby")


def said(seq: int) -> Said:
    """Return something bob said."""
    return Said(seq, 0, "bob", f"b{seq}", "hi", "lobby")


def new(
    memory: Memory | None = None,
    *,
    mode: Mode | None = None,
    limits: Limits | None = None,
) -> Session:
    """Return a session at its start."""
    return Session(limits or Limits(), memory or Memory("d1"), mode or Mode(), jitter=lambda: 0.0)


def opened(session: Session, head: int = 9) -> Session:
    """Bring a session as far as the welcome and forget what it did for that."""
    session.opened(1)
    session.received(1, GREETING)
    session.received(1, welcome(head))
    session.effects()
    return session


def fed(session: Session, *messages: WireMessage) -> list[Effect]:
    """Feed messages and return the effects."""
    for message in messages:
        session.received(1, message)
    return session.effects()


def moving(session: Session) -> Session:
    """Bring an open session as far as the greeting of a second connection."""
    fed(session, Live(9))
    session.move(UNTIL)
    assert session.effects() == [DialBeside()]
    session.opened(2)
    session.received(2, Greeting(1, "u2"))
    (hello,) = session.effects()
    assert isinstance(hello, Transmit)
    assert isinstance(hello.message, Hello)
    assert (hello.conn, hello.message.cursor) == (2, 9)
    return session
