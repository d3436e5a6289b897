"""After a lost connection: give up or try again, and when.

Pure functions, used by `client.session`. What is about us (trust, refusal) is final; what may
pass is waited for, once the host has let us in at least once.
"""

from typing import Final, NamedTuple

from secure_chat.errors import HostNotTrusted, HostRefused, HostUnreachable, SecureChatError
from secure_chat.limits import Limits
from secure_chat.tls.vocabulary import Reason
from secure_chat.wire.messages import Code

__all__ = ["about_our_certificate", "final_error", "wait_before"]

# A host that closes with one of these means us and will say the same the next time.
_FINAL: Final = frozenset(
    {
        Code.ALPN,
        Code.VERSION,
        Code.CERTIFICATE,
        Code.NOT_REGISTERED,
        Code.REVOKED,
        Code.SUPERSEDED,
        Code.EXPIRED,
        Code.KICKED,
    }
)
# These pass: after a welcome they are a reason to wait, not to give up.
_PASSING: Final = frozenset({Code.TOO_MANY_CONNECTIONS, Code.HOST_FULL})

# What a host says against the certificate we showed; another certificate may fare otherwise.
_OURS: Final[frozenset[str]] = frozenset(
    {
        Code.CERTIFICATE,
        Code.NOT_REGISTERED,
        Code.REVOKED,
        Code.SUPERSEDED,
        Code.EXPIRED,
        Reason.UNKNOWN_CA,
        Reason.BAD_CERTIFICATE,
    }
)


class _Words(NamedTuple):
    """How a refusal is told.

    Args:
        what: what happened, for one in the middle of a conversation.
        hint: what to do.
    """

    what: str
    hint: str


_KEPT_OUT: Final = "the host let us in and now keeps us out"
_INVITE: Final = "Ask whoever runs the host for a new one: `securechat invite` makes an invitation."
_WORDS: Final[dict[str, _Words]] = {
    Code.REVOKED: _Words(_KEPT_OUT, _INVITE),
    Code.EXPIRED: _Words(_KEPT_OUT, _INVITE),
    Code.SUPERSEDED: _Words(
        "this computer's certificate is not the newest one",
        "It was renewed from a copy of these files elsewhere. Every computer should have its own"
        " certificate: ask whoever runs the host for another invitation.",
    ),
    Code.KICKED: _Words("you were sent away", "You may join again."),
}
_OTHERWISE: Final = _Words(
    _KEPT_OUT,
    "Ask whoever runs the host; `securechat handshakes --failed` lists refusals.",
)

# Beyond that many doublings every wait is the longest one anyway.
_MOST_DOUBLINGS: Final = 30


def about_our_certificate(code: str, error: SecureChatError | None) -> bool:
    """Tell whether a host has refused the certificate we showed, and not us or the moment.

    Args:
        code: why the connection ended, as the worker says it.
        error: ready to be shown, when the connection never came up or was refused.
    """
    # The same words stand for the host's certificate when it is we who refuse.
    return code in _OURS and not isinstance(error, HostNotTrusted)


def final_error(
    code: str, text: str, error: SecureChatError | None, *, welcomed: bool
) -> SecureChatError | None:
    """Return the error that ends a client, None when it shall try again.

    Args:
        code: why the connection ended, as the worker says it.
        text: the reason in words.
        error: ready to be shown, when the connection never came up or was refused.
        welcomed: whether the host has ever let us in.
    """
    if code in _FINAL or isinstance(error, HostRefused | HostNotTrusted):
        if welcomed and code in _PASSING:
            return None
        words = _WORDS.get(code, _OTHERWISE)
        if error is None:
            return HostRefused(code, words.what, why=text or code, hint=words.hint)
        if isinstance(error, HostRefused) and code in _WORDS:
            error.hint = words.hint
        return error
    if welcomed:
        return None
    return error or HostUnreachable(
        "the host closed the connection before it let us in",
        why=text or code,
        hint="Try again; the host's own messages say more.",
    )


def wait_before(attempt: int, limits: Limits, random: float) -> float:
    """Return the seconds before an attempt: doubling, bounded, never the same for all clients.

    Args:
        attempt: how many have failed since the last welcome.
        limits: `retry_first_seconds` and `retry_most_seconds` are used.
        random: from 0 to below 1; a thousand clients of one host must not come back at once.
    """
    doubled = limits.retry_first_seconds * 2.0 ** min(attempt, _MOST_DOUBLINGS)
    return min(limits.retry_most_seconds, doubled) * (1.0 + random) / 2.0
