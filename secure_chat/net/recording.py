"""What a worker knows of one handshake, and how it becomes a record.

`Evidence` is made on the worker's thread, in constant time; `record_of` parses and runs on the
disk thread. Neither must ever carry key bytes or message bodies.
"""

import secrets
import string
from dataclasses import dataclass
from typing import Final, TypeAlias

from secure_chat.tls.context import Said
from secure_chat.tls.link import Link
from secure_chat.tls.reason import End, Failure, Reason, from_code

__all__ = ["Address", "Evidence", "gather", "new_uid", "reason_for"]

Address: TypeAlias = tuple[str, int]

_LETTERS: Final = string.ascii_letters + string.digits
_UID_LETTERS: Final = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One finished handshake, good or bad, as the worker saw it.

    Args:
        end: which end this is.
        uid: random, this end's name for the connection.
        started: when the connection was adopted, seconds since 1970 UTC.
        duration_ms: from then until welcome, refusal or deadline.
        orig: the client's address and port.
        resp: the host's address and port.
        said: what the handshake said (`Link.said`).
        server_name: what a client dialled; None on the host, where the hello may tell.
        established: whether the connection was welcomed.
        failure: why not; `Failure(Reason.OK)` when it was.
        version: the TLS version agreed on (`Link.version`).
        cipher: the cipher suite agreed on (`Link.cipher`).
        alpn: the application protocol agreed on (`Link.alpn`).
        certificate: the peer's in DER, where this Python does not report messages.
        name: who the client's checked certificate says it is, None when it was not accepted.
    """

    end: End
    uid: str
    started: float
    duration_ms: float
    orig: Address
    resp: Address
    said: tuple[Said, ...] = ()
    server_name: str | None = None
    established: bool = False
    failure: Failure
    version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    certificate: bytes | None = None
    name: str | None = None


def new_uid() -> str:
    """Return a name for a connection that no other one has, in the form Zeek uses."""
    return "C" + "".join(secrets.choice(_LETTERS) for _ in range(_UID_LETTERS))


def reason_for(code: str) -> Reason:
    """Return the reason that a close code of the protocol stands for.

    Args:
        code: a word of `wire.messages.Code`; `bye` before the welcome means it was closed.
    """
    return Reason.CLOSED if code == "bye" else from_code(code)


def gather(  # noqa: PLR0913, PLR0917 # one fact each, from whoever knows it
    link: Link, uid: str, started: float, duration: float, name: str, failure: Failure | None
) -> Evidence:
    """Return what is known of a handshake that is over.

    Args:
        link: it, before it is closed.
        uid: this end's name for the connection.
        started: when it was adopted, seconds since 1970 UTC.
        duration: seconds since then.
        name: who the client is, "" when it was not accepted.
        failure: why not; None when it was accepted.
    """
    host = link.server_side
    return Evidence(
        end="host" if host else "client",
        uid=uid,
        started=started,
        duration_ms=round(duration * 1_000, 3),
        orig=link.remote if host else link.local,
        resp=link.local if host else link.remote,
        said=tuple(link.said),
        server_name=link.server_name,
        established=failure is None,
        failure=failure or Failure(Reason.OK),
        version=link.version,
        cipher=link.cipher,
        alpn=link.alpn,
        # The messages hold it anyway where they are heard.
        certificate=None if link.heard else link.certificate(),
        name=name or None,
    )
