"""After a lost connection: give up or try again, and when.

Pure functions, used by `client.session`. What is about us (trust, refusal) is final; what may
pass is waited for, once the host has let us in at least once.
"""

from typing import Final

from secure_chat.errors import HostNotTrusted, HostRefused, HostUnreachable, SecureChatError
from secure_chat.limits import Limits
from secure_chat.wire.messages import Code

__all__ = ["final_error", "wait_before"]

# A host that closes with one of these means us and will say the same the next time.
_FINAL: Final = frozenset(
    {
        Code.ALPN,
        Code.VERSION,
        Code.CERTIFICATE,
        Code.NOT_REGISTERED,
        Code.REVOKED,
        Code.EXPIRED,
    }
)
# These pass: after a welcome they are a reason to wait, not to give up.
_PASSING: Final = frozenset({Code.TOO_MANY_CONNECTIONS, Code.HOST_FULL})

# Beyond that many doublings every wait is the longest one anyway.
_MOST_DOUBLINGS: Final = 30


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
        return error or HostRefused(
            code,
            "the host let us in and now keeps us out",
            why=text or code,
            hint="Ask whoever runs the host; `securechat handshakes --failed` lists refusals.",
        )
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
