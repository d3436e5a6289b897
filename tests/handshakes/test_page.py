"""The page of a handshake: whole, alone, harmless, and with everything in it."""

import re
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from msgspec.structs import replace

from secure_chat.client.text import printable
from secure_chat.handshakes.pairing import Pair
from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.handshakes.telling.page import page
from secure_chat.handshakes.telling.page_style import STYLE
from secure_chat.handshakes.telling.story import tell
from tests.handshakes.records import refused
from tests.handshakes.stories import CLIENT_LEAF, HOST_PRINT, expired, full
from tests.handshakes.test_story import hostile

# What a page of words needs; nothing among them loads, links, runs or asks.
HARMLESS: Final = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "header",
        "section",
        "article",
        "footer",
        "h1",
        "h2",
        "h3",
        "p",
        "div",
        "span",
        "bdi",
        "strong",
        "code",
        "pre",
        "ol",
        "ul",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
    ]
)
ATTRIBUTES: Final = frozenset(
    {"lang", "charset", "http-equiv", "content", "name", "class", "scope", "aria-label"}
)
NAMES: Final = (
    "</title></style><script>document.title='pwned'</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    "&lt;b&gt; &amp; &#60;",
    "--><![CDATA[<a href=javascript:alert(1)>",
)


class Reader(HTMLParser):
    """Reads a page as a browser does, and keeps what is in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.titles: list[str] = []
        self.texts: list[str] = []
        self.policy: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        values = dict(attrs)
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values.get("content")
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note the end of the innermost element; anything else is a fault of the page."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        (self.titles if self.open[-1:] == ["title"] else self.texts).append(data)


def read(*records: HandshakeRecord, apart: str = "") -> Reader:
    """Return what a reader finds in the page of some records."""
    ends: dict[str, Any] = {record.end: record for record in records}
    reader = Reader()
    reader.feed(page(tell(Pair(**ends, apart=apart), None, printable)))
    reader.close()
    assert reader.open == []
    return reader


def named(name: str) -> HandshakeRecord:
    """Return the record of a refused client that bears a name, wherever one can stand."""
    leaf = replace(CLIENT_LEAF, subject=f"CN={name}", issuer=name, names=(f"DNS:{name}",))
    return expired(
        "host",
        client_subject=f"CN={name}",
        client_chain=(leaf,),
        server_name=name,
        text=name,
        reason="unknown-ca",
    )


@pytest.mark.parametrize(
    "records",
    [
        (full("host"), full("client")),
        (expired("host"), expired("client")),
        (refused(reason="plaintext", text="the first bytes are 4745"),),
        (hostile(expired("client")),),
        *((named(name),) for name in NAMES),
    ],
)
def test_the_page_is_whole_and_holds_nothing_that_acts(
    records: tuple[HandshakeRecord, ...],
) -> None:
    """No script, no link, no image, no form, no frame, whatever stands in a certificate."""
    reader = read(*records)

    assert reader.tags <= HARMLESS
    assert reader.attributes <= ATTRIBUTES


def test_its_policy_forbids_everything_but_its_own_style() -> None:
    """Even if something slipped through, a browser would neither load nor run it."""
    reader = read(full("host"))

    assert reader.policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    text = page(tell(Pair(host=full("host")), None, printable))
    assert text.index("Content-Security-Policy") < text.index("<title>")
    assert "script" not in reader.tags


def test_the_style_loads_nothing() -> None:
    """No import, no font, no picture."""
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert "<" not in STYLE


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_shown_as_text(name: str) -> None:
    """Letter by letter, and it cannot get out of where it stands."""
    reader = read(named(name))

    assert f"CN={name}" in reader.texts
    assert f"DNS:{name}" in reader.texts
    assert reader.titles == ["Handshake Chost0000000000000: refused: unknown-ca"]


def test_letters_that_cannot_be_seen_are_written_out() -> None:
    """Nobody reads a name backwards or from the wrong line."""
    text = page(tell(Pair(host=named("evil\u202egnp.exe\x00\x1b[31m\u200b")), None, printable))

    assert "evil&lt;U+202E&gt;gnp.exe\\x00\\x1b[31m&lt;U+200B&gt;" in text
    assert all(letter == "\n" or letter.isprintable() for letter in text)


def test_everything_a_terminal_shows_is_on_the_page() -> None:
    """And what a terminal leaves out: every offer, every field."""
    reader = read(expired("host"), expired("client"))
    text = " ".join(reader.texts)

    for words in (
        "refused: expired",
        "The client showed a certificate whose last day has passed.",
        "The time of CN=alice ended on 2026-11-20 11:00:00 UTC, 2 days before.",
        "encrypted from here on",
        "certificate_expired (45)",
        "What to do on the host",
        "What to do on the client",
        "RFC 5280 section 4.1.2.5",
        "refused by the host: certificate has expired (verify code 10)",
        "secp256r1",
        "Where the two ends differ",
        HOST_PRINT,
        '"verify_code": 10',
        "no keys",
    ):
        assert words in text, words


def test_each_message_is_a_row_that_reads_without_its_arrow() -> None:
    """For those who hear the page instead of seeing it."""
    text = page(tell(Pair(host=expired("host"), client=expired("client")), None, printable))
    rows = re.findall(r'<li class="([^"]*)" aria-label="([^"]*)">', text)

    assert len(rows) == 13
    assert rows[0] == ("client-sent", "ClientHello, from the client to the host")
    assert rows[-2][0] == "client-sent lost"
    assert rows[-1] == (
        "host-sent alert",
        "Alert: certificate_expired, from the host to the client",
    )


def test_a_good_handshake_needs_no_advice_and_a_lone_record_no_comparison() -> None:
    """Nothing is asked of anybody."""
    good, both = read(full("host")), read(full("host"), full("client"))

    assert not any("What to do" in text for text in good.texts)
    assert not any("differ" in text for text in good.texts)
    assert "Nowhere: both recorded the same." in both.texts


def test_why_two_records_stand_apart_is_on_the_page() -> None:
    """Whoever gets it should not take one end's word for both."""
    texts = read(expired("host"), apart="nothing proves it").texts

    assert any("nothing proves it" in text for text in texts)


def test_commands_stand_out_but_only_our_own_words_make_them() -> None:
    """A backquote in a peer's text is a letter."""
    text = page(tell(Pair(host=named("`rm -rf`")), None, printable))

    assert "<code>securechat init-certs" in text
    assert "<code>rm" not in text
