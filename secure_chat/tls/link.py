"""One non-blocking TLS socket: handshake, read, write, farewell; never blocks, never waits.

Owned by the worker thread that made it, in both directions: two threads inside one SSL object
deadlock or crash (OpenSSL forbids it), so every use from another thread raises. It must never
parse what the handshake said (`tls.transcript` does, on another thread), and on the host it
answers nothing to a peer whose first bytes are no TLS.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from threading import get_ident
from typing import Any, Final

from secure_chat.clock import Clock
from secure_chat.errors import LocalProtocolError, SecureChatError
from secure_chat.limits import Limits
from secure_chat.tls.context import Contexts, HeardSocket, Said
from secure_chat.tls.guard import HEAD_BYTES, no_tls
from secure_chat.tls.reason import Failure, Reason, judge

__all__ = ["RECORD_BYTES", "Link", "LinkFailed", "Want"]

RECORD_BYTES: Final = 16_384
"""How much one TLS record holds at most, and so one read."""

_DEFAULTS: Final = Limits()

# How many reads one look after a lingering peer may take.
_DISCARDS: Final = 4
_DISCARDED: Final = 16_384


class Want(Enum):
    """What the socket must be ready for before the same call can go on."""

    READ = "read"
    WRITE = "write"


class LinkFailed(SecureChatError):
    """The connection is of no more use; close it.

    Args:
        failure: why, from this end's view.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__("the TLS connection failed", why=failure.text)
        self.failure = failure


