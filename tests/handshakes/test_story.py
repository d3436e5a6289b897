"""The story of a handshake: put in order, in words, and printable whatever a peer wrote."""

import re
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from secure_chat.client.text import printable
from secure_chat.handshakes.pairing import Pair
from secure_chat.handshakes.record import HandshakeRecord, decode, encode
from secure_chat.handshakes.telling.columns import width
from secure_chat.handshakes.telling.diagram import BOXES
from secure_chat.handshakes.telling.explaining import entries
from secure_chat.handshakes.telling.plain import account_lines, entry_lines, list_lines, story_lines
from secure_chat.handshakes.telling.sheets import sheets
from secure_chat.handshakes.telling.story import Story, tell
from tests.handshakes.records import good, refused
from tests.handshakes.stories import CLIENT_LEAF, CLIENT_PRINT, HOST_PRINT, expired, full


def plain(text: str, _style: str) -> str:
    """Paint nothing."""
    return text


def of(*records: HandshakeRecord, **named: Any) -> Story:
    """Return the story of records of one handshake."""
    ends: dict[str, Any] = {record.end: record for record in records}
    return tell(Pair(**ends), named.get("viewer"), printable)


def shown(story: Story) -> str:
    """Return all that a terminal shows of it."""
    return "\n".join(story_lines(story, BOXES, plain))


def written(story: Story, name: str) -> dict[str, str]:
    """Return what is said of the one certificate with this title."""
    (sheet,) = [sheet for sheet in story.sheets if sheet.title == name]
    return dict(sheet.lines)


def spoiled(value: Any, how: str) -> Any:
    """Return a value with every text in it spoiled, but for what a record must have."""
    if isinstance(value, str):
        return value + how
    if isinstance(value, dict):
        kept = {"end", "direction", "ts"}
        return {key: one if key in kept else spoiled(one, how) for key, one in value.items()}
    if isinstance(value, list):
        return [spoiled(one, how) for one in value]
    return value


def hostile(record: HandshakeRecord) -> HandshakeRecord:
    """Return a record in which every text ends with what a terminal must not see."""
    values = msgspec.json.decode(encode(record))
    line = msgspec.json.encode(spoiled(values, "\x1b]0;\x07\u202e\x9b\r\n\u200f"))
    found = decode(line)
    assert found is not None
    return found


@pytest.mark.parametrize("record", [full("host"), expired("host"), refused(), good()])
def test_no_text_of_a_peer_reaches_a_terminal_as_it_is(record: HandshakeRecord) -> None:
    """Every field of a record is made printable, those that are still to come too."""
    story = of(hostile(record))

    text = shown(story) + "\n".join(account_lines(story.account, None, plain))

    assert all(letter == "\n" or letter.isprintable() for letter in text)
    assert "\u202e" not in text
    assert "\\x1b" in text


def test_everything_the_two_ends_know_is_there() -> None:
    """Both sides' names, addresses, offers, choices, certificates and marks."""
    text = shown(of(full("host"), full("client"), viewer="client"))

    for words in (
        "Handshake Cclient00000000000  accepted",
        "recorded by the host and the client, joined",
        "client alice",
        "127.0.0.1:50000",
        "host localhost",
        "TLS 1.2",
        "TLS_AES_128_GCM_SHA256",
        "securechat/1",
        "accepted by the host",
        "accepted by the client",
        "to be a client (clientAuth)",
        "email:alice@member.securechat.internal",
        HOST_PRINT,
        CLIENT_PRINT,
        "5f" * 32,
        "Chost0000000000000 (host)",
        "Nowhere: both recorded the same.",
    ):
        assert words in text, words
    assert "What to do" not in text


