"""What a message may be beside its text: the rules for each kind, and what the host fills in.

Owned by the hub's thread. It judges the form of what somebody says and completes it with what the
depot told; who may speak where is judged in `requests`, and whether an earlier message is one that
may be reacted to, edited or deleted is the log's to say.

| kind       | text                  | must have | may have                             |
|------------|-----------------------|-----------|--------------------------------------|
| (plain)    | says something        |           | reply, format, lang                  |
| reaction   | a few characters      | of        |                                      |
| edit       | says something        | of        | format, lang                         |
| deletion   | none                  | of        |                                      |
| file       | a caption, or none    | file      | reply, format, lang                  |
| folder     | a caption, or none    | file      | reply, format, lang, entries, total  |
| stream     | a caption, or none    | file      | reply, format, lang                  |
| stream-end | none                  | of, file  |                                      |

A field that is not in its line is refused, because leaving it out would change what was said. What
is the host's to say (`edited`, and `size` and `sha256` of a file) is overwritten, whatever it was.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

from secure_chat.hub.commands import Fault
from secure_chat.hub.uploads import Uploads
from secure_chat.limits import Limits
from secure_chat.wire.messages import Attached, Code, Content, ContentKind, Format

__all__ = ["Contents"]

_PLAIN: Final = Content()
_FORMATS: Final = frozenset(Format)
_FIELDS: Final = ("of", "file", "reply", "format", "lang", "entries", "total")
_FILE: Final = frozenset({"file"})
_OF: Final = frozenset({"of"})
_SHOWN: Final = frozenset({"format", "lang"})
_ANSWER: Final = _SHOWN | {"reply"}

# Control characters of ASCII and Latin-1 and the two that end a line; joiners are parts of emoji.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# A string, or one bracket; for a text that is known to be JSON.
_STEP: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]')
_OPENING: Final = frozenset("[{")
_CLOSING: Final = frozenset("]}")
# The names of RFC 6838, section 4.2; the wire bounds their length.
_PART: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"
_MEDIA_TYPE: Final = re.compile(f"{_PART}/{_PART}", re.ASCII)

_Judge: TypeAlias = Callable[[str, Content], Fault | None]


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of the table."""

    text: _Judge
    must: frozenset[str] = field(default=frozenset())
    may: frozenset[str] = field(default=frozenset())


