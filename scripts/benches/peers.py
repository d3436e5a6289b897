"""The servers that are compared, all with mutual TLS from one authority."""

from typing import Final

from scripts.benches.brokers import Mosquitto, Nats
from scripts.benches.irc import InspIrcd, NgIrcd
from scripts.benches.ours import SecureChat
from scripts.benches.peer import NAMES, Papers, Peer, running
from scripts.benches.pythons import PythonAsyncio, PythonThreads

__all__ = ["NAMES", "PEERS", "Mosquitto", "Nats", "Papers", "Peer", "SecureChat", "running"]

_KINDS: Final = (SecureChat, Nats, InspIrcd, NgIrcd, Mosquitto, PythonThreads, PythonAsyncio)
PEERS: Final[dict[str, type[Peer]]] = {kind.name: kind for kind in _KINDS}