@pytest.mark.parametrize(
    "story",
    [
        of(full("host"), full("client")),
        of(expired("host"), expired("client")),
        of(expired("client")),
        of(refused(client_subject="CN=" + "y" * 200, reason="x" * 90, sentence="z" * 200)),
        of(full("host", server_name="中" * 90, name="a" * 32, hello=None)),
        of(full("client", orig_h="2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", resp_h="::1")),
    ],
)
def test_no_line_is_wider_than_80_columns(story: Story) -> None:
    """Whatever stands in the records."""
    lines = [
        *story_lines(story, BOXES, plain),
        *account_lines(story.account, "host", plain),
        *list_lines(entries(), plain),
        *(line for entry in entries() for line in entry_lines(entry, plain)),
    ]

    assert max(map(width, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


def test_a_command_is_never_broken_in_two() -> None:
    """Whoever copies it from the terminal gets all of it."""
    lines = [line for entry in entries() for line in entry_lines(entry, plain)]

    assert sum("`securechat" in line for line in lines) > 10
    assert all(line.count("`") % 2 == 0 for line in lines)


def test_what_was_offered_stands_beside_what_was_chosen() -> None:
    """By whoever offered and chose it; nothing was chosen where it did not come to that."""
    settings = {one.name: one for one in of(full("host")).settings}
    bare = {one.name: one for one in of(refused()).settings}

    assert settings["version"].offered == ("TLS 1.3", "TLS 1.2")
    assert settings["version"].chosen == ("TLS 1.3",)
    assert settings["group"].chosen == ("x25519",)
    assert settings["host signs"].offered == ("ecdsa_secp256r1_sha256", "ed25519")
    assert settings["client signs"].by_client
    assert settings["client signs"].chosen == ("ecdsa_secp256r1_sha256",)
    assert settings["host name"].offered == ("localhost",)
    assert not any(one.offered or one.chosen for one in bare.values())
    assert "offered" not in shown(of(refused()))


def test_a_long_list_is_cut_and_says_how_much_is_left_out() -> None:
    """Old clients offer dozens; the page and --json have all of them."""
    ciphers = tuple(f"CIPHER_{number}" for number in range(30))
    offered = replace(full("host").offered, ciphers=ciphers)  # type: ignore[type-var] # it has one

    text = shown(of(full("host", offered=offered)))

    assert "CIPHER_3" in text
    assert "CIPHER_4" not in text
    assert "and 26 more" in text


def test_a_certificate_is_told_in_words() -> None:
    """Who, by whom, from, until, for what."""
    lines = written(of(full("host")), "the client's certificate")

    assert lines == {
        "who": "CN=alice",
        "issued by": "CN=ours",
        "holds": "from 2026-11-01 12:00:00 UTC until 2027-01-30 12:00:00 UTC",
        "at that time": "69 days left",
        "made": "to be a client (clientAuth)",
        "its key": "digitalSignature",
        "names": "email:alice@member.securechat.internal",
        "key": "ECDSA P-256, signed with ecdsa-with-SHA256",
        "serial": "5e6e",
        "size": "505 bytes",
        "SHA-256": CLIENT_PRINT,
    }


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"not_after": "2026-11-20T12:00:00Z"}, "at that time", "over for 2 days"),
        ({"not_before": "2026-11-22T13:00:00Z"}, "at that time", "not begun, 1 hour too early"),
        ({"not_before": None}, "at that time", "unknown"),
        ({"not_before": None}, "holds", "from an unreadable time until"),
        ({"subject": ""}, "who", "nobody"),
        ({"subject": "CN=ours"}, "issued by", "itself"),
        ({"authority": True, "purposes": ()}, "made", "to issue certificates"),
        ({"purposes": ("1.2.3",)}, "made", "1.2.3"),
        ({"signature": None}, "key", "signed with something unreadable"),
    ],
)
def test_a_strange_certificate_is_told_as_it_is(
    changes: dict[str, Any], field: str, words: str
) -> None:
    """Nothing is judged and nothing invented."""
    leaf = replace(CLIENT_LEAF, **changes)

    assert (
        words in written(of(full("host", client_chain=(leaf,))), "the client's certificate")[field]
    )


def test_what_cannot_be_read_of_a_certificate_is_left_out() -> None:
    """Its fingerprint is always known."""
    leaf = type(CLIENT_LEAF)(fingerprint="ab" * 32, size=9)

    lines = written(of(full("host", client_chain=(leaf,))), "the client's certificate")

    assert lines == {"size": "9 bytes", "SHA-256": "ab" * 32}


