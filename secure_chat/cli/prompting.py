"""`securechat join` with a person at a terminal: a prompt that incoming lines do not garble.

The main thread owns the prompt; a thread of its own shows events above it. The only module that
imports prompt_toolkit, and only when there is a terminal.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from secure_chat.cli.acting import Actor
from secure_chat.cli.clients import EventWriter
from secure_chat.client.events import Refused
from secure_chat.client.speech import Typing
from secure_chat.limits import Limits

if TYPE_CHECKING:
    from secure_chat.client.runtime import Client

__all__ = ["converse"]


class _Prompt:
    """The line at the bottom; another thread may end it.

    Args:
        writer: knows who and where we are.
        typing: knows whether code is being typed.
    """

    def __init__(self, writer: EventWriter, typing: Typing) -> None:
        self._view = writer.view
        self._typing = typing
        # What was typed is taken off the screen: it comes back as a message when it is stored.
        self._session: PromptSession[str] = PromptSession(erase_when_done=True)
        self._over = threading.Event()

    def read(self) -> str:
        """Return the next line.

        Raises:
            EOFError: there is none, or the conversation is over.
            KeyboardInterrupt: the person pressed Ctrl-C.
        """
        return self._session.prompt(self._text, pre_run=self._look)

    def end(self) -> None:
        """End the prompt that is shown, or the next one before it is; from any thread."""
        self._over.set()
        loop = self._session.app.loop
        if loop is not None:
            loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        app = self._session.app
        if self._over.is_set() and app.is_running and not app.is_done:
            app.exit(exception=EOFError())

    def _text(self) -> str:
        if self._typing.in_block:
            return "code, a dot ends it> "
        view = self._view
        return f"{view.name}@{view.room}{'' if view.connected else ' (away)'}> "


def converse(client: "Client", writer: EventWriter, into: Path | None = None) -> None:
    """Take part until the person leaves or the host keeps us out.

    Args:
        client: connected.
        writer: where events go.
        into: what `--into` says.

    Raises:
        HostRefused: the host keeps us out from now on.
        HostNotTrusted: what answers now is not our host.
        KeyboardInterrupt: the person pressed Ctrl-C.
    """
    typing = Typing(Limits())
    prompt = _Prompt(writer, typing)
    actor = Actor(client, writer, into=into, shows=True)

    def listen() -> None:
        for event in client.events():
            if not isinstance(event, Refused):
                writer.show(event)
        prompt.end()

    with patch_stdout(raw=True):
        # The streams that Console knows are the ones below the prompt.
        writer.use_standard_streams()
        listener = threading.Thread(target=listen, name="listener", daemon=True)
        listener.start()
        try:
            _read_until_end(prompt, typing, actor)
        finally:
            actor.stop()
            # What is not acknowledged by then stays on the disk, and its number is told.
            client.close(patience=Limits().stop_seconds)
            listener.join()
    if client.error is not None:
        raise client.error


def _read_until_end(prompt: _Prompt, typing: Typing, actor: Actor) -> None:
    """Act on one line after the other until the person or the conversation is at the end."""
    going = True
    while going:
        try:
            act = typing.read(prompt.read())
        except EOFError:
            return
        going = act is None or actor.act(act)