class Link:
    """One TLS connection over a connected socket.

    Args:
        sock: connected; it is set non-blocking and belongs to the link from now on.
        contexts: the settings of this end (`tls.context`).
        server_side: whether this end is the host.
        server_name: the name or address that was dialled and must be in the host's certificate;
            None on the host.
        clock: times the messages of the handshake.
        limits: how many messages of a handshake are kept.

    Next: `handshake` until it returns None, each time the socket is ready for what it wants.
    """

    __slots__ = (
        "_clock",
        "_contexts",
        "_fd",
        "_guarding",
        "_limits",
        "_owner",
        "_patient",
        "_since",
        "_sock",
        "_tls",
        "begun",
        "local",
        "remote",
        "said",
        "server_name",
        "server_side",
    )

    def __init__(  # noqa: PLR0913 # each is a fact of the connection
        self,
        sock: socket.socket,
        contexts: Contexts,
        *,
        server_side: bool,
        server_name: str | None,
        clock: Clock,
        limits: Limits = _DEFAULTS,
    ) -> None:
        sock.setblocking(False)
        self.server_side = server_side
        self.server_name = server_name
        # Asked for now, as a reset takes the peer's address away.
        self.local, self.remote = _address(sock.getsockname), _address(sock.getpeername)
        self.said: list[Said] = []
        self.begun = False
        """Host only: whether the client's first bytes look like TLS."""
        self._sock = sock
        self._fd = sock.fileno()
        self._tls: ssl.SSLSocket | None = None
        self._contexts = contexts
        self._clock = clock
        self._since = clock.monotonic()
        self._limits = limits
        # A client speaks first in TLS, so there is nothing to look at before OpenSSL has begun.
        self._guarding = server_side
        self._patient = False
        self._owner = get_ident()

    def fileno(self) -> int:
        """Return the descriptor for a selector; it stays the same from the beginning on."""
        return self._fd

    def handshake(self) -> Want | None:
        """Do the next step of the handshake; None means done.

        Raises:
            LinkFailed: the handshake failed; what was said and any alert stand in the link.
        """
        self._mine()
        try:
            if self._guarding:
                want = self._guard()
                if want is not None:
                    return want
            self._wrapped().do_handshake()
        except ssl.SSLWantReadError:
            return Want.READ
        except ssl.SSLWantWriteError:
            return Want.WRITE
        except OSError as error:
            raise LinkFailed(judge(error, said=self.said)) from error
        return None

    def hush(self) -> None:
        """Stop recording; reporting every record costs more than encrypting it.

        The host calls it right behind the handshake, a client behind the first frame or error,
        because a refusal's alert arrives only then (RFC 8446 section 4.4.2.4).
        """
        self._mine()
        tls = self._tls
        if tls is not None and tls.context is not self._contexts.quiet:
            # Behind a farewell Python has let go of the TLS object: nothing is left to hush.
            with suppress(AttributeError):
                tls.context = self._contexts.quiet

    @property
    def heard(self) -> bool:
        """Whether this Python reports handshake messages at all."""
        return self._contexts.heard

    @property
    def keylog(self) -> bool:
        """Whether the keys of this connection are written to a file."""
        return self._contexts.keylog

    def read(self, size: int = RECORD_BYTES) -> bytes | Want:
        """Return what arrived, at most `size` bytes; b"" when the peer has closed in order.

        Args:
            size: bytes; one TLS record holds at most 16 KiB.

        Raises:
            LinkFailed: the line was cut, or the peer sent an alert.
        """
        if get_ident() != self._owner:
            raise _foreign()
        try:
            return self._tls.read(size)  # type: ignore[union-attr] # there behind the handshake
        except ssl.SSLWantReadError:
            return Want.READ
        except ssl.SSLWantWriteError:
            return Want.WRITE
        except (ssl.SSLZeroReturnError, ValueError):
            # Both ends have said farewell; Python may have let go of the TLS object by then.
            return b""
        except OSError as error:
            raise LinkFailed(judge(error, said=self.said)) from error

    def read_into(self, room: memoryview) -> int | Want:
        """Put what arrived where the caller wants it, and return how many bytes that is.

        Args:
            room: filled from its beginning; not empty, one record's worth is enough.

        Returns:
            How many bytes came, 0 when the peer has closed in order.

        Raises:
            LinkFailed: the line was cut, or the peer sent an alert.
        """
        if get_ident() != self._owner:
            raise _foreign()
        try:
            # With room given it answers with a number, which its declared type does not say.
            return self._tls.read(len(room), room)  # type: ignore[union-attr,return-value]
        except ssl.SSLWantReadError:
            return Want.READ
        except ssl.SSLWantWriteError:
            return Want.WRITE
        except (ssl.SSLZeroReturnError, ValueError):
            # As in `read`.
            return 0
        except OSError as error:
            raise LinkFailed(judge(error, said=self.said)) from error

    def write(self, chunk: bytes | memoryview) -> int | Want:
        """Hand `chunk` to TLS and return how many of its bytes were taken.

        Args:
            chunk: not empty; behind a `Want` the very same bytes must come again (OpenSSL has
                encrypted them already).

        Raises:
            LinkFailed: the line was cut.
        """
        if get_ident() != self._owner:
            raise _foreign()
        try:
            return self._tls.write(chunk)  # type: ignore[union-attr] # there behind the handshake
        except ssl.SSLWantWriteError:
            return Want.WRITE
        except ssl.SSLWantReadError:
            return Want.READ
        except OSError as error:
            raise LinkFailed(judge(error, said=self.said)) from error

    def pending(self) -> int:
        """Return how many decrypted bytes wait where no selector sees them."""
        return 0 if self._tls is None else self._tls.pending()

    def shut(self) -> Want | None:
        """Send close_notify; None means it is sent or can never be, so the link may be closed.

        The peer's own close_notify is not waited for; `read` still returns what it sends.
        """
        self._mine()
        if self._tls is None:
            return None
        try:
            self._tls.unwrap()
        except ssl.SSLWantWriteError:
            return Want.WRITE
        except (OSError, ValueError):
            # Wanting to read means that ours is out; everything else, that nobody listens.
            return None
        return None

    def finish_sending(self) -> None:
        """Tell the peer's system that no byte follows; `discard` next, until it says so too.

        Closing at once would reset the connection when the peer has sent more than was read, and
        the reset would overtake the alert or frame that says why.
        """
        self._mine()
        with suppress(OSError):
            # On a TLS socket this gives TLS up as well: what is read afterwards is raw.
            (self._tls or self._sock).shutdown(socket.SHUT_WR)

    def discard(self) -> bool:
        """Read raw bytes and throw them away; True when the peer has closed too."""
        self._mine()
        sock = self._tls or self._sock
        try:
            for _ in range(_DISCARDS):
                if not sock.recv(_DISCARDED):
                    return True
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def close(self) -> None:
        """Close the descriptor at once, without a word; it never raises."""
        with suppress(OSError):
            (self._tls or self._sock).close()

    def late(self) -> Failure:
        """Return what it means that the deadline of the handshake has passed."""
        begun = self.begun or any(direction == "read" for _, direction, *_ in self.said)
        reason = Reason.STALLED if begun else Reason.SILENT
        return Failure(reason, "the deadline of the handshake has passed")

    def certificate(self) -> bytes | None:
        """Return the peer's certificate in DER; None before the handshake is done."""
        if self._tls is not None:
            # Python raises instead of telling that there was no handshake, or that it failed.
            with suppress(ValueError):
                return self._tls.getpeercert(binary_form=True)
        return None

    @property
    def alpn(self) -> str | None:
        """The application protocol both ends agreed on."""
        return self._tls.selected_alpn_protocol() if self._tls else None

    @property
    def version(self) -> str | None:
        """The TLS version, such as `TLSv1.3`; None before it is agreed on."""
        return self._tls.version() if self._tls else None

    @property
    def cipher(self) -> str | None:
        """The name of the cipher suite; None before it is agreed on."""
        chosen = self._tls.cipher() if self._tls else None
        return chosen[0] if chosen else None

    def _mine(self) -> None:
        if get_ident() != self._owner:
            raise _foreign()

    def _wrapped(self) -> ssl.SSLSocket:
        """Return the TLS socket; a host makes it only for peers whose first bytes look right."""
        if self._tls is None:
            tls = self._contexts.talking.wrap_socket(
                self._sock,
                server_side=self.server_side,
                server_hostname=self.server_name,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
            if isinstance(tls, HeardSocket):
                tls.monotonic, tls.since = self._clock.monotonic, self._since
                tls.most, tls.said = self._limits.messages_recorded, self.said
            self._tls = tls
        return self._tls

    def _guard(self) -> Want | None:
        """Look at a client's first bytes before OpenSSL does, which would answer them.

        Raises:
            LinkFailed: they are no TLS, or the client closed without a word.
        """
        try:
            head = self._sock.recv(HEAD_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return Want.READ
        if not head:
            raise LinkFailed(Failure(Reason.CLOSED, "closed without a word"))
        reason = no_tls(head)
        if reason is not None:
            raise LinkFailed(Failure(reason, f"the first bytes are {head.hex()}"))
        self.begun = True
        if len(head) < HEAD_BYTES and not self._patient:
            # Peeked bytes stay readable, so the selector would spin on a peer that sends three
            # bytes and waits. Asking for more at once stops that; a system that cannot (Windows)
            # hands the few bytes to OpenSSL, and so does the second call, as then it is the end.
            self._patient = True
            with suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, HEAD_BYTES)
                return Want.READ
        if self._patient:
            with suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        self._guarding = False
        return None


def _address(ask: Callable[[], Any]) -> tuple[str, int]:
    """Return address and port; of IPv6's four parts the other two help nobody."""
    try:
        found = ask()
    except OSError:
        return "", 0
    return str(found[0]), int(found[1])


def _foreign() -> LocalProtocolError:
    return LocalProtocolError("a TLS link was used from a thread that does not own it")
