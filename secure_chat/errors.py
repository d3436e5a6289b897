"""Every error a person can meet, in one tree, each with what, why, what to do and an exit code.

    SecureChatError                 1   anything not named below
    ├── UsageError                  2   the command was called wrongly
    ├── IdentityError               3   no usable certificate or key here
    │   ├── CertificateRefused      3   a certificate that is not what this program issues
    │   └── EnrolmentRefused        3   somebody asked for a certificate and may not have it
    ├── HostUnreachable             4   nothing answers at the address
    ├── HostNotTrusted              5   something answers, but it is not our host
    ├── HostRefused                 6   our host does not let us in
    ├── TransferIncomplete          7   a transfer stopped before its end
    │   └── TransferError           7   what was offered cannot be taken, or put where it belongs
    ├── OutcomeUnknown              8   no answer in time; repeating with the same id is safe
    ├── HostStartError              1   the host cannot start here (port, folder)
    ├── StoreError                  1   a data file cannot be used
    │   ├── StoreBusy               1   another process holds the folder
    │   ├── StoreFull               1   no room to store; nothing was stored
    │   └── StoreBroken             1   the disk failed; what was not acknowledged is unknown
    ├── PictureRefused              1   a picture cannot be shown (in `client/picture`)
    └── ProtocolError               1   the two ends did not speak the same language
        ├── LocalProtocolError      1   this end's own fault, a bug
        └── RemoteProtocolError     1   the peer's fault; carries the wire's close code

Owned by nobody; raised everywhere, printed only by `cli`.
"""

from enum import IntEnum

__all__ = [
    "CertificateRefused",
    "EnrolmentRefused",
    "Exit",
    "HostNotTrusted",
    "HostRefused",
    "HostStartError",
    "HostUnreachable",
    "IdentityError",
    "LocalProtocolError",
    "OutcomeUnknown",
    "ProtocolError",
    "RemoteProtocolError",
    "SecureChatError",
    "StoreBroken",
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "TransferError",
    "TransferIncomplete",
    "UsageError",
]


class Exit(IntEnum):
    """The exit codes of every command; scripts rely on them."""

    DONE = 0
    OTHER = 1
    USAGE = 2
    NO_IDENTITY = 3
    UNREACHABLE = 4
    NOT_TRUSTED = 5
    REFUSED = 6
    INCOMPLETE = 7
    UNKNOWN = 8
    INTERRUPTED = 130


class SecureChatError(Exception):
    """What went wrong, why, and what to do next.

    Args:
        what: one sentence without a full stop: what happened.
        why: the reason, with the system's or OpenSSL's own words where there are any.
        hint: what to run or change next.
    """

    exit_code: Exit = Exit.OTHER

    def __init__(self, what: str, *, why: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint
        self.uid = ""
        """The record of the handshake it is about; "" when there is none."""

    def __str__(self) -> str:
        return f"{self.what}: {self.why}" if self.why else self.what


class UsageError(SecureChatError):
    """The command was called wrongly."""

    exit_code = Exit.USAGE


class IdentityError(SecureChatError):
    """There is no usable certificate or key here."""

    exit_code = Exit.NO_IDENTITY


class CertificateRefused(IdentityError):
    """A certificate is not what this program would have issued.

    Args:
        code: which rule it breaks, a word of the closed vocabulary in `pki/profile.py`.
        what: one sentence.
        why: the rule in words.
        hint: what to run next.
    """

    def __init__(self, code: str, what: str, *, why: str = "", hint: str = "") -> None:
        super().__init__(what, why=why, hint=hint)
        self.code = code


class EnrolmentRefused(IdentityError):
    """Somebody asked for a certificate and may not have it.

    Args:
        code: why, a word of the closed vocabulary in `pki/claim.py`.
        what: one sentence, fit to be told to whoever asked.
        why: the rule in words.
        hint: what they can do next.
    """

    def __init__(self, code: str, what: str, *, why: str = "", hint: str = "") -> None:
        super().__init__(what, why=why, hint=hint)
        self.code = code


class HostUnreachable(SecureChatError):
    """Nothing answers at the address."""

    exit_code = Exit.UNREACHABLE


class HostNotTrusted(SecureChatError):
    """Something answers, but it cannot prove to be our host."""

    exit_code = Exit.NOT_TRUSTED


class HostRefused(SecureChatError):
    """Our host does not let us in.

    Args:
        code: the host's close code or the reason word of the handshake.
        what: one sentence.
        why: the host's own words.
        hint: what to run next.
    """

    exit_code = Exit.REFUSED

    def __init__(self, code: str, what: str, *, why: str = "", hint: str = "") -> None:
        super().__init__(what, why=why, hint=hint)
        self.code = code


class TransferIncomplete(SecureChatError):
    """A transfer stopped before its end."""

    exit_code = Exit.INCOMPLETE


class TransferError(TransferIncomplete):
    """What was offered cannot be taken, or cannot be put where it belongs; nothing was replaced."""


class OutcomeUnknown(SecureChatError):
    """No answer came in time; the same request with the same id may be repeated safely."""

    exit_code = Exit.UNKNOWN


class HostStartError(SecureChatError):
    """The host cannot start here."""


class StoreError(SecureChatError):
    """A data file cannot be used."""


class StoreBusy(StoreError):
    """Another process is using the folder."""


class StoreFull(StoreError):
    """There is no room; nothing of what was asked was stored."""


class StoreBroken(StoreError):
    """The disk failed; whether the last transaction is stored is unknown."""


class ProtocolError(SecureChatError):
    """The two ends did not speak the same language."""


class LocalProtocolError(ProtocolError):
    """This end tried something the protocol does not allow now: a bug of ours."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol.

    Args:
        code: the close code that the peer is told (`wire.messages.Code`).
        text: the sentence that the peer is told.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