def test_what_was_sent_along_is_told_from_the_end_s_own() -> None:
    """A terminal shows the most of it, the verdict is about the first one."""
    issuer = replace(CLIENT_LEAF, subject="CN=ours", authority=True, fingerprint="cc" * 32)
    story = of(full("host", client_chain=(CLIENT_LEAF, issuer)))

    titles = [(sheet.title, sheet.own, bool(sheet.verdict)) for sheet in story.sheets]
    assert titles == [
        ("the host's certificate", True, True),
        ("the client's certificate", True, True),
        ("sent along by the client", False, False),
    ]
    assert "cc" * 32 in shown(story)


def test_the_verdict_names_code_and_words() -> None:
    """On the certificate that was refused, and on no other."""
    host_own, client_own = sheets(expired("host"))
    _, told = sheets(expired("client"))

    assert client_own.verdict == "refused by the host: certificate has expired (verify code 10)"
    assert not client_own.good
    assert told.verdict == "refused by the host: expired"
    assert (host_own.verdict, host_own.good) == ("", True)
    assert all(
        not sheet.verdict for sheet in sheets(full("host", established=False, reason="closed"))
    )


def test_a_first_look_at_a_host_is_no_verdict() -> None:
    """Whoever only fetches the authorities has accepted nobody's certificate yet."""
    for end in ("host", "client"):
        introduced = full(end, reason="introduced", client_chain=(), client_cert_chain_fps=())
        assert [sheet.verdict for sheet in sheets(introduced)] == [""]


def test_a_record_of_an_older_version_is_shown_as_well() -> None:
    """It has fingerprints and the first certificate's names, and no offer."""
    old = full("host", offered=None, chosen=None, host_chain=(), client_chain=())
    old = replace(old, cert_chain_fps=(HOST_PRINT, "dd" * 32))
    story = of(old)

    assert [dict(sheet.lines) for sheet in story.sheets] == [
        {"who": "CN=localhost", "issued by": "CN=ours", "SHA-256": HOST_PRINT},
        {"SHA-256": "dd" * 32},
        {"who": "CN=alice", "issued by": "CN=ours", "SHA-256": CLIENT_PRINT},
    ]
    assert "TLS_AES_256_GCM_SHA384" in shown(story)


def test_who_a_refused_client_claims_to_be_is_no_name() -> None:
    """Only a proven name stands there as one."""
    assert of(expired("host")).client[0] == "client claiming CN=alice"
    assert of(full("host")).client[0] == "client alice"
    assert of(refused(client_subject=None)).client[0] == "client"


def test_an_address_that_was_dialled_is_not_told_twice() -> None:
    """A name is."""
    assert of(full("client", server_name="127.0.0.1")).host[0] == "host"
    assert of(full("client", server_name="chat.example")).host[0] == "host chat.example"


def test_why_two_records_stand_apart_is_told() -> None:
    """And where they differ when they do not."""
    alone = tell(Pair(host=expired("host"), apart="nothing proves it"), None, printable)
    both = shown(of(expired("host"), expired("client")))

    assert "has the same hello, but nothing proves it." in re.sub(r"\s+", " ", shown(alone))
    assert "Where the two ends differ" in both
    assert re.search(r"verify_code +host: 10\n +client: -\n", both)
    assert "Where the two ends differ" not in shown(of(full("host")))


def test_the_side_it_is_told_from_is_the_one_that_was_asked_for() -> None:
    """Its uid stands above and its steps come first; the facts are the better record's."""
    story = of(expired("host"), expired("client"), viewer="client")
    lines = list(account_lines(story.account, story.viewer, plain))

    assert story.asked.end == "client"
    assert story.account.end == "host"
    assert story.account.happened.startswith("This client showed")
    steps = [line for line in lines if line.startswith("  on the")]
    assert [line[9:15] for line in steps] == ["client", "host  "]


def test_marks_tell_of_a_key_log_and_of_a_flood() -> None:
    """Who shares a record should know."""
    marks = dict(of(full("host", keylog=True, count=7)).marks)

    assert "written to a file" in marks["key log"]
    assert marks["count"] == "stands for 7 handshakes"
    assert "key log" not in dict(of(full("host")).marks)
