"""One connection to the enrolment listener: what is said, and the one record that it leaves.

Owned by the enrolment thread, which takes its steps. Whoever comes has no certificate: they are
told the authorities, may ask once for a certificate with the secret of an invitation, and are told
the answer. There is nothing else here that they could reach.
"""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

from msgspec.structs import replace

from secure_chat.clock import Clock
from secure_chat.errors import EnrolmentRefused, RemoteProtocolError
from secure_chat.limits import Limits
from secure_chat.net.exchange import Exchange
from secure_chat.net.recording import Evidence, gather, new_uid, reason_for
from secure_chat.pki.identity import is_name
from secure_chat.server.attempts import Attempts
from secure_chat.server.registrar import Enrol
from secure_chat.tls.context import ENROLMENT_ALPN
from secure_chat.tls.link import Link, LinkFailed, Want
from secure_chat.tls.reason import Failure, Reason
from secure_chat.wire.codec import encode
from secure_chat.wire.enrolment import Authorities, Enroll, Enrolled, decode_from_person
from secure_chat.wire.part import Close, Code

__all__ = ["Desk", "Visitor"]


@dataclass(frozen=True, slots=True)
class Desk:
    """What every visitor is served with.

    Args:
        authorities: returns the certificates of all authorities, PEM.
        registrar: takes a request for a certificate; its answer comes back later.
        recorded: takes the evidence of each handshake.
        attempts: how often one may ask in vain.
        limits: the bounds in force.
        clock: the time.
    """

    authorities: Callable[[], str]
    registrar: Callable[[Enrol], None]
    recorded: Callable[[Evidence], None]
    attempts: Attempts
    limits: Limits
    clock: Clock


class Visitor:
    """One connection.

    Args:
        link: new, over the accepted socket.
        desk: what it is served with.
        answered: called on any thread with the registrar's answer; it must bring it to `answer`
            and have the next step taken.
    """

    def __init__(
        self, link: Link, desk: Desk, answered: Callable[[Enrolled | EnrolmentRefused], None]
    ) -> None:
        self.link = link
        self.answer: Enrolled | EnrolmentRefused | None = None
        self.began = desk.clock.monotonic()
        self.deadline = self.began + desk.limits.enrolment_seconds
        self.asked = False
        """Whether a certificate has been asked for, so that an answer is owed."""
        self._desk = desk
        self._answered = answered
        self._exchange = Exchange(link, desk.limits.frame_bytes)
        self._started = desk.clock.now()
        self._shaken = False
        self._recorded = False

    def steps(self) -> Generator[Want | None, None, None]:
        """Serve this connection to its end; None means waiting for `answer`."""
        try:
            try:
                yield from self._serve()
            except RemoteProtocolError as fault:
                yield from self._refuse(fault.code, fault.text)
        except LinkFailed as error:
            self.fail(error.failure)
            if error.failure.alert_sent is not None:
                # Our alert says why; a reset must not overtake it.
                self._wait_only(self._desk.limits.close_seconds)
                self.link.finish_sending()
                while not self.link.discard():
                    yield Want.READ

    def late(self) -> None:
        """Take in that the deadline has passed; the link is closed next."""
        asked_nothing = Failure(Reason.STALLED, "it asked for nothing before the deadline")
        self.fail(asked_nothing if self._shaken else self.link.late())

    def fail(self, failure: Failure) -> None:
        """Record why it ended, unless the end is recorded already."""
        if not self._recorded:
            self._record(failure)

    def _serve(self) -> Generator[Want | None, None, None]:
        exchange, desk = self._exchange, self._desk
        yield from exchange.shake()
        self.link.hush()
        self._shaken = True
        if self.link.alpn != ENROLMENT_ALPN:
            text = f"this listener speaks only {ENROLMENT_ALPN}; offer it by ALPN"
            yield from self._refuse(Code.ALPN, text)
            return
        yield from exchange.say(encode(Authorities(desk.authorities())))
        body = yield from exchange.hear()
        request = decode_from_person(body) if body else None
        if isinstance(request, Enroll):
            yield from self._judge(request)
            return
        # They know the authorities now, and come again to one that they trust.
        self._record(Failure(Reason.INTRODUCED))
        yield from self._part()

    def _judge(self, request: Enroll) -> Generator[Want | None, None, None]:
        desk, address = self._desk, self.link.remote[0]
        if not desk.attempts.charge(address, desk.clock.monotonic()):
            text = "too many requests were refused within a minute"
            yield from self._refuse(Reason.TOO_MANY_ATTEMPTS, text)
            return
        if not is_name(request.name):
            # It would stand in what the owner is told, and it is a stranger's text.
            yield from self._refuse(Reason.WRONG_NAME, "no invitation is for such a name")
            return
        self.asked, self.deadline = True, math.inf
        desk.registrar(Enrol(request.name, request.secret, request.request, self._answered))
        while self.answer is None:
            yield None
        if not isinstance(self.answer, Enrolled):
            yield from self._refuse(self.answer.code, str(self.answer))
            return
        desk.attempts.forgive(address)
        self._wait_only(desk.limits.enrolment_seconds)
        yield from self._exchange.say(encode(self.answer))
        self._record(Failure(Reason.ENROLLED), request.name)
        yield from self._part()

    def _refuse(self, code: str, text: str) -> Generator[Want | None, None, None]:
        self._record(Failure(reason_for(code), text))
        self._wait_only(self._desk.limits.close_seconds)
        yield from self._exchange.say(encode(Close(code, text)))
        yield from self._part()

    def _part(self) -> Generator[Want | None, None, None]:
        self._wait_only(self._desk.limits.close_seconds)
        yield from self._exchange.part()

    def _wait_only(self, seconds: float) -> None:
        """Give the rest of the conversation so much time."""
        self.deadline = self._desk.clock.monotonic() + seconds

    def _record(self, failure: Failure, name: str = "") -> None:
        self._recorded = True
        duration = self._desk.clock.monotonic() - self.began
        evidence = gather(self.link, new_uid(), self._started, duration, name, failure)
        if failure.reason in {Reason.ENROLLED, Reason.INTRODUCED}:
            evidence = replace(evidence, established=True)
        self._desk.recorded(evidence)
