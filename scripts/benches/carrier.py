"""A client that sends, fetches and chats as it is told on stdin; a process of its own.

Each line is an order in JSON, and so is each answer on stdout. Moments that are compared between
carriers come from the one monotonic clock of this computer.
"""

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from secure_chat.client.events import Message
from secure_chat.client.inbox import Inbox, OnExists
from secure_chat.client.runtime import Client

__all__ = ["MARK", "main"]

MARK: Final = "sent at "


class Carrier:
    """One connected client.

    Args:
        client: connected.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._taken: list[float] = []
        self._talking = threading.Event()
        self._talker: threading.Thread | None = None

    def listen(self) -> None:
        """Note how long each marked message was on its way; a thread's body."""
        for event in self._client.events():
            if isinstance(event, Message) and event.text.startswith(MARK):
                sent = int(event.text.removeprefix(MARK))
                if event.author != self._client.name:
                    self._taken.append((time.monotonic_ns() - sent) / 1e6)

    def carry_out(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order and return the answer."""
        began = time.monotonic()
        if "send" in order:
            acked = self._client.files.send(Path(order["send"]), to=order["to"], room=None)
            return {"seconds": time.monotonic() - began, "seq": acked.seq}
        if "get" in order:
            message = self._client.files.message(order["get"])
            with Inbox.open(Path(order["into"])) as inbox:
                path = self._client.files.fetch(message, inbox, on_exists=OnExists.RENAME)
            return {"seconds": time.monotonic() - began, "path": str(path)}
        if "talk" in order:
            self._talking.set()
            self._talker = threading.Thread(target=self._talk, args=(order["talk"], order["rate"]))
            self._talker.start()
            return {}
        if "hush" in order:
            self._talking.clear()
            if self._talker is not None:
                self._talker.join()
            return {}
        taken, self._taken = self._taken, []
        return {"taken": taken}

    def _talk(self, other: str, rate: float) -> None:
        due = time.monotonic()
        while self._talking.is_set():
            self._client.say(f"{MARK}{time.monotonic_ns()}", to=other)
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> int:
    """Connect and carry out orders until stdin ends."""
    parser = argparse.ArgumentParser()
    for option in ("--as", "--at", "--certs", "--data"):
        parser.add_argument(option, required=True)
    options = vars(parser.parse_args())
    client = Client(options["as"], at=options["at"], certs=options["certs"], data=options["data"])
    with client:
        carrier = Carrier(client)
        threading.Thread(target=carrier.listen, daemon=True).start()
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            print(json.dumps(carrier.carry_out(json.loads(line))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