class Contents:
    """Judges and completes the contents of messages.

    Args:
        uploads: what may be referred to.
        limits: the sizes allowed.
    """

    def __init__(self, uploads: Uploads, limits: Limits) -> None:
        self._uploads = uploads
        self._limits = limits
        most = limits.lang_chars - 1
        self._is_lang = re.compile(rf"[A-Za-z0-9][A-Za-z0-9+#._-]{{0,{most}}}", re.ASCII).fullmatch
        self._rules: dict[str, _Rule] = {
            ContentKind.TEXT: _Rule(self._words, may=_ANSWER),
            ContentKind.REACTION: _Rule(self._short, _OF),
            ContentKind.EDIT: _Rule(self._words, _OF, _SHOWN),
            ContentKind.DELETION: _Rule(_nothing, _OF),
            ContentKind.FILE: _Rule(self._caption, _FILE, _ANSWER),
            ContentKind.FOLDER: _Rule(self._caption, _FILE, _ANSWER | {"entries", "total"}),
            ContentKind.STREAM: _Rule(self._caption, _FILE, _ANSWER),
            ContentKind.STREAM_END: _Rule(_nothing, _OF | _FILE),
        }

    def fault(self, text: str, content: Content) -> Fault | None:
        """Return what is wrong with the form of a message, or None; `complete` follows.

        Args:
            text: its text; its length has been judged.
            content: what it is beside that, as its author sent it.
        """
        rule = self._rules.get(content.kind)
        if rule is None:
            return _BAD_KIND
        kind = content.kind or "text"
        for name in _FIELDS:
            given = bool(getattr(content, name))
            if given and name not in rule.must and name not in rule.may:
                return Code.BAD_CONTENT, f"a message of kind {kind} has no {name}"
            if not given and name in rule.must:
                return Code.BAD_CONTENT, f"a message of kind {kind} needs {name}"
        return self._shown(content) or _attached(content.file) or rule.text(text, content)

    def complete(self, author: str, content: Content) -> tuple[Content | None, Fault | None]:
        """Return a content as it is stored, and why it cannot be said now, if so.

        Args:
            author: who says it.
            content: one without a fault; None is returned in its place when it says nothing more
                than plain text.
        """
        content = replace(content, edited=0)
        file = content.file
        if file is None:
            return (None if content == _PLAIN else content), None
        upload = self._uploads.get(author, file.up)
        open_end = content.kind == ContentKind.STREAM
        if upload is None or bool(upload.sha256) is open_end:
            # What was right when it was committed is acknowledged again; the log compares the rest.
            file = replace(file, size=0, sha256="")
            return replace(content, file=file), _NO_STREAM if open_end else _NO_UPLOAD
        file = replace(file, size=upload.size, sha256=upload.sha256)
        return replace(content, file=file), None

    def _shown(self, content: Content) -> Fault | None:
        if content.format not in _FORMATS:
            return _BAD_FORMAT
        if content.lang and content.format != Format.CODE:
            return Code.BAD_CONTENT, "only code has a language"
        if content.lang and not self._is_lang(content.lang):
            most = self._limits.lang_chars
            return (
                Code.BAD_CONTENT,
                f"a language has 1 to {most} characters of A-Z a-z 0-9 + # . _ -",
            )
        return None

    def _words(self, text: str, content: Content) -> Fault | None:
        return _EMPTY if not text or text.isspace() else self._caption(text, content)

    def _caption(self, text: str, content: Content) -> Fault | None:
        return self._value(text) if text and content.format == Format.JSON else None

    def _short(self, text: str, _content: Content) -> Fault | None:
        if not text or text.isspace():
            return _EMPTY
        most = self._limits.reaction_chars
        if len(text) > most or _CONTROL.search(text):
            return Code.BAD_CONTENT, f"a reaction has 1 to {most} characters in one line"
        return None

    def _value(self, text: str) -> Fault | None:
        try:
            msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return _BAD_VALUE
        # The text and not the value, in which one of two equal names has hidden the other.
        depth, most = 0, self._limits.json_depth
        for found in _STEP.finditer(text):
            if found[0] in _OPENING:
                depth += 1
            elif found[0] in _CLOSING:
                depth -= 1
            if depth > most:
                return Code.BAD_CONTENT, f"a JSON value may have {most} levels"
        return None


def _nothing(text: str, content: Content) -> Fault | None:
    if text:
        return Code.BAD_CONTENT, f"a message of kind {content.kind} has no text"
    return None


def _attached(file: Attached | None) -> Fault | None:
    if file is None:
        return None
    if not file.name or file.name.isspace():
        return _NO_NAME
    return None if not file.type or _MEDIA_TYPE.fullmatch(file.type) else _BAD_TYPE


_EMPTY: Final[Fault] = Code.EMPTY, "a message must say something"
_BAD_KIND: Final[Fault] = Code.BAD_CONTENT, "this host does not know that kind of message"
_BAD_FORMAT: Final[Fault] = Code.BAD_CONTENT, "a text is plain, markdown, code or json"
_BAD_VALUE: Final[Fault] = (
    Code.BAD_CONTENT,
    "that is not one JSON value, or its numbers or levels are beyond what programs can read",
)
_NO_NAME: Final[Fault] = Code.BAD_CONTENT, "a file has a name"
_BAD_TYPE: Final[Fault] = Code.BAD_CONTENT, "a media type is written like text/plain"
_NO_UPLOAD: Final[Fault] = (
    Code.NO_UPLOAD,
    "no finished upload of yours has that id; upload the file, then say it again",
)
_NO_STREAM: Final[Fault] = (
    Code.NO_UPLOAD,
    "no stream of yours that is being sent has that id; offer it before it ends",
)
