"""What a worker knows of one handshake, and how it becomes a record.

`Evidence` is made on the worker's thread, in constant time; `record_of` parses and runs on the
disk thread. Neither must ever carry key bytes or message bodies.
"""

import secrets
import string
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from secure_chat.clock import rfc3339
from secure_chat.handshakes.record import HandshakeRecord, MessageSeen, Schemes
from secure_chat.tls.context import Said
from secure_chat.tls.link import Link
from secure_chat.tls.reason import End, Failure, Reason, advice, from_code, sentence
from secure_chat.tls.subject import subject_and_issuer
from secure_chat.tls.transcript import Heard, Transcript, read_transcript

__all__ = ["Address", "Evidence", "gather", "new_uid", "reason_for", "record_of"]

Address: TypeAlias = tuple[str, int]

_LETTERS: Final = string.ascii_letters + string.digits
_UID_LETTERS: Final = 17
# More than 17 letters of 62 can hold, so that each of them is as likely as the others.
_UID_BITS: Final = 128


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
    number, letters = secrets.randbits(_UID_BITS), ["C"]
    for _ in range(_UID_LETTERS):
        number, at = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[at])
    return "".join(letters)


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


def record_of(evidence: Evidence) -> HandshakeRecord:
    """Return the record of a handshake; parses, so it belongs on the disk thread.

    Args:
        evidence: as `gather` made it.
    """
    end, failure = evidence.end, evidence.failure
    heard = read_transcript(evidence.said)
    host_chain, client_chain = _chains(evidence, heard)
    by_peer = failure.by_peer(end)
    subject, issuer = subject_and_issuer(host_chain[0] if host_chain else b"")
    client_subject, client_issuer = subject_and_issuer(client_chain[0] if client_chain else b"")
    return HandshakeRecord(
        ts=rfc3339(evidence.started),
        uid=evidence.uid,
        orig_h=evidence.orig[0],
        orig_p=evidence.orig[1],
        resp_h=evidence.resp[0],
        resp_p=evidence.resp[1],
        end=end,
        established=evidence.established,
        reason=failure.reason,
        advice="" if evidence.established else advice(failure.reason, end, by_peer=by_peer),
        sentence=sentence(failure.reason, end, by_peer=by_peer),
        text=failure.text,
        verify_code=failure.verify_code,
        hello=heard.hello,
        name=evidence.name,
        version=heard.version or _zeek_version(evidence.version),
        cipher=heard.cipher or evidence.cipher,
        curve=heard.curve,
        server_name=heard.server_name or evidence.server_name,
        last_alert=_last_alert(failure, heard),
        next_protocol=heard.alpn or evidence.alpn,
        ssl_history=heard.history,
        cert_chain_fps=_fingerprints(host_chain),
        client_cert_chain_fps=_fingerprints(client_chain),
        subject=subject,
        issuer=issuer,
        client_subject=client_subject,
        client_issuer=client_issuer,
        validation_status=_validation(evidence),
        ja4=heard.ja4,
        sigalgs=Schemes(host=heard.host_scheme, client=heard.client_scheme),
        duration_ms=evidence.duration_ms,
        messages=tuple(_seen(message, end) for message in heard.messages),
    )


def _seen(message: Heard, end: End) -> MessageSeen:
    ours = message.by_client == (end == "client")
    direction = "sent" if ours else "received"
    return MessageSeen(direction, message.type, message.size, message.at_us)


def _chains(evidence: Evidence, heard: Transcript) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the chains of host and client; unheard, at least the peer's leaf is known."""
    peer = (evidence.certificate,) if evidence.certificate else ()
    if evidence.end == "host":
        return heard.host_chain, heard.client_chain or peer
    return heard.host_chain or peer, heard.client_chain


def _fingerprints(chain: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(sha256(certificate).hexdigest() for certificate in chain)


def _validation(evidence: Evidence) -> str | None:
    if evidence.established:
        return "ok"
    return evidence.failure.text if evidence.failure.verify_code is not None else None


def _last_alert(failure: Failure, heard: Transcript) -> str | None:
    """Return the alert that ended it; a cut makes OpenSSL add one that means nothing."""
    if failure.reason in {Reason.OK, Reason.CLOSED}:
        return failure.alert_received
    told = failure.alert_received or failure.alert_sent
    return told or (heard.alerts[-1][1] if heard.alerts else None)


def _zeek_version(version: str | None) -> str | None:
    return None if version is None else version.replace(".", "")
