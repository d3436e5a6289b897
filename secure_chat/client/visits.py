"""The two visits to a host's enrolment listener: what is said, under a deadline, recorded each.

On the caller's thread, which waits. The first visit verifies nobody and says nothing: it only looks
whether one of the host's authorities has the public key that the invitation names. The second
verifies the host by that authority and its name, and only then shows the secret.
"""

import os
import socket
import warnings
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from selectors import EVENT_WRITE, DefaultSelector
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from secure_chat.client.text import printable
from secure_chat.clock import Clock
from secure_chat.errors import (
    HostNotTrusted,
    HostRefused,
    HostUnreachable,
    OutcomeUnknown,
    RemoteProtocolError,
    SecureChatError,
)
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address, addresses, begin, unreachable
from secure_chat.net.exchange import Exchange, Steps, take_alone
from secure_chat.net.recording import Evidence, gather, new_uid, reason_for
from secure_chat.pki.invitation import Invitation, pin_of
from secure_chat.tls.context import (
    ENROLMENT_ALPN,
    Contexts,
    first_visit_contexts,
    second_visit_contexts,
)
from secure_chat.tls.link import Link, LinkFailed
from secure_chat.tls.reason import Failure, Reason, advice, error_for, sentence
from secure_chat.wire.codec import encode
from secure_chat.wire.enrolment import Authorities, Enroll, Enrolled, FromHost, decode_from_host
from secure_chat.wire.part import Close, Code

__all__ = ["Visits"]

Got = TypeVar("Got")

_MOST_AUTHORITIES: Final = 8
# Where the host's own words add to ours.
_TOLD_MORE: Final = frozenset(
    {Reason.BAD_REQUEST, Reason.NO_AUTHORITY, Reason.PROTOCOL, Reason.OTHER}
)
_NOT_SENT: Final = "The invitation's secret was not sent, so it can still be used."
_CLOSED_PORT: Final = (
    "The enrolment port is open only while an invitation can be used: yours may have expired, or"
    " have been used or cancelled. Ask whoever invited you, also whether the address is right."
)
_AGAIN: Final = (
    "Run it again with the same invitation. If the host says that it has been used, your"
    " certificate was issued and lost on its way: ask for a new invitation."
)


