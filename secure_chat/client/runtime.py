"""The client as a library: connect, say, listen, ask; everything a window or a script needs.

`Client` may be used from any thread but for its events, which one thread consumes. It starts two
threads, the worker that owns the connection and the keeper that owns the disk; it never prints
and never exits.
"""

import itertools
import queue
import random
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from secure_chat.client.choice import Ask as AskPerson
from secure_chat.client.choice import choose, client_folder
from secure_chat.client.credentials import Credentials
from secure_chat.client.effects import Mode, Outgoing, Request
from secure_chat.client.events import (
    Acked,
    Event,
    Message,
    Page,
    People,
    Problem,
    Profile,
    Refused,
    RoomList,
)
from secure_chat.client.keeper import Keeper, Leaving
from secure_chat.client.line import Ask, Line, Relieved
from secure_chat.client.outlet import Outlet, Slot
from secure_chat.client.session import Session
from secure_chat.client.store import Store, StoreBusy
from secure_chat.clock import Clock, SystemClock
from secure_chat.errors import (
    HostUnreachable,
    OutcomeUnknown,
    RemoteProtocolError,
    SecureChatError,
    UsageError,
)
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
from secure_chat.limits import Limits
from secure_chat.net.dialer import split_target
from secure_chat.net.worker import Worker
from secure_chat.pki.keys import Passphrase
from secure_chat.pki.vault import Vault
from secure_chat.wire.codec import decode_from_client, encode
from secure_chat.wire.framing import PREFIX_BYTES
from secure_chat.wire.messages import History, Join, Leave, Rooms, Said, Say, Who, Whois
from secure_chat.wire.states import Role

__all__ = ["Client", "ClientSettings"]
