"""Records for tests, one like the other but for what a test changes."""

from typing import Any

from msgspec.structs import replace

from secure_chat.clock import rfc3339
from secure_chat.handshakes.record import HandshakeRecord

BEGIN = 1_795_348_800.0
"""2026-11-22T12:00:00Z"""

_GOOD = HandshakeRecord(
    ts=rfc3339(BEGIN),
    uid="Cgood",
    orig_h="127.0.0.1",
    orig_p=50_000,
    resp_h="127.0.0.1",
    resp_p=65_432,
    end="host",
    established=True,
    reason="ok",
    name="alice",
    client_subject="CN=alice",
)


def good(seconds: float = 0, **changes: Any) -> HandshakeRecord:
    """Return the record of a welcomed client, some seconds after the beginning."""
    return replace(_GOOD, ts=rfc3339(BEGIN + seconds), **changes)


def refused(seconds: float = 0, **changes: Any) -> HandshakeRecord:
    """Return the record of a refused client, some seconds after the beginning."""
    words = {"sentence": "the certificate of the client has expired", "advice": "make a new one"}
    base = replace(_GOOD, established=False, reason="expired", name=None, uid="Cbad", **words)
    return replace(base, ts=rfc3339(BEGIN + seconds), **changes)
