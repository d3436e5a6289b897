"""Everything a host is started with, as one value.

Made by whoever starts a host, read on the main thread when its parts are made.
"""

from dataclasses import dataclass, field
from pathlib import Path

from secure_chat.clock import Clock, SystemClock
from secure_chat.limits import Limits
from secure_chat.pki.keys import Passphrase

__all__ = ["HostSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """Everything a host is started with.

    Args:
        certs: the certificates folder.
        data: the host's own data folder; made when missing.
        bind: the address to listen on.
        port: the port; 0 for a free one.
        enroll_bind: the address of the enrolment listener; None for that of the chat.
        enroll_port: its port; 0 for a free one.
        workers: how many I/O workers.
        keep_seconds: how long messages are kept; None for ever.
        keep_files_seconds: how long files are kept though messages refer to them; None for as
            long as those do.
        passphrase: asked at start, at most once, when the host's or the authority's key is
            encrypted; it is tried for both.
        keylog: where the keys of every connection are written; None for nowhere.
        limits: the bounds in force.
        clock: the time.
    """

    certs: Path
    data: Path
    bind: str = "127.0.0.1"
    port: int = 65_432
    enroll_bind: str | None = None
    enroll_port: int = 65_433
    workers: int = 1
    keep_seconds: float | None = None
    keep_files_seconds: float | None = None
    passphrase: Passphrase | None = None
    keylog: Path | None = None
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)
