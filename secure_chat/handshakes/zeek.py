r"""Handshakes as Zeek writes its `ssl.log`: lines of fields between tabs, below a header.

Pure. Names and types are Zeek's where it has them, ours stand behind. Everything that is not plain
printable ASCII, the backslash too, is written `\xNN`, byte for byte of its UTF-8: Zeek's reader
turns that back exactly, and nothing a peer wrote reaches a terminal or ends a line.
"""

import re
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final, NamedTuple

from secure_chat.handshakes.record import HandshakeRecord, seconds

__all__ = ["footer", "header", "line"]

_SEPARATOR: Final = "\t"
_SET_SEPARATOR: Final = ","
_EMPTY: Final = "(empty)"
_UNSET: Final = "-"

_TO_ESCAPE: Final = re.compile(rb"[^ -~]|\\")
_TO_ESCAPE_IN_A_LIST: Final = re.compile(rb"[^ -~]|[\\,]")


class _Field(NamedTuple):
    """One column.

    Args:
        name: as in the header.
        type: Zeek's word for it.
        text: writes it, of a record.
    """

    name: str
    type: str
    text: Callable[[HandshakeRecord], str]


def header(now: float) -> list[str]:
    """Return the lines above the first handshake.

    Args:
        now: seconds since 1970 UTC.
    """
    return [
        # The one line that has a space there: the separator is not known before it.
        r"#separator \x09",
        _tabbed("#set_separator", _SET_SEPARATOR),
        _tabbed("#empty_field", _EMPTY),
        _tabbed("#unset_field", _UNSET),
        _tabbed("#path", "ssl"),
        _tabbed("#open", _moment(now)),
        _tabbed("#fields", *(field.name for field in _FIELDS)),
        _tabbed("#types", *(field.type for field in _FIELDS)),
    ]


def line(record: HandshakeRecord) -> str:
    """Return one handshake, without a line end."""
    return _tabbed(*(field.text(record) for field in _FIELDS))


def footer(now: float) -> list[str]:
    """Return the lines below the last handshake.

    Args:
        now: seconds since 1970 UTC.
    """
    return [_tabbed("#close", _moment(now))]


def _tabbed(*words: str) -> str:
    return _SEPARATOR.join(words)


def _moment(now: float) -> str:
    """Return a time as Zeek writes it in the header: this computer's own."""
    return time.strftime("%Y-%m-%d-%H-%M-%S", time.localtime(now))


def _string(text: str | None) -> str:
    return _UNSET if text is None else _escaped(text, _TO_ESCAPE)


def _strings(texts: tuple[str, ...]) -> str:
    return _SET_SEPARATOR.join(_escaped(text, _TO_ESCAPE_IN_A_LIST) for text in texts) or _EMPTY


def _escaped(text: str, what: re.Pattern[bytes]) -> str:
    """Return a text of any kind so that it cannot be taken for anything else."""
    if text in {_UNSET, _EMPTY}:
        return f"\\x{ord(text[0]):02x}{text[1:]}"
    data = text.encode("utf-8", "surrogatepass")
    return what.sub(lambda found: b"\\x%02x" % found[0][0], data).decode("ascii") or _EMPTY


def _time(text: str) -> str:
    moment = seconds(text)
    return _UNSET if moment is None else f"{moment:.6f}"


def _address(text: str) -> str:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return _UNSET
    # Zeek shows an IPv4 client so, also where the host listens for both kinds.
    return str(getattr(address, "ipv4_mapped", None) or address)


def _boolean(value: bool) -> str:  # noqa: FBT001 # the value to be written
    return "T" if value else "F"


def _count(value: int | None) -> str:
    return _UNSET if value is None else str(value)


_FIELDS: Final = (
    _Field("ts", "time", lambda r: _time(r.ts)),
    _Field("uid", "string", lambda r: _string(r.uid)),
    _Field("id.orig_h", "addr", lambda r: _address(r.orig_h)),
    _Field("id.orig_p", "port", lambda r: _count(r.orig_p)),
    _Field("id.resp_h", "addr", lambda r: _address(r.resp_h)),
    _Field("id.resp_p", "port", lambda r: _count(r.resp_p)),
    _Field("version", "string", lambda r: _string(r.version)),
    _Field("cipher", "string", lambda r: _string(r.cipher)),
    _Field("curve", "string", lambda r: _string(r.curve)),
    _Field("server_name", "string", lambda r: _string(r.server_name)),
    _Field("resumed", "bool", lambda r: _boolean(r.resumed)),
    _Field("last_alert", "string", lambda r: _string(r.last_alert)),
    _Field("next_protocol", "string", lambda r: _string(r.next_protocol)),
    _Field("established", "bool", lambda r: _boolean(r.established)),
    _Field("ssl_history", "string", lambda r: _string(r.ssl_history)),
    _Field("cert_chain_fps", "vector[string]", lambda r: _strings(r.cert_chain_fps)),
    _Field("client_cert_chain_fps", "vector[string]", lambda r: _strings(r.client_cert_chain_fps)),
    _Field("subject", "string", lambda r: _string(r.subject)),
    _Field("issuer", "string", lambda r: _string(r.issuer)),
    _Field("client_subject", "string", lambda r: _string(r.client_subject)),
    _Field("client_issuer", "string", lambda r: _string(r.client_issuer)),
    _Field("validation_status", "string", lambda r: _string(r.validation_status)),
    # Zeek has none of these.
    _Field("end", "string", lambda r: _string(r.end)),
    _Field("hello", "string", lambda r: _string(r.hello)),
    _Field("name", "string", lambda r: _string(r.name)),
    _Field("reason", "string", lambda r: _string(r.reason)),
    _Field("sentence", "string", lambda r: _string(r.sentence)),
    _Field("advice", "string", lambda r: _string(r.advice)),
    _Field("text", "string", lambda r: _string(r.text)),
    _Field("verify_code", "count", lambda r: _count(r.verify_code)),
    _Field("ja4", "string", lambda r: _string(r.ja4)),
    _Field("sigalgs.host", "string", lambda r: _string(r.sigalgs.host)),
    _Field("sigalgs.client", "string", lambda r: _string(r.sigalgs.client)),
    _Field("duration", "interval", lambda r: f"{r.duration_ms / 1_000:.6f}"),
    _Field("keylog", "bool", lambda r: _boolean(r.keylog)),
    # "count" would be a word of Zeek's language.
    _Field("handshakes", "count", lambda r: _count(r.count)),
)
