"""A client's certificate renewed while it is in use: one step after the other, on its own.

Owned by the client's worker thread, told by `client.line` what happens. It decides only what comes
next and waits for nobody: the disk's thread makes the request and judges and writes the answer, the
session asks the host and moves to the connection with the new certificate. Whatever goes wrong, the
certificate and the connection in use stay, and it tries again later.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from secure_chat.client.effects import Denied, Granted, Hurry, Show, Stayed
from secure_chat.client.orders import Compose, Composed, Hindered, Install, Ready
from secure_chat.client.renewal import Renewal
from secure_chat.client.session import Session
from secure_chat.clock import Clock
from secure_chat.limits import Limits
from secure_chat.pki.identity import Identity

__all__ = ["Renewing"]

# How often the wall clock is looked at: it may be set, and computers sleep.
_LOOK: Final = 60.0
# How soon it looks again when the line is up and something missed is still coming in.
_SOON: Final = 0.25
_NO_ANSWER: Final = "the host did not answer"
_NO_LINE: Final = "there is no connection to the host"


class _Step(Enum):
    """What is waited for."""

    TIME = auto()
    REQUEST = auto()
    ANSWER = auto()
    DISK = auto()
    MOVE = auto()


class Renewing:
    """Takes one client's certificate from one renewal to the next.

    Args:
        session: asks the host, and moves.
        renewal: says when.
        post: hands an order to the disk's thread.
        show: hands an event to the consumer.
        limits: how long an answer may take.
        clock: the time.
        live: False for a client that comes and goes: it has its certificate renewed, and the
            next one uses it.
    """

    def __init__(  # noqa: PLR0913 -- the parts it works with, wired once in `runtime`
        self,
        session: Session,
        renewal: Renewal,
        post: Callable[[Compose | Install], None],
        show: Callable[[Show], None],
        *,
        limits: Limits,
        clock: Clock,
        live: bool,
    ) -> None:
        self._session = session
        self._renewal = renewal
        self._post = post
        self._show = show
        self._limits = limits
        self._clock = clock
        self._live = live
        self._step = _Step.TIME
        self._begun = False
        self._present = renewal.identity
        self._answer_by = 0.0
        # On the monotonic clock, so that most turns of the worker cost one comparison.
        self._look_at = 0.0

    @property
    def busy(self) -> bool:
        """Whether a new certificate is on its way here, and would be lost if we left now."""
        return self._step in {_Step.REQUEST, _Step.ANSWER, _Step.DISK}

    def tick(self, now: float) -> float:
        """Do what is due; returns the seconds until there may be something again.

        Args:
            now: seconds on the monotonic clock.
        """
        if not self._begun:
            return _LOOK
        if now >= self._look_at:
            self._look(now)
            self._look_at = now + min(_LOOK, self._patience(now))
        return self._look_at - now

    def using(self, identity: Identity) -> None:
        """A connection is welcomed that has this certificate."""
        self._begun = True
        if self._step is _Step.MOVE:
            self._step = _Step.TIME
        self._renewal.use(identity, self._clock.now())
        self._look_at = 0.0

    def told(self, effect: Granted | Denied | Hurry | Stayed) -> None:
        """Take in what the session says of the host."""
        if isinstance(effect, Granted):
            if self._step is _Step.ANSWER:
                self._step = _Step.DISK
                self._post(Install(effect.certificate, effect.authorities, self._present))
        elif isinstance(effect, Hurry):
            self._renewal.hurry(self._clock.now())
        elif self._step in {_Step.ANSWER, _Step.MOVE}:
            self._failed(effect.why)
        self._look_at = 0.0

    def made(self, order: Composed | Ready | Hindered, now: float) -> None:
        """Take in what the disk's thread has done.

        Args:
            order: what.
            now: seconds on the monotonic clock.
        """
        self._look_at = 0.0
        if isinstance(order, Composed):
            self._step = _Step.ANSWER
            self._answer_by = now + self._limits.ack_seconds
            self._session.renew(order.request)
        elif isinstance(order, Hindered):
            self._failed(str(order.error))
        elif self._live:
            self._step = _Step.MOVE
            self._session.move(order.identity.not_after)
        else:
            self._step = _Step.TIME
            self._renewal.use(order.identity, self._clock.now())

    def _look(self, now: float) -> None:
        """Begin when the time has come, give up what takes too long, warn of the end."""
        moment = self._clock.now()
        if self._step is _Step.TIME and moment >= self._renewal.at:
            if self._session.settled:
                self._step = _Step.REQUEST
                self._present = self._renewal.identity
                self._post(Compose(self._present))
            elif self._session.conn is None:
                self._failed(_NO_LINE)
        elif self._step is _Step.ANSWER and now >= self._answer_by:
            self._failed(_NO_ANSWER)
        self._warn()

    def _patience(self, now: float) -> float:
        if self._step is _Step.ANSWER:
            return self._answer_by - now
        if self._step is not _Step.TIME:
            return _LOOK
        left = self._renewal.at - self._clock.now()
        return left if left > 0 else _SOON

    def _failed(self, why: str) -> None:
        self._step = _Step.TIME
        self._renewal.failed(self._clock.now(), why)
        # At once, as the client may be about to leave.
        self._warn()

    def _warn(self) -> None:
        warning = self._renewal.warning(self._clock.now())
        if warning is not None:
            self._show(Show(warning))