class Visits:
    """The visits to one enrolment listener.

    Args:
        invitation: says where it is.
        recorded: takes the evidence of each handshake.
        limits: the bounds in force.
        clock: the time.
    """

    def __init__(
        self,
        invitation: Invitation,
        recorded: Callable[[Evidence], None],
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._invitation = invitation
        self._recorded = recorded
        self._limits = limits
        self._clock = clock
        self._asked = False

    def first(self) -> str:
        """Return the certificate of the authority that the invitation names, PEM."""
        seconds = self._limits.connect_seconds
        return self._go(first_visit_contexts(), self._fetch, Reason.INTRODUCED, seconds)

    def second(self, authority: str, request: str) -> Enrolled:
        """Ask for the certificate, of a host that the authority vouches for."""
        contexts, seconds = second_visit_contexts(authority), self._limits.ack_seconds
        return self._go(contexts, lambda talk: self._ask(talk, request), Reason.ENROLLED, seconds)

    # --- what is said --------------------------------------------------------------------------

    def _fetch(self, talk: Exchange) -> Steps[str]:
        told = yield from self._greeted(talk)
        authority = _pinned(told.pem, self._invitation.authority)
        if authority is None:
            raise LinkFailed(Failure(Reason.OTHER_AUTHORITY))
        return authority

    def _ask(self, talk: Exchange, request: str) -> Steps[Enrolled]:
        yield from self._greeted(talk)
        invitation = self._invitation
        self._asked = True
        yield from talk.say(encode(Enroll(invitation.name, invitation.secret, request)))
        answer = yield from _heard(talk)
        if not isinstance(answer, Enrolled):
            raise _unexpected()
        return answer

    @staticmethod
    def _greeted(talk: Exchange) -> Steps[Authorities]:
        """Shake hands and hear the host's first words."""
        yield from talk.shake()
        if talk.link.alpn != ENROLMENT_ALPN:
            raise LinkFailed(Failure(Reason.NO_ALPN))
        told = yield from _heard(talk)
        talk.link.hush()
        if not isinstance(told, Authorities):
            raise _unexpected()
        return told

    # --- around it -----------------------------------------------------------------------------

    def _go(
        self,
        contexts: Contexts,
        converse: Callable[[Exchange], Steps[Got]],
        reason: Reason,
        seconds: float,
    ) -> Got:
        """Connect, converse and record how it ended.

        Args:
            contexts: the TLS settings.
            converse: what is said.
            reason: how the record calls it when it went well.
            seconds: for all of it.
        """
        clock = self._clock
        deadline = clock.monotonic() + seconds
        sock = _connected(self._invitation.host, self._invitation.port, deadline, clock)
        started, began = clock.now(), clock.monotonic()
        got: Got | None = None
        failure, closed = Failure(reason), False
        with closing(self._link(sock, contexts)) as link:
            talk = Exchange(link, self._limits.frame_bytes)
            try:
                got = take_alone(converse(talk), link, deadline, clock)
            except LinkFailed as error:
                failure = error.failure
            except _Closed as error:
                failure, closed = Failure(error.reason, printable(error.text)), True
            except RemoteProtocolError as error:
                failure = Failure(Reason.PROTOCOL, error.text)
            except TimeoutError:
                failure = link.late()
            name = self._invitation.name if isinstance(got, Enrolled) else ""
            duration = clock.monotonic() - began
            evidence = gather(link, new_uid(), started, duration, name, failure)
            self._recorded(replace(evidence, established=got is not None))
            with suppress(TimeoutError, LinkFailed):
                # What was said last, an alert perhaps, must not be overtaken by a reset.
                close_by = clock.monotonic() + self._limits.close_seconds
                take_alone(talk.part(), link, close_by, clock)
        if got is None:
            told = self._error(failure, closed=closed)
            told.uid = evidence.uid
            raise told
        return got

    def _link(self, sock: socket.socket, contexts: Contexts) -> Link:
        return Link(
            sock,
            contexts,
            server_side=False,
            server_name=self._invitation.host,
            clock=self._clock,
            limits=self._limits,
        )

    def _error(self, failure: Failure, *, closed: bool) -> SecureChatError:
        """Return what the person is told.

        Args:
            failure: how it ended.
            closed: the host said so in a frame.
        """
        if closed and not self._asked:
            # Whoever has not proved to be our host has no say about the invitation.
            return HostUnreachable(
                "nobody can enrol there now", why=failure.text or failure.reason, hint=_CLOSED_PORT
            )
        if closed:
            why = sentence(failure.reason, "client", by_peer=True)
            detail = failure.reason in _TOLD_MORE and failure.text
            return HostRefused(
                failure.reason,
                "the host gives no certificate",
                why=f"{why} ({failure.text})" if detail else why,
                hint=advice(failure.reason, "client", by_peer=True),
            )
        if self._asked:
            return OutcomeUnknown(
                "the host's answer did not come", why=failure.text or failure.reason, hint=_AGAIN
            )
        error = error_for(failure)
        if isinstance(error, HostNotTrusted) and failure.reason is not Reason.OTHER_AUTHORITY:
            error.hint = f"{error.hint}\n{_NOT_SENT}"
        return error


class _Closed(Exception):
    """The host has ended it with a frame.

    Args:
        reason: why.
        text: its own words.
    """

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


def _unexpected() -> RemoteProtocolError:
    return RemoteProtocolError(Code.PROTOCOL, "it was not the host's turn to say that")


def _heard(talk: Exchange) -> Steps[FromHost]:
    body = yield from talk.hear()
    if not body:
        raise LinkFailed(Failure(Reason.CLOSED, "it closed without an answer"))
    said = decode_from_host(body)
    if isinstance(said, Close):
        raise _Closed(reason_for(said.code), said.text)
    return said


def _connected(host: str, port: int, deadline: float, clock: Clock) -> socket.socket:
    """Return a socket that is connected to the first address of a host that answers.

    Raises:
        HostUnreachable: none does in time.
    """
    error: HostUnreachable | None = None
    for family, address in addresses(host, port):
        try:
            return _connect(family, address, deadline, clock)
        except HostUnreachable as found:
            error = found
    assert error is not None  # noqa: S101 - a name without an address has raised
    error.hint = _CLOSED_PORT
    raise error


def _connect(
    family: socket.AddressFamily, address: Address, deadline: float, clock: Clock
) -> socket.socket:
    sock = begin(family, address)
    with DefaultSelector() as selector, ExitStack() as undo:
        undo.callback(sock.close)
        selector.register(sock, EVENT_WRITE)
        left = deadline - clock.monotonic()
        if left <= 0 or not selector.select(left):
            raise unreachable(address, TimeoutError("no answer in time"))
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise unreachable(address, OSError(code, os.strerror(code)))
        undo.pop_all()
    return sock


def _pinned(pem: str, pin: str) -> str | None:
    """Return the certificate of a bundle whose public key has this fingerprint, None for none.

    Whatever else a stranger has put there is looked at no further.
    """
    with warnings.catch_warnings():
        # The library warns of odd certificates; this one is judged by its key alone, and then
        # by OpenSSL.
        warnings.simplefilter("ignore")
        try:
            found = x509.load_pem_x509_certificates(pem.encode())
            for certificate in found[:_MOST_AUTHORITIES]:
                if pin_of(certificate) == pin:
                    return certificate.public_bytes(Encoding.PEM).decode("ascii")
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return None
    return None
