"""All that the records of one handshake tell, put in order for whoever shows it.

Pure. `tell` is the one door: it makes every text of the records printable first, so a terminal or a
page can show what comes out of it without another look at who wrote it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from msgspec import convert, to_builtins

from secure_chat.handshakes.pairing import Pair
from secure_chat.handshakes.record import End, HandshakeRecord
from secure_chat.handshakes.telling.explaining import Account, account
from secure_chat.handshakes.telling.particulars import version_words
from secure_chat.handshakes.telling.sequence import Sequence, sequence
from secure_chat.handshakes.telling.sheets import Sheet, sheets

__all__ = ["Clean", "Setting", "Story", "tell"]

Clean: TypeAlias = Callable[[str], str]
"""Returns a stranger's text without anything that a terminal or a reader could be fooled by."""


class Setting(NamedTuple):
    """One thing that both ends had to agree on.

    Args:
        name: what it is about.
        offered: what one end would take, in its own order.
        chosen: what was taken; nothing when it did not come to that.
        by_client: whether the client chose, from what the host offered.
    """

    name: str
    offered: tuple[str, ...]
    chosen: tuple[str, ...]
    by_client: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One handshake, ready to be shown; every text in it is printable.

    Args:
        pair: the records, made printable.
        viewer: whose side it is told from; None for neither.
        account: why it ended as it did.
        sequence: the messages.
        client: who the client is, and from where.
        host: the same for the host.
        settings: what was offered and chosen.
        sheets: the certificates.
        marks: numbers and names to find it again by.
    """

    pair: Pair
    viewer: End | None
    account: Account
    sequence: Sequence
    client: tuple[str, str]
    host: tuple[str, str]
    settings: tuple[Setting, ...]
    sheets: tuple[Sheet, ...]
    marks: tuple[tuple[str, str], ...]

    @property
    def asked(self) -> HandshakeRecord:
        """The record of the end from whose side it is told."""
        return self.pair.of(self.viewer or "host") or self.pair.main

    @property
    def good(self) -> bool:
        """Whether both ends accepted each other."""
        return self.pair.main.established

    @property
    def headline(self) -> str:
        """How it ended, in a few words."""
        how = self.sequence.ending.how
        return str(how) if self.good else f"{how}: {self.account.reason}"

    @property
    def recorded_by(self) -> str:
        """Whose records it is made from."""
        ends = [f"the {record.end}" for record in self.pair.records]
        joined = " and ".join(ends)
        return f"recorded by {joined}" if len(ends) == 1 else f"recorded by {joined}, joined"


def tell(pair: Pair, viewer: End | None, clean: Clean) -> Story:
    """Return the story of a handshake.

    Args:
        pair: its records as they were read.
        viewer: whose side it is told from; None for neither.
        clean: makes a text printable (`client.text.printable`).
    """
    pair = replace(
        pair,
        host=_printable(pair.host, clean) if pair.host else None,
        client=_printable(pair.client, clean) if pair.client else None,
    )
    main = pair.main
    return Story(
        pair=pair,
        viewer=viewer,
        account=account(main, viewer),
        sequence=sequence(pair),
        client=(f"client {_who(pair)}".rstrip(), f"{main.orig_h}:{main.orig_p}"),
        host=(f"host {_dialled(pair)}".rstrip(), f"{main.resp_h}:{main.resp_p}"),
        settings=tuple(_settings(main)),
        sheets=sheets(pair.main),
        marks=tuple(_marks(pair)),
    )


def _printable(record: HandshakeRecord, clean: Clean) -> HandshakeRecord:
    """Return a record in which every text is printable."""

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, dict):
            return {key: walk(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [walk(one) for one in value]
        return value

    return convert(walk(to_builtins(record)), HandshakeRecord)


def _who(pair: Pair) -> str:
    """Return who the client is, or what it claims to be."""
    for record in pair.records:
        if record.name:
            return record.name
    claims = (record.client_subject for record in pair.records if record.client_subject)
    claim = next(claims, None)
    return f"claiming {claim}" if claim else ""


def _dialled(pair: Pair) -> str:
    names = (record.server_name for record in reversed(pair.records) if record.server_name)
    name = next(names, "")
    return "" if name == pair.main.resp_h else name


def _settings(record: HandshakeRecord) -> Iterator[Setting]:
    offered, chosen = record.offered, record.chosen
    version = (version_words(record.version),) if record.version else ()
    versions = tuple(map(version_words, offered.versions)) if offered else ()
    yield Setting("version", versions, version)
    yield Setting("cipher", offered.ciphers if offered else (), _one(record.cipher))
    yield Setting("group", offered.groups if offered else (), _one(record.curve))
    yield Setting("key share", offered.shares if offered else (), _one(record.curve))
    proof, answer = _one(record.sigalgs.host), _one(record.sigalgs.client)
    yield Setting("host signs", offered.schemes if offered else (), proof)
    yield Setting("client signs", chosen.schemes if chosen else (), answer, by_client=True)
    yield Setting("protocol", offered.alpn if offered else (), _one(record.next_protocol))
    yield Setting("host name", _one(record.server_name), ())
    if chosen is not None:
        yield Setting("issuers", chosen.authorities, (), by_client=True)
    extensions = offered.extensions if offered else ()
    yield Setting("extensions", extensions, chosen.extensions if chosen else ())


def _one(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)


def _marks(pair: Pair) -> Iterator[tuple[str, str]]:
    main = pair.main
    for record in pair.records:
        yield "uid", f"{record.uid} ({record.end})"
    if main.hello is not None:
        yield "hello", main.hello
    if main.ja4 is not None:
        yield "JA4", main.ja4
    for record in pair.records:
        if record.ssl_history:
            yield "history", f"{record.ssl_history} ({record.end})"
    if any(record.keylog for record in pair.records):
        yield "key log", "the keys of this connection were written to a file"
    if main.count > 1:
        yield "count", f"stands for {main.count:,} handshakes"
