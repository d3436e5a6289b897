"""Carries out what `get` was asked for: lists, fetches into the inbox, or writes to stdout.

Used on the main thread, which waits for the transfers. One file that cannot be fetched does not
keep the others back.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from secure_chat.cli.clients import error_json
from secure_chat.cli.console import Console
from secure_chat.cli.fetched import Fetched
from secure_chat.cli.fetching import Landed, Manner, fetch, name_of
from secure_chat.cli.meter import metered
from secure_chat.cli.offers import Offer, offers_of, table
from secure_chat.cli.request import Wanted
from secure_chat.client.events import Message
from secure_chat.client.inbox import OnExists
from secure_chat.client.text import printable
from secure_chat.errors import (
    HostNotTrusted,
    HostRefused,
    HostUnreachable,
    SecureChatError,
    StoreError,
    TransferIncomplete,
)
from secure_chat.folders import inbox_folder

if TYPE_CHECKING:
    from secure_chat.client.runtime import Client

__all__ = ["Getting"]

_COLUMNS: Final = 80
_ANSWERS: Final = ("rename", "skip", "overwrite")
# What the next file would only meet again.
_FINAL: Final = (HostUnreachable, HostRefused, HostNotTrusted, StoreError)


class Getting:
    """One `get`.

    Args:
        client: connected.
        console: where to.
        wanted: what was asked for.
    """

    def __init__(self, client: "Client", console: Console, wanted: Wanted) -> None:
        self._client = client
        self._console = console
        self._wanted = wanted
        self._fetched = Fetched(client.folder)

    def run(self) -> None:
        """Do it.

        Raises:
            SecureChatError: something of it could not be fetched.
            KeyboardInterrupt: the person pressed Ctrl-C; how to go on has been said.
        """
        if self._wanted.lists:
            self._list()
            return
        try:
            if self._wanted.stdout:
                self._pour()
            else:
                self._fetch_all(list(self._chosen()))
        except KeyboardInterrupt:
            again = "" if self._wanted.stdout else ". The same command goes on from where it was."
            self._console.talk(f"stopped{again}")
            raise

    # --- what there is -------------------------------------------------------------------------

    def _offers(self) -> list[Offer]:
        wanted = self._wanted
        offers = offers_of(self._client.files.listing(room=wanted.room, with_=wanted.with_))
        return [one for one in offers if wanted.author in {None, one.message.author}]

    def _list(self) -> None:
        offers = self._offers()
        if self._wanted.as_json:
            fetched = self._fetched.numbers()
            for offer in offers:
                is_here = offer.message.seq in fetched
                self._console.data_json(offer.for_scripts() | {"fetched": is_here})
        elif not offers:
            self._console.talk("there is no file to fetch")
        else:
            columns = max(shutil.get_terminal_size((_COLUMNS, 24)).columns, _COLUMNS)
            for line in table(offers, columns):
                self._console.data(line)

    def _chosen(self) -> Iterator[Message]:
        """Yield what is to be fetched."""
        if not self._wanted.all:
            for number in dict.fromkeys(self._wanted.numbers):
                yield self._client.files.message(number)
            return
        fetched = self._fetched.numbers()
        for offer in self._offers():
            message = offer.message
            if message.seq in fetched:
                continue
            if message.author == self._client.name and not self._wanted.mine:
                continue
            if offer.open:
                # One that was given up has no end either.
                self._console.talk(
                    f"{message.seq} is left out: nobody knows whether that stream ends;"
                    f" `securechat get {message.seq}` follows it"
                )
                continue
            yield message

    # --- into the inbox ------------------------------------------------------------------------

    def _fetch_all(self, messages: Sequence[Message]) -> None:
        wanted = self._wanted
        manner = Manner(
            into=inbox_folder(wanted.into),
            on_exists=OnExists(wanted.on_exists),
            executable=wanted.executable,
            ask=_ask if wanted.on_exists == OnExists.ASK else None,
        )
        if not messages:
            self._console.talk("there is nothing to fetch that was not fetched already")
        failed: list[SecureChatError] = []
        for message in messages:
            try:
                self._fetch(message, manner)
            except SecureChatError as error:
                if wanted.as_json:
                    self._console.data_json(error_json(error) | {"seq": message.seq})
                if len(messages) == 1 or isinstance(error, _FINAL):
                    raise
                self._console.fail(error)
                failed.append(error)
        if failed:
            raise _together(failed, len(messages))

    def _fetch(self, message: Message, manner: Manner) -> None:
        name = name_of(message)
        with metered(self._console, name) as meter:
            landed = fetch(self._client, message, manner, meter)
        self._fetched.add(message.seq)
        if self._wanted.as_json:
            self._console.data_json(_as_json(message, landed))
        elif landed is None:
            self._console.talk(f"{message.seq} is skipped: there is a {printable(name)} already")
        else:
            self._console.data(printable(str(landed.path)))
        for warning in landed.warnings if landed is not None else ():
            self._console.warn(warning)
        if self._wanted.show and landed is not None and landed.type.startswith("image/"):
            self._show(landed)

    def _show(self, landed: Landed) -> None:
        from secure_chat.cli.picturing import drawn

        picture, why = drawn(landed.path)
        if picture:
            self._console.data(picture)
        else:
            self._console.talk(why)

    # --- to stdout -----------------------------------------------------------------------------

    def _pour(self) -> None:
        message = self._one()
        sink = sys.stdout.buffer
        with metered(self._console, name_of(message)) as meter:
            self._client.files.fetch_into(message, sink, told=meter)
        sink.flush()

    def _one(self) -> Message:
        """Return the one to be written out.

        Raises:
            SecureChatError: there is none.
        """
        if self._wanted.numbers:
            return self._client.files.message(self._wanted.numbers[0])
        for offer in reversed(self._offers()):
            return offer.message
        raise SecureChatError(
            f"there is no file from {self._wanted.author!r}",
            hint="`securechat get` lists what there is.",
        )


def _together(failed: Sequence[SecureChatError], count: int) -> SecureChatError:
    """Return one error for several that were told already."""
    what = f"{len(failed)} of {count} could not be fetched"
    hint = "The same command tries them again."
    if any(isinstance(error, TransferIncomplete) for error in failed):
        return TransferIncomplete(what, hint=hint)
    return SecureChatError(what, hint=hint)


def _as_json(message: Message, landed: Landed | None) -> dict[str, Any]:
    if landed is None:
        return {"event": "skipped", "seq": message.seq}
    told = {
        "event": "file",
        "seq": message.seq,
        "path": str(landed.path),
        "name": name_of(message),
        "type": landed.type or None,
    }
    return told | {"warnings": landed.warnings} if landed.warnings else told


def _ask(name: str) -> OnExists:
    """Ask the person at the terminal what to do about a name that is taken."""
    import typer

    answer = ""
    while answer not in _ANSWERS:
        question = f"{printable(name)} is there already: {', '.join(_ANSWERS)}?"
        answer = str(typer.prompt(question, default=_ANSWERS[0], err=True)).strip()
    return OnExists(answer)
