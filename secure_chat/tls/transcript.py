"""What a handshake said, read out of the raw messages that the link kept.

Pure, on the disk thread, long after the handshake: the callback inside OpenSSL only appends. It
must never raise on anything a peer can send; what cannot be read is None or empty.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from secure_chat.limits import Limits
from secure_chat.tls.context import Said
from secure_chat.tls.der import SEQUENCE, content_of
from secure_chat.tls.hello import (
    ClientHello,
    ServerHello,
    alpn_names,
    asks_again,
    client_hello,
    extensions,
    listed,
    server_hello,
)
from secure_chat.tls.ja4 import ja4
from secure_chat.tls.names import ALERTS, CIPHERS, GROUPS, MESSAGES, SCHEMES, VERSIONS, named
from secure_chat.tls.naming import distinguished_name
from secure_chat.tls.octets import Cut, Octets

__all__ = ["Heard", "Transcript", "read_transcript"]

_CHANGE_CIPHER: Final = 20
_ALERT: Final = 21
_HEADER: Final = 4

_CLIENT_HELLO: Final = 1
_SERVER_HELLO: Final = 2
_ENCRYPTED_EXTENSIONS: Final = 8
_CERTIFICATE: Final = 11
_CERTIFICATE_REQUEST: Final = 13
_CERTIFICATE_VERIFY: Final = 15
_SIGNATURES: Final = 13
_ALPN: Final = 16
_AUTHORITIES: Final = 47

_LIMITS: Final = Limits()
# A host says its extensions and its request in the same words to everybody.
_WORDINGS: Final = 16
_CHAINS: Final = 256

# The letters of Zeek's `ssl_history`; those of the client are written large.
_LETTERS: Final = {
    "HelloRequest": "h",
    "ClientHello": "c",
    "ServerHello": "s",
    "HelloRetryRequest": "j",
    "NewSessionTicket": "t",
    "EndOfEarlyData": "e",
    "EncryptedExtensions": "o",
    "Certificate": "x",
    "ServerKeyExchange": "k",
    "CertificateRequest": "r",
    "ServerHelloDone": "n",
    "CertificateVerify": "y",
    "ClientKeyExchange": "g",
    "Finished": "f",
    "CertificateStatus": "u",
    "KeyUpdate": "p",
    "ChangeCipherSpec": "i",
    "Alert": "l",
}


class Heard(NamedTuple):
    """One message as it passed.

    Args:
        by_client: whether the client sent it.
        type: its name in the standard; an alert has its own name behind a colon.
        size: its bytes before encryption, header included.
        at_us: microseconds since the connection began.
    """

    by_client: bool
    type: str
    size: int
    at_us: int


@dataclass(slots=True)
class Transcript:
    """What both ends offered, chose and proved, as far as it was said.

    Args:
        client: the first ClientHello.
        server: the last ServerHello.
        alpn: the application protocol the host chose.
        chosen: the types of the extensions the host answered with.
        asked: whether the host asked for a client certificate.
        authorities: the subjects of the authorities it asked for (RFC 4514), if it named any.
        asked_schemes: the signature schemes it accepts from a client.
        host_chain: the host's certificates in DER, leaf first.
        client_chain: the client's certificates in DER, leaf first; a refused client's too.
        host_scheme: what the host signed with.
        client_scheme: what the client signed with.
        alerts: the names of all alerts, as (by the client, name).
        messages: all of it in order.
    """

    client: ClientHello | None = None
    server: ServerHello | None = None
    alpn: str | None = None
    chosen: tuple[int, ...] = ()
    asked: bool = False
    authorities: tuple[str, ...] = ()
    asked_schemes: tuple[int, ...] = ()
    host_chain: tuple[bytes, ...] = ()
    client_chain: tuple[bytes, ...] = ()
    host_scheme: str | None = None
    client_scheme: str | None = None
    alerts: list[tuple[bool, str]] = field(default_factory=list)
    messages: list[Heard] = field(default_factory=list)

    @property
    def hello(self) -> str | None:
        """ClientHello.random in hex, the same on both ends and in every capture."""
        return self.client.random.hex() if self.client else None

    @property
    def ja4(self) -> str | None:
        """The client's JA4 fingerprint."""
        return ja4(self.client) if self.client else None

    @property
    def server_name(self) -> str | None:
        """The name the client asked for in clear text."""
        return self.client.server_name if self.client else None

    @property
    def version(self) -> str | None:
        """The version chosen, as Zeek writes it."""
        return named(VERSIONS, self.server.version) if self.server else None

    @property
    def cipher(self) -> str | None:
        """The cipher suite chosen."""
        return named(CIPHERS, self.server.cipher) if self.server else None

    @property
    def curve(self) -> str | None:
        """The key exchange group chosen."""
        if self.server is None or self.server.group is None:
            return None
        return named(GROUPS, self.server.group)

    @property
    def history(self) -> str:
        """One letter a message, as in Zeek's `ssl_history`."""
        letters = []
        for heard in self.messages:
            letter = _LETTERS.get(heard.type.partition(":")[0], "z")
            letters.append(letter.upper() if heard.by_client else letter)
        return "".join(letters)


