"""What is said at the enrolment listener: four messages, in the frames of the chat protocol.

Pure values and functions, used on any thread. The host speaks first and says which authorities it
has; the person asks for a certificate; the host gives it or closes. ENROLMENT.md says the same in
prose. Nothing of the chat can be said here, and nothing of this in the chat: each side has a
decoder of its own.
"""

from typing import Annotated, Final, TypeAlias

from msgspec import DecodeError, Meta
from msgspec.msgpack import Decoder

from secure_chat.limits import Limits
from secure_chat.wire.codec import fault_of
from secure_chat.wire.part import Close, Part, Word

__all__ = [
    "Authorities",
    "Enroll",
    "Enrolled",
    "FromHost",
    "FromPerson",
    "decode_from_host",
    "decode_from_person",
]

# A request is a few hundred bytes of PEM, with an RSA key about two thousand.
Request: TypeAlias = Annotated[str, Meta(max_length=Limits().request_bytes)]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65_535)]


class Authorities(Part, frozen=True):
    """The first frame of a connection: whom this community trusts.

    Args:
        pem: the certificates of its authorities.
    """

    pem: str


class Enroll(Part, frozen=True):
    """The person asks for a certificate; said only to a host that has proved who it is.

    Args:
        name: whom it is to be for.
        secret: the invitation's.
        request: PEM of a PKCS#10 request, signed by the key that it is to be for.
    """

    name: Word
    secret: Word
    request: Request

    def __repr__(self) -> str:
        """Leave the secret out: a value may be shown in a log or a traceback."""
        return f"Enroll(name={self.name!r})"


class Enrolled(Part, frozen=True):
    """The host's answer: the person is a member from now on.

    Args:
        certificate: theirs, PEM.
        authorities: the certificates of all authorities to trust, PEM.
        community: the community's id.
        port: where the chat is, at the same host.
    """

    certificate: str
    authorities: str
    community: Word
    port: Port


FromPerson: TypeAlias = Enroll | Close
FromHost: TypeAlias = Authorities | Enrolled | Close

_FROM_PERSON: Final[Decoder[FromPerson]] = Decoder(FromPerson)
_FROM_HOST: Final[Decoder[FromHost]] = Decoder(FromHost)


def decode_from_person(frame: bytes) -> FromPerson:
    """Read what an enrolling person sent.

    Args:
        frame: the body of one frame, without its length.

    Raises:
        RemoteProtocolError: it is nothing that may be said here.
    """
    try:
        return _FROM_PERSON.decode(frame)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise fault_of(error) from error


def decode_from_host(frame: bytes) -> FromHost:
    """Read what an enrolment listener sent.

    Args:
        frame: the body of one frame, without its length.

    Raises:
        RemoteProtocolError: it is nothing that may be said here.
    """
    try:
        return _FROM_HOST.decode(frame)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise fault_of(error) from error
