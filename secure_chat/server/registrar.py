"""The registrar: the one thread of a running host that issues, retires and writes down.

It owns the authority's key. The hub asks it to carry out what it has judged already (renewals,
moderation) and tells it who was welcomed with which certificate; the enrolment listener asks it to
issue. Each act is a line of the audit trail, and nothing is answered before the hub has been given
the registry that knows of it: the main thread looks at the trail, and the answer goes behind that.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from secure_chat.clock import Clock
from secure_chat.errors import EnrolmentRefused
from secure_chat.hub.commands import Petition, Used
from secure_chat.hub.events import Replied
from secure_chat.limits import Limits
from secure_chat.net.inbox import Inbox
from secure_chat.pki.registry import Registry
from secure_chat.server.announce import Announcer
from secure_chat.server.clerk import Clerk
from secure_chat.server.custodian import Custodian
from secure_chat.server.gate import Gate
from secure_chat.server.seen import Seen
from secure_chat.wire.enrolment import Enrolled
from secure_chat.wire.messages import Code, Error

__all__ = ["Enrol", "Registrar"]

_SEEN_SECONDS: Final = 10.0
_TOO_MUCH: Final = "this host has too much to do; ask again in a moment"


@dataclass(frozen=True, slots=True)
class Enrol:
    """Asks for a certificate by an invitation.

    Args:
        name: who the certificate is to be for, as the enrolling person says.
        secret: the invitation's secret, as the enrolling person says.
        request: PEM of a PKCS#10 request for the key.
        answer: called once, on any thread, with the message to send or the reason of the refusal;
            must not block, a `queue.SimpleQueue.put` for example.
    """

    name: str
    secret: str = field(repr=False)
    request: str
    answer: Callable[[Enrolled | EnrolmentRefused], None]


class _Stop:
    """Asks the registrar's thread to end."""


class Registrar:
    """The thread and its inbox.

    Args:
        clerk: does what people ask for.
        custodian: does what time asks for.
        gate: knows whether the folder is free.
        data: the host's own data folder, for `seen.json`.
        reply: gives the hub an answer, from any thread; must not block.
        look: has the main thread look at the certificates folder and then do something; from any
            thread.
        announcer: told what the owner should know.
        limits: the bounds in force.
        clock: the time.
    """

    def __init__(  # noqa: PLR0913 - the parts it is wired to, once in `app`
        self,
        *,
        clerk: Clerk,
        custodian: Custodian,
        gate: Gate,
        data: Path,
        reply: Callable[[Replied], None],
        look: Callable[[Callable[[], None]], None],
        announcer: Announcer,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._clerk = clerk
        self._custodian = custodian
        self._gate = gate
        self._seen = Seen(data)
        self._reply = reply
        self._look = look
        self._announcer = announcer
        self._clock = clock
        self._inbox: Inbox[Petition | Used | Enrol | Registry | _Stop] = Inbox(limits.inbox_items)
        self._registry = Registry()
        self._ending = threading.Event()
        self._write_seen_at = clock.monotonic()

    # --- any thread ----------------------------------------------------------------------------

    def post(self, order: Petition | Used | Enrol | Registry) -> None:
        """Have something carried out or known; never blocks.

        Beyond the bound a request is refused at once, and who was welcomed is heard of the next
        time they come; a registry always gets through.
        """
        if self._inbox.crowded and not isinstance(order, Registry):
            _refuse(order, self._reply)
        else:
            self._inbox.post(order)

    def stop(self) -> None:
        """Let `run` return once everything posted before is done, if it can be done at once."""
        self._ending.set()
        self._inbox.post(_Stop())

    # --- its own thread ------------------------------------------------------------------------

    def run(self) -> None:
        """Carry out orders until stopped; the thread's body."""
        while self._round():
            continue
        if self._seen.dirty:
            self._write_seen()

    def close(self) -> None:
        """Give its descriptors back, after `run` or instead of it."""
        self._inbox.close()

    def _round(self) -> bool:
        self._inbox.wait(self._patience())
        self._gate.new_round(hurried=self._ending.is_set())
        going = True
        for order in self._inbox.take():
            if isinstance(order, _Stop):
                going = False
            elif isinstance(order, Registry):
                self._registry = order
                self._custodian.hurry()
            elif isinstance(order, Used):
                self._seen.note(order.identity.serial, self._clock.now())
                self._custodian.welcomed(order.identity.serial, self._registry)
            else:
                self._carry_out(order)
        if self._custodian.work(self._registry):
            self._look(_nothing)
        if self._seen.dirty and self._clock.monotonic() >= self._write_seen_at:
            self._write_seen()
        return going

    def _patience(self) -> float:
        seconds = self._custodian.patience()
        if self._seen.dirty:
            seconds = min(seconds, max(0.0, self._write_seen_at - self._clock.monotonic()))
        return seconds

    def _carry_out(self, order: Petition | Enrol) -> None:
        """Do it, and answer: a refusal at once, everything else behind the look that shows it."""
        if isinstance(order, Petition):
            message = self._clerk.carry_out(order)
            answer = partial(self._reply, Replied(order.conn, message))
            refused = isinstance(message, Error)
        else:
            outcome = self._clerk.enrol(order.name, order.secret, order.request)
            answer = partial(order.answer, outcome)
            refused = isinstance(outcome, EnrolmentRefused)
        if refused:
            answer()
        else:
            self._look(answer)

    def _write_seen(self) -> None:
        self._write_seen_at = self._clock.monotonic() + _SEEN_SECONDS
        try:
            self._seen.write(self._registry.entries)
        except OSError as error:
            why = error.strerror or str(error)
            self._announcer.say("not-done", f"seen.json was not written: {why}", why=why)


def _refuse(order: Petition | Used | Enrol, reply: Callable[[Replied], None]) -> None:
    if isinstance(order, Petition):
        reply(Replied(order.conn, Error(Code.INTERNAL, _TOO_MUCH, re=order.asked.re)))
    elif isinstance(order, Enrol):
        order.answer(EnrolmentRefused(Code.NO_AUTHORITY, _TOO_MUCH))


def _nothing() -> None:
    """Look, and that is all."""
