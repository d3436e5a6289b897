"""The drawing of a handshake: what stands where, and that it always fits."""

import re

from hypothesis import given
from hypothesis import strategies as st

from secure_chat.handshakes.pairing import Pair
from secure_chat.handshakes.telling.columns import width
from secure_chat.handshakes.telling.diagram import ASCII, BOXES, COLUMNS, Signs, diagram
from secure_chat.handshakes.telling.sequence import Arrow, Ending, How, Sequence, sequence
from tests.handshakes.stories import expired, full

WHO = ("client alice", "127.0.0.1:50000"), ("host localhost", "127.0.0.1:65432")


def plain(text: str, _style: str) -> str:
    """Paint nothing."""
    return text


def drawn(told: Sequence, signs: Signs = BOXES) -> list[str]:
    """Return the lines of a diagram without colour."""
    return list(diagram(told, *WHO, signs, plain))


def test_a_handshake_of_both_ends_is_drawn_with_both_times() -> None:
    """This is what it looks like; a refused client's last words were not read."""
    pair = Pair(host=expired("host"), client=expired("client"))

    assert drawn(sequence(pair)) == [
        "        client alice                                      host localhost",
        "        127.0.0.1:50000                                  127.0.0.1:65432",
        "     ms │                                                              │ ms",
        "    0.3 ├── ClientHello · 235 bytes · what the client offers ─────────▶│ 0.4",
        "    1.3 │◀────────── ServerHello · 122 bytes · what the host chooses ──┤ 0.7",
        "        │◀──────── ChangeCipherSpec · 1 byte · without meaning today ──┤ 0.7",
        "        │                    encrypted from here on                    │",
        "    1.5 │◀── EncryptedExtensions · 25 bytes · the rest of its choice ──┤ 0.7",
        "    1.5 │◀─── CertificateRequest · 45 bytes · asks who the client is ──┤ 0.7",
        "    1.6 │◀────────────── Certificate · 962 bytes · who it says it is ──┤ 0.9",
        "    2.1 │◀────────── CertificateVerify · 79 bytes · proof of its key ──┤ 1.0",
        "    2.4 │◀────────── Finished · 52 bytes · seal on all that was said ──┤ 1.0",
        "    2.4 ├── ChangeCipherSpec · 1 byte · without meaning today ────────▶│",
        "    2.5 ├── Certificate · 953 bytes · who it says it is ──────────────▶│ 2.6",
        "    2.5 ├── CertificateVerify · 80 bytes ──────────────────╳  not read │",  # noqa: RUF001
        "    2.5 ├── Finished · 52 bytes ───────────────────────────╳  not read │",  # noqa: RUF001
        "    4.0 │◀───────────────────── Alert: certificate_expired · 2 bytes ──┤ 3.0",
        "        ✗ refused after 3.2 ms: the certificate of the client has expired",
    ]


def test_one_record_has_times_at_its_own_side_only() -> None:
    """The other end's are not known."""
    host = drawn(sequence(Pair(host=full("host"))))
    client = drawn(sequence(Pair(client=full("client"))))

    assert host[3].startswith("        ├── ClientHello")
    assert host[3].endswith("│ 0.4")
    assert client[3].startswith("    0.3 ├── ClientHello")
    assert client[3].endswith("▶│")
    assert host[-1].strip() == "✓ accepted after 3.2 ms: both ends accepted each other"


def test_plain_letters_do_where_there_are_no_others() -> None:
    """The same drawing, line by line, in ASCII."""
    told = sequence(Pair(host=expired("host"), client=expired("client")))
    lines = drawn(told, ASCII)

    assert all(line.isascii() for line in lines)
    assert len(lines) == len(drawn(told))
    assert lines[3] == (
        "    0.3 |-- ClientHello, 235 bytes, what the client offers ----------->| 0.4"
    )
    assert lines[-4].endswith("x  not read |")
    assert lines[-1].strip().startswith("X refused after")


def test_colour_changes_no_letter() -> None:
    """What it says, it says without colour too."""

    def paint(text: str, style: str) -> str:
        return f"\x1b[{len(style)}m{text}\x1b[0m"

    told = sequence(Pair(host=expired("host"), client=expired("client")))
    painted = list(diagram(told, *WHO, BOXES, paint))

    assert [re.sub(r"\x1b\[\d+m", "", line) for line in painted] == drawn(told)
    assert sum("\x1b" in line for line in painted) > 10


TEXTS = st.text(st.sampled_from("ab中 é\u0301-"), max_size=90)


TIMES = st.none() | st.integers(0, 10**10)
ARROWS = st.builds(
    Arrow,
    by_client=st.booleans(),
    name=TEXTS,
    size=st.none() | st.integers(0, 10**7),
    client_us=TIMES,
    host_us=TIMES,
    lost=st.booleans(),
    secret=st.booleans(),
    alert=st.booleans(),
    gloss=TEXTS,
)


@given(
    st.lists(ARROWS, max_size=4),
    st.sampled_from(How),
    TEXTS,
    st.sampled_from([BOXES, ASCII]),
)
def test_it_fits_80_columns_and_the_lanes_stand_still(
    given_arrows: list[Arrow], how: How, text: str, signs: Signs
) -> None:
    """Whatever messages are called, however large and late they are."""
    told = Sequence(tuple(given_arrows), Ending(how, text, 1e9), "")

    lines = list(diagram(told, ("c" * 90, "中" * 60), ("h" * 90, text), signs, plain))

    assert all(width(line) <= COLUMNS for line in lines)
    lanes = [line for line in lines[2:] if line[8] in {signs.lane, signs.start}]
    assert len(lanes) >= 1 + len(given_arrows)
    # Behind the second lane there is at most a time.
    assert {width(line.rstrip("0123456789. ms")) for line in lanes} == {72}
