"""The page of a hostile handshake in a real browser: names are text, and nothing runs."""

from pathlib import Path

import pytest
from cryptography import x509

from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
from secure_chat.handshakes.pairing import Pair
from secure_chat.handshakes.telling.page import page
from secure_chat.handshakes.telling.story import tell
from secure_chat.limits import Limits
from secure_chat.net.recording import gather, record_of
from secure_chat.tls.context import client_contexts, host_contexts
from tests.acceptance.browser import dom_of
from tests.cli.processes import Program
from tests.fakes import FakeClock
from tests.handshakes.records import BEGIN
from tests.handshakes.stories import expired
from tests.handshakes.test_page import Reader
from tests.tls.ends import shake
from tests.tls.paper import HOST_WISH, MEMBER, Authority

pytestmark = pytest.mark.slow

UID = "Chostile1234567890"
SCRIPT = "</title><script>document.title='pwned'</script>"
IMAGE = "</style><img src=x onerror=document.title='pwned'>"
BIDI = "evil\u202egnp.exe\x1b]0;x\x07"


def refused_stranger(folder: Path) -> None:
    """Let a stranger with hostile names be refused over real sockets, and have it recorded."""
    ours, theirs = Authority(folder / "ours"), Authority(folder / "theirs", subject=BIDI)
    host = ours.issue("host", HOST_WISH)
    names = (x509.DNSName(IMAGE), x509.UniformResourceIdentifier("javascript:alert(1)"))
    stranger = theirs.issue("stranger", MEMBER.but(subject=SCRIPT, names=names))
    done = shake(
        host_contexts(ours.ca, host.certificate, host.key, ours.crl),
        client_contexts(ours.ca, stranger.certificate, stranger.key),
    )
    assert done.host_end is not None
    record = record_of(gather(done.host, UID, BEGIN, 0.005, "", done.host_end))
    done.close()
    assert record.client_chain[0].subject is not None
    assert record.client_chain[0].issuer is not None
    journal = Journal(folder / ACCEPTED, folder / REFUSED, Limits(), FakeClock())
    journal.write(record)
    journal.close()


def seen_by_browser(path: Path, folder: Path) -> Reader:
    """Return what stands in a page after a browser has shown it."""
    folder.mkdir()
    reader = Reader()
    reader.feed(dom_of(path, folder))
    reader.close()
    return reader


def test_hostile_names_are_text_and_change_nothing(tmp_path: Path) -> None:
    """Tags, handlers, scripts and turned writing stand there letter by letter; the title stays."""
    refused_stranger(tmp_path / "host")
    path = tmp_path / "page.html"
    program = Program(tmp_path / "certs", tmp_path, at="127.0.0.1:1")
    done = program.run("handshakes", "show", UID, "--html", str(path))
    assert done.code == 0, done.err

    seen = seen_by_browser(path, tmp_path / "browser")

    assert seen.titles == [f"Handshake {UID}: refused: unknown-ca"]
    assert not seen.tags & {"script", "img", "svg", "a", "iframe", "link", "form"}
    assert not any(name.startswith("on") for name in seen.attributes)
    text = "\n".join(seen.texts)
    # Subjects are written as RFC 4514 has it, which escapes some letters.
    for words in ("script\\>document.title", IMAGE, "javascript:alert(1)", "evil<U+202E>gnp.exe"):
        assert words in text, words
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_the_browser_would_have_run_what_we_escape(tmp_path: Path) -> None:
    """Without escape and policy the name's script runs, so the test above can fail."""
    path = tmp_path / "open.html"
    path.write_text(f"<!doctype html><title>quiet{SCRIPT}")

    assert seen_by_browser(path, tmp_path / "browser").titles == ["pwned"]


def test_the_policy_holds_even_where_the_escape_is_missing(tmp_path: Path) -> None:
    """Two locks: with the page's policy a script that got in does not run."""
    path = tmp_path / "page.html"
    text = page(tell(Pair(host=expired("host")), None, str))
    assert "</title>" in text
    path.write_text(text.replace("</title>", SCRIPT, 1))

    seen = seen_by_browser(path, tmp_path / "browser")

    assert "script" in seen.tags
    assert seen.titles == ["Handshake Chost0000000000000: refused: expired"]
