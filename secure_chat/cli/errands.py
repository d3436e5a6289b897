"""Files that come and go while one chats: each on a thread of its own, told about in lines.

Owned by whoever reads the input; its threads end with the transfers, or when they are stopped. What
goes wrong with one is told and harms nothing else.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from secure_chat.cli.carrying import left_out
from secure_chat.cli.clients import EventWriter
from secure_chat.cli.fetched import Fetched
from secure_chat.cli.fetching import Manner, fetch, name_of
from secure_chat.client.acts import SendFile
from secure_chat.client.events import Message, Problem
from secure_chat.client.text import printable
from secure_chat.errors import SecureChatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_chat.client.runtime import Client

__all__ = ["Errands"]

_MOST: Final = 8
_FAILED: Final = "failed"


class Errands:
    """The transfers of one conversation.

    Args:
        client: connected.
        writer: where is told what becomes of them.
        into: where received files land.
        shows: whether pictures are shown when they have come: only at a terminal.
    """

    def __init__(
        self, client: "Client", writer: EventWriter, into: Path, *, shows: bool = False
    ) -> None:
        self._client = client
        self._writer = writer
        self._into = into
        self._shows = shows
        self._fetched = Fetched(client.folder)
        self._cancel = threading.Event()
        self._threads: list[threading.Thread] = []

    def send(self, act: SendFile, room: str | None) -> None:
        """Begin to send a file or a folder.

        Args:
            act: what, and to whom.
            room: where it goes when the act names nobody.

        Raises:
            SecureChatError: there is none, or too many transfers go on.
        """
        try:
            path = Path(act.path).expanduser()
            found = bool(act.path) and (path.is_file() or path.is_dir())
        except (OSError, RuntimeError, ValueError):
            path, found = Path(), False
        if not found:
            raise SecureChatError("there is no such file or folder", hint="Look at the path.")
        if act.room is not None or act.to is not None:
            room = act.room
        self._begin("sending", lambda: self._send(path, act, room))

    def get(self, message: Message) -> None:
        """Begin to fetch the file of a message.

        Raises:
            SecureChatError: it has none, or too many transfers go on.
        """
        name_of(message)
        self._begin("fetching", lambda: self._get(message))

    def finish(self) -> None:
        """Wait until all are through."""
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def stop(self) -> None:
        """Stop what is not through; the same acts go on from where it was."""
        if any(thread.is_alive() for thread in self._threads):
            self._writer.aside("transfers are stopped; asked for again, they go on from there")
        self._cancel.set()
        self.finish()

    def _begin(self, name: str, body: "Callable[[], None]") -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) >= _MOST:
            raise SecureChatError(
                f"{_MOST} files are on their way already", hint="Wait until one is through."
            )

        def run() -> None:
            try:
                body()
            except SecureChatError as error:
                if not self._cancel.is_set():
                    hint = f" ({error.hint})" if error.hint else ""
                    self._writer.show(Problem(_FAILED, f"{error}{hint}"))
            except OSError as error:
                # A file that went away, or an inbox that is no folder any more.
                self._writer.show(Problem(_FAILED, error.strerror or str(error)))

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _send(self, path: Path, act: SendFile, room: str | None) -> None:
        name = act.name or path.resolve().name
        self._writer.aside(f"sending {printable(name)}")
        for line in left_out(path):
            self._writer.aside(line)
        acked = self._client.files.send(
            path,
            room=room,
            to=act.to,
            text=act.text,
            name=None if path.is_dir() else name,
            cancel=self._cancel,
        )
        self._writer.tell(
            {"event": "sent", "file": str(path), "seq": acked.seq},
            f"{printable(name)} is sent, stored as {acked.seq}",
        )

    def _get(self, message: Message) -> None:
        self._writer.aside(f"fetching {message.seq}, {printable(name_of(message))}")
        landed = fetch(self._client, message, Manner(into=self._into), cancel=self._cancel)
        if landed is None:
            # Only whoever wants a name to be skipped meets this.
            return
        self._fetched.add(message.seq)
        path = str(landed.path)
        told = {"event": "file", "seq": message.seq, "path": path, "type": landed.type or None}
        self._writer.tell(told, f"{message.seq} is here: {printable(path)}")
        for warning in landed.warnings:
            self._writer.aside(f"warning: {warning}")
        if self._shows and landed.type.startswith("image/"):
            from secure_chat.cli.picturing import drawn

            picture, why = drawn(landed.path)
            if picture:
                self._writer.draw(picture)
            else:
                self._writer.aside(printable(why))
