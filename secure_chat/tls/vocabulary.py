"""The closed vocabulary of why a handshake ended, with a sentence and an advice for each word.

Pure tables, read on any thread. A sentence says what happened as the named end saw it; it must
never carry a peer's own text, so every word of it is safe to print.
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = ["End", "Reason", "advice", "from_code", "sentence"]

End: TypeAlias = Literal["host", "client"]
"""Which end speaks: the record of one handshake exists on both."""


class Reason(StrEnum):
    """How a handshake ended, in one word; scripts rely on them."""

    OK = "ok"
    # one end judged the other's certificate
    NO_CERTIFICATE = "no-certificate"
    UNKNOWN_CA = "unknown-ca"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    REVOKED = "revoked"
    WRONG_PURPOSE = "wrong-purpose"
    BAD_CERTIFICATE = "bad-certificate"
    STRICT = "strict"
    NAME_MISMATCH = "name-mismatch"
    IP_MISMATCH = "ip-mismatch"
    CRL = "crl"
    # the two ends found no common ground
    OLD_TLS = "old-tls"
    NO_COMMON = "no-common-settings"
    NO_ALPN = "no-alpn"
    VERSION = "version"
    # the host refused behind the handshake
    PROFILE = "profile"
    NOT_REGISTERED = "not-registered"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    HOST_FULL = "host-full"
    PROTOCOL = "protocol"
    SHUTDOWN = "shutdown"
    # at the enrolment listener, where people without a certificate come
    INTRODUCED = "introduced"
    ENROLLED = "enrolled"
    UNKNOWN_SECRET = "unknown-secret"  # noqa: S105 - a word for it, not one
    INVITE_EXPIRED = "invite-expired"
    INVITE_USED = "invite-used"
    INVITE_CANCELLED = "invite-cancelled"
    WRONG_NAME = "wrong-name"
    NAME_RETIRED = "name-retired"
    BAD_REQUEST = "bad-request"
    TOO_MANY_ATTEMPTS = "too-many-attempts"
    NO_AUTHORITY = "no-authority"
    OTHER_AUTHORITY = "other-authority"
    # it never became a handshake, or not a whole one
    PLAINTEXT = "plaintext"
    GARBAGE = "garbage"
    MALFORMED = "malformed"
    SILENT = "silent"
    STALLED = "stalled"
    CLOSED = "closed"
    DROPPED = "dropped"
    # said by the peer, or by nobody
    ALERT = "alert"
    OTHER = "other"


class _Words(NamedTuple):
    """What one reason reads like.

    Args:
        sentence: with {owner} for the end whose certificate or behaviour it is about, {judge} for
            the end that refused, and {peer} for the other end as the speaker sees it.
        theirs: what to do when it is about the other end.
        ours: what to do when it is about the speaker's own end.
    """

    sentence: str
    theirs: str
    ours: str


_REISSUE: Final = (
    "remove the old .crt and .key from certs and run `securechat init-certs`, which makes"
    " what is missing"
)
_ASK_REISSUE: Final = "whoever made their certificate should make them a new one"
_SAME_SETUP: Final = (
    "use certificates made by one `securechat init-certs`: both ends need the same ca.crt"
)
_CLOCKS: Final = "compare the clocks of both computers, then wait or make a new certificate"
_INVITE_ANEW: Final = "ask whoever invited you for a new invitation"
_INVITE_THEM: Final = "invite them anew: `securechat invite NAME`"
_NOTHING: Final = "nothing to do here; if it should be a member, it must use `securechat join`"

_WORDS: Final[dict[Reason, _Words]] = {
    Reason.OK: _Words("both ends accepted each other", "nothing to do", "nothing to do"),
    Reason.NO_CERTIFICATE: _Words(
        "{owner} showed no certificate",
        "give them a certificate: `securechat init-certs --client NAME`",
        "name an identity with --as, or make one: `securechat init-certs --client NAME`",
    ),
    Reason.UNKNOWN_CA: _Words(
        "the certificate of {owner} was not issued by an authority that {judge} trusts",
        _SAME_SETUP,
        _SAME_SETUP,
    ),
    Reason.EXPIRED: _Words("the certificate of {owner} has expired", _ASK_REISSUE, _REISSUE),
    Reason.NOT_YET_VALID: _Words("the certificate of {owner} is not valid yet", _CLOCKS, _CLOCKS),
    Reason.REVOKED: _Words(
        "the certificate of {owner} has been revoked",
        "nothing to do: revoked means kept out",
        "ask whoever runs the host for a new certificate",
    ),
    Reason.WRONG_PURPOSE: _Words(
        "the certificate of {owner} was made for another purpose",
        "clients need a client certificate and hosts a host certificate",
        "use certs/clients/NAME.crt for a client and certs/host.crt for the host",
    ),
    Reason.BAD_CERTIFICATE: _Words(
        "{judge} does not accept the certificate of {owner}",
        _ASK_REISSUE,
        "the other end's record knows more; compare names, dates and the clocks of both computers",
    ),
    Reason.STRICT: _Words(
        "the certificate of {owner} breaks the rules for certificates (RFC 5280)",
        _ASK_REISSUE,
        _REISSUE,
    ),
    Reason.NAME_MISMATCH: _Words(
        "the certificate of {owner} is not made for the name that was dialled",
        "dial a name that the host's certificate has, or add this one:"
        " `securechat init-certs --host-name NAME`",
        "add the name that clients dial: `securechat init-certs --host-name NAME`",
    ),
    Reason.IP_MISMATCH: _Words(
        "the certificate of {owner} is not made for the address that was dialled",
        "dial a name that the host's certificate has, or add this address:"
        " `securechat init-certs --host-name ADDRESS`",
        "add the address that clients dial: `securechat init-certs --host-name ADDRESS`",
    ),
    Reason.CRL: _Words(
        "the revocation list of {judge} cannot be used",
        "make a new certs/crl.pem with `securechat init-certs`",
        "whoever runs the host must repair its certs/crl.pem",
    ),
    Reason.OLD_TLS: _Words(
        "the two ends have no TLS version in common, as only TLS 1.3 is spoken here",
        "update the program at the other end",
        "update this program's Python or OpenSSL, or the program at the other end",
    ),
    Reason.NO_COMMON: _Words(
        "the two ends have no cipher, group or signature scheme in common",
        "update the program at the other end",
        "update this program's Python or OpenSSL, or the program at the other end",
    ),
    Reason.NO_ALPN: _Words(
        "the two ends do not speak the same protocol (ALPN securechat/1)",
        "another program is at the other end: check address and port, or let it be",
        "connect with `securechat join`, or ask for ALPN securechat/1",
    ),
    Reason.VERSION: _Words(
        "{owner} speaks a version of the protocol that {judge} does not know",
        "update the older end",
        "update the older end",
    ),
    Reason.PROFILE: _Words(
        "the certificate of {owner} is not one that securechat issues",
        "make it with `securechat init-certs --client NAME`",
        "get a certificate made with `securechat init-certs --client NAME`",
    ),
    Reason.NOT_REGISTERED: _Words(
        "the certificate of {owner} is not in the register of {judge}",
        "make it in the certs folder that the host uses: `securechat init-certs --client NAME`",
        "get a certificate from the certs folder that the host uses",
    ),
    Reason.TOO_MANY_CONNECTIONS: _Words(
        "{owner} has too many connections already",
        "they should close some",
        "close some of them",
    ),
    Reason.HOST_FULL: _Words(
        "the host has no room for another connection", "try again later", "try again later"
    ),
    Reason.PROTOCOL: _Words(
        "one end broke the protocol behind the handshake",
        "update the program at the other end",
        "update this program",
    ),
    Reason.SHUTDOWN: _Words(
        "the host was stopping", "nothing to do", "try again when the host is back"
    ),
    Reason.INTRODUCED: _Words(
        "the client was told the authorities of the host, and left",
        "nothing to do",
        "nothing to do",
    ),
    Reason.ENROLLED: _Words("the client was given a certificate", "nothing to do", "nothing to do"),
    Reason.UNKNOWN_SECRET: _Words(
        "no invitation has the secret that {owner} showed",
        "nothing to do for a guess; if they were invited, invite them anew",
        _INVITE_ANEW,
    ),
    Reason.INVITE_EXPIRED: _Words(
        "the invitation that {owner} showed has expired", _INVITE_THEM, _INVITE_ANEW
    ),
    Reason.INVITE_USED: _Words(
        "the invitation that {owner} showed has been used already",
        "if they say that it was not them, revoke what it gave (`securechat certs list`) and invite"
        " them anew",
        "if an earlier try of yours was cut off, its answer was lost; if it was not you, tell"
        f" whoever invited you at once; {_INVITE_ANEW}",
    ),
    Reason.INVITE_CANCELLED: _Words(
        "the invitation that {owner} showed has been cancelled", _INVITE_THEM, _INVITE_ANEW
    ),
    Reason.WRONG_NAME: _Words(
        "{owner} asked for a certificate for another name than the invitation's",
        "nothing to do: nobody gets a name that they were not invited for",
        "use the invitation as it was given to you",
    ),
    Reason.NAME_RETIRED: _Words(
        "the name that {owner} was invited under is given to nobody any more",
        "invite them under another name: whoever had this one was revoked",
        "ask whoever invited you for an invitation under another name",
    ),
    Reason.BAD_REQUEST: _Words(
        "the certificate request of {owner} cannot be used",
        "a faulty program, or somebody changed it; nothing was issued",
        "update this program, then try again with the same invitation",
    ),
    Reason.TOO_MANY_ATTEMPTS: _Words(
        "too many requests for a certificate were refused within a minute",
        "look who tries: `securechat handshakes --failed`; it passes by itself",
        "wait a minute, then try again with the same invitation",
    ),
    Reason.NO_AUTHORITY: _Words(
        "{judge} cannot issue certificates now",
        "start the host where ca.key is, with its passphrase",
        "tell whoever runs the host, then try again with the same invitation",
    ),
    Reason.OTHER_AUTHORITY: _Words(
        "{owner} is not the host that the invitation names: its authorities have other keys",
        "do not use that host; ask whoever invited you, as the invitation's secret was not sent",
        "invite them anew: the authority may have changed since",
    ),
    Reason.PLAINTEXT: _Words(
        "{peer} speaks plain text instead of TLS",
        "check what listens or dials there; only `securechat join` talks to a host",
        "check address and port",
    ),
    Reason.GARBAGE: _Words(
        "{peer} sent bytes that are no TLS",
        "check what listens or dials there; only `securechat join` talks to a host",
        "check address and port",
    ),
    Reason.MALFORMED: _Words(
        "{owner} sent TLS messages that are damaged or against the rules",
        "a faulty program or a damaged line: look whether it happens again",
        "a faulty program or a damaged line: look whether it happens again",
    ),
    Reason.SILENT: _Words(
        "{peer} connected and said nothing before the deadline",
        "nothing to do unless it happens often: a scanner, or a line that swallows data",
        "check address and port",
    ),
    Reason.STALLED: _Words(
        "{peer} began the handshake and stopped before its end",
        "look at the line between the two: large packets may be lost on it",
        "look at the line between the two: large packets may be lost on it",
    ),
    Reason.CLOSED: _Words(
        "{peer} closed the connection in the middle of the handshake",
        "look into the other end's record: it may say why",
        "look into the other end's record: it may say why",
    ),
    Reason.DROPPED: _Words(
        "the connection waited longest among too many unfinished ones and was dropped",
        "look who opens so many connections: `securechat handshakes --failed`",
        "try again; the host was flooded",
    ),
    Reason.ALERT: _Words(
        "{judge} ended the handshake with an alert",
        "look into the other end's record: it knows why",
        "look into the other end's record: it knows why",
    ),
    Reason.OTHER: _Words(
        "the handshake failed",
        "look at OpenSSL's own words beside this",
        "look at OpenSSL's own words beside this",
    ),
}

# What the host says of itself cannot be about the client's behaviour, whoever says it.
_CODES: Final = {
    "alpn": Reason.NO_ALPN,
    "certificate": Reason.PROFILE,
    "too-big": Reason.PROTOCOL,
}


def sentence(reason: Reason, end: End, *, by_peer: bool = False) -> str:
    """Return what happened, as a sentence without a full stop.

    Args:
        reason: why the handshake ended.
        end: who is speaking.
        by_peer: whether the other end refused (by an alert or a close frame); then it is about
            the speaker's own certificate or behaviour.
    """
    here, there = f"this {end}", "the client" if end == "host" else "the host"
    owner, judge = (here, there) if by_peer else (there, here)
    return _WORDS[reason].sentence.format(owner=owner, judge=judge, peer=there)


def advice(reason: Reason, end: End, *, by_peer: bool = False) -> str:
    """Return what to do next, as a sentence without a full stop.

    Args:
        reason: why the handshake ended.
        end: who is speaking.
        by_peer: whether the other end refused.
    """
    # A host that judges a client reads of theirs; a client has to act itself when it is told off,
    # and when there is nothing but its own address to check.
    words = _WORDS[reason]
    own = by_peer or (end == "client" and words.sentence.startswith("{peer}"))
    return words.ours if own else words.theirs


def from_code(code: str) -> Reason:
    """Return the reason that a close code of the protocol stands for, `other` when unknown.

    Args:
        code: a word of `wire.messages.Code`.
    """
    if code in _CODES:
        return _CODES[code]
    try:
        return Reason(code)
    except ValueError:
        return Reason.OTHER