def read_transcript(said: Iterable[Said]) -> Transcript:
    """Read what a handshake said.

    Which end is the client's follows from who sent the ClientHello, so the same function serves
    both ends.

    Args:
        said: as `Link.said` kept it.
    """
    found = Transcript()
    said = tuple(said)
    ours = _client_direction(said)
    for at, direction, content_type, _, data in said:
        by_client = direction == ours
        name = _named(content_type, data)
        if content_type == _ALERT:
            found.alerts.append((by_client, name.removeprefix("Alert:")))
        elif content_type != _CHANGE_CIPHER:
            _note(found, data, by_client=by_client)
        found.messages.append(Heard(by_client, name, len(data), at))
    return found


def _client_direction(said: tuple[Said, ...]) -> str:
    """Return the direction of what the client sent; a host that heard none read from it."""
    for _, direction, content_type, _, data in said:
        if content_type not in {_CHANGE_CIPHER, _ALERT}:
            if data[:1] == bytes([_CLIENT_HELLO]):
                return direction
            if data[:1] == bytes([_SERVER_HELLO]):
                return "read" if direction == "write" else "write"
    return "read"


def _named(content_type: int, data: bytes) -> str:
    """Return what a message is called; OpenSSL's numbers are trusted less than the bytes."""
    if content_type == _CHANGE_CIPHER:
        return "ChangeCipherSpec"
    if content_type == _ALERT:
        return f"Alert:{named(ALERTS, data[-1])}" if data else "Alert:empty"
    if not data:
        return "empty"
    if data[0] == _SERVER_HELLO and asks_again(data):
        return "HelloRetryRequest"
    return named(MESSAGES, data[0])


def _note(found: Transcript, data: bytes, *, by_client: bool) -> None:
    """Put what one handshake message says into the transcript, as far as it can be read."""
    kind = data[0] if data else None
    try:
        if kind == _CLIENT_HELLO:
            found.client = found.client or client_hello(data)
        elif kind == _SERVER_HELLO:
            found.server = server_hello(data)
        elif kind == _ENCRYPTED_EXTENSIONS:
            found.chosen, found.alpn = _encrypted_extensions(data)
        elif kind == _CERTIFICATE_REQUEST:
            found.asked = True
            found.authorities, found.asked_schemes = _request(data)
        elif kind == _CERTIFICATE:
            _note_chain(found, _chain(data), by_client=by_client)
        elif kind == _CERTIFICATE_VERIFY:
            _note_scheme(found, Octets(data[_HEADER:]).number(2), by_client=by_client)
    except Cut:
        # What is too short for what it says is left as unknown.
        return


def _note_chain(found: Transcript, chain: tuple[bytes, ...], *, by_client: bool) -> None:
    if by_client:
        found.client_chain = chain
    else:
        found.host_chain = chain


def _note_scheme(found: Transcript, number: int, *, by_client: bool) -> None:
    if by_client:
        found.client_scheme = named(SCHEMES, number)
    else:
        found.host_scheme = named(SCHEMES, number)


@lru_cache(maxsize=_WORDINGS)
def _encrypted_extensions(data: bytes) -> tuple[tuple[int, ...], str | None]:
    """Return the types of the extensions in EncryptedExtensions, and the protocol chosen."""
    held = extensions(Octets(data[_HEADER:]))
    alpn = None
    for kind, content in held:
        if kind == _ALPN:
            names = alpn_names(content)
            alpn = names[0].decode("ascii", "backslashreplace") if names else None
    return tuple(kind for kind, _ in held), alpn


@lru_cache(maxsize=_WORDINGS)
def _request(data: bytes) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return authorities and schemes of a CertificateRequest (RFC 8446 section 4.3.2)."""
    body = Octets(data[_HEADER:])
    body.vector(1)
    authorities: tuple[str, ...] = ()
    schemes: tuple[int, ...] = ()
    for kind, content in extensions(body):
        # A broken one is left out and does not hide the others.
        with suppress(Cut):
            if kind == _SIGNATURES:
                schemes = listed(content)
            elif kind == _AUTHORITIES:
                authorities = _authorities(Octets(content).vector(2))
    return authorities, schemes


def _authorities(names: Octets) -> tuple[str, ...]:
    found: list[str] = []
    while names and len(found) < _LIMITS.offers_recorded:
        found.append(distinguished_name(content_of(SEQUENCE, names.vector(2))))
    return tuple(found)


def _chain(data: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a Certificate message of TLS 1.3 (RFC 8446 section 4.4.2).

    A broken list is read as far as it goes: what was shown first is who wanted to be let in. One's
    own comes with every handshake, so chains are remembered, but none that fills the memory.
    """
    small = len(data) <= _LIMITS.certificate_bytes
    return _remembered_chain(data) if small else _read_chain(data)


def _read_chain(data: bytes) -> tuple[bytes, ...]:
    chain: list[bytes] = []
    with suppress(Cut):
        body = Octets(data[_HEADER:])
        body.vector(1)
        entries = body.vector(3)
        while entries and len(chain) < _LIMITS.certificates_recorded:
            chain.append(entries.take(entries.number(3)))
            entries.vector(2)
    return tuple(chain)


_remembered_chain: Final = lru_cache(maxsize=_CHAINS)(_read_chain)
