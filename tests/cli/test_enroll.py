"""`securechat enroll`: where the invitation comes from, and what is said at the end."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_chat.errors import EnrolmentRefused
from tests.acceptance.computers import Computer
from tests.enrolling import SECRET, Listener, signed

LINE = f"securechat://127.0.0.1:1/carol#{'A' * 43}.{SECRET}"


@pytest.fixture
def person(tmp_path: Path) -> Computer:
    """Return a computer with an empty home folder."""
    return Computer(tmp_path / "home")


@pytest.fixture
def listener(certs: Path) -> Iterator[Listener]:
    """Return an enrolment listener that gives everybody a certificate."""
    with Listener(certs, lambda order: signed(certs, order, 7_000)) as running:
        yield running


def told(person: Computer, *words: str, stdin: str = "") -> tuple[int, dict[str, Any], str]:
    """Enrol and return exit code, the object on stdout and what was said."""
    done = person.run("enroll", "--json", *words, stdin=stdin)
    objects = done.objects()
    return done.code, objects[0] if objects else {}, done.err


def test_the_line_comes_from_a_pipe_or_a_file(person: Computer, listener: Listener) -> None:
    """With a pipe nothing has to be named; what is around the line does no harm."""
    line = listener.invitation().line
    (person.home / "mail.txt").write_bytes(
        b"\xef\xbb\xbf" + line[:60].encode() + b"\r\n" + line[60:].encode()
    )
    for words, stdin in (((), line), (("-",), f"  {line}\n"), (("mail.txt",), "")):
        code, done, _ = told(person, *words, stdin=stdin)
        assert (code, done["event"], done["name"]) == (0, "enrolled", "carol")


def test_at_the_end_one_knows_what_one_has(person: Computer, listener: Listener) -> None:
    """Files, until when, and the next command, which is short while there is one profile."""
    first = person.run("enroll", stdin=listener.invitation().line)
    assert first.code == 0
    assert first.out == ""
    profile = person.profiles / "carol"
    for words in (
        "You are carol (member) at 127.0.0.1:7000",
        str(profile),
        str(profile / "clients" / "carol.key"),
        "until",
        "Next: securechat join",
    ):
        assert words in first.err
    assert first.err.splitlines()[-1] == "Next: securechat join"
    second = person.run("enroll", stdin=listener.invitation("dora").line)
    assert second.err.splitlines()[-1] == "Next: securechat join --profile dora"
    assert SECRET not in first.out + first.err


def test_a_folder_with_somebody_comes_before_a_profile(
    person: Computer, listener: Listener, certs: Path
) -> None:
    """So the next command says which profile."""
    person.environment["SECURECHAT_CERTS"] = str(certs)
    done = person.run("enroll", stdin=listener.invitation().line)
    assert done.err.splitlines()[-1] == "Next: securechat join --profile carol"


def test_json_has_all_of_it(person: Computer, listener: Listener) -> None:
    """Paths, dates and the fingerprint."""
    _, done, _ = told(person, "--profile", "work", stdin=listener.invitation().line)
    assert (done["profile"], done["role"], done["host"]) == ("work", "member", "127.0.0.1:7000")
    assert Path(done["certificate"]).exists()
    assert Path(done["key"]).stat().st_mode & 0o777 == 0o600
    assert len(done["sha256"]) == 64
    assert done["not_before"] < done["not_after"]


@pytest.mark.parametrize("words", [LINE, f"127.0.0.1/carol#{SECRET}", LINE.upper()])
def test_a_line_on_the_command_line_is_refused(person: Computer, words: str) -> None:
    """Others can read it there; it is not repeated."""
    done = person.run("enroll", words)
    assert done.code == 2
    assert "must not stand on the command line" in done.err
    assert "other users" in done.err
    assert SECRET not in done.err


@pytest.mark.parametrize(
    ("words", "stdin", "why"),
    [
        ((), "", "this is no invitation"),
        (("-",), "nonsense", "this is no invitation"),
        (("nowhere.txt",), "", "nowhere.txt cannot be read"),
        ((".",), "", "cannot be read"),
        ((), "x" * 5_000, "too long"),
        ((), LINE.replace("carol", "Carol"), "this is no invitation"),
        (("--profile", "A B"), LINE, "cannot be the name of a profile"),
        (("--key-type", "p999"), LINE, "p999"),
    ],
)
def test_what_is_no_invitation_is_2(
    person: Computer, words: tuple[str, ...], stdin: str, why: str
) -> None:
    """In words, without repeating it, and nothing is left behind."""
    done = person.run("enroll", *words, stdin=stdin)
    assert done.code == 2
    assert why in done.err
    assert SECRET not in done.err
    assert not list(person.profiles.glob("[a-z]*/"))


def test_nobody_is_asked_who_does_not_want_to_be(person: Computer) -> None:
    """`--no-input` at a terminal."""
    with person.terminal("enroll", "--no-input") as terminal:
        terminal.until("there is no invitation")
        assert terminal.end() == 2


def test_a_pasted_line_is_taken_at_a_terminal(person: Computer, listener: Listener) -> None:
    """The prompt goes to the talk, not to the data."""
    with person.terminal("enroll", "--json") as terminal:
        terminal.until("Paste the invitation")
        terminal.type(f"{listener.invitation().line}\r")
        assert terminal.end() == 0
    assert '"event":"enrolled"' in terminal.seen


def test_nobody_there_is_4(person: Computer) -> None:
    """What it may mean and what to do."""
    code, event, err = told(person, stdin=LINE)
    assert (code, event["event"], event["code"], event["exit"]) == (4, "error", "unreachable", 4)
    assert "open only while an invitation can be used" in err


def test_a_refusal_is_6_and_explained_from_its_record(person: Computer, certs: Path) -> None:
    """The records of an enrolment are found like all others."""
    refusal = EnrolmentRefused("invite-expired", "too late")
    with Listener(certs, lambda _: refusal) as listener:
        done = person.run("enroll", stdin=listener.invitation().line)
    assert done.code == 6
    assert "handshakes explain" in done.err
    rows = person.run("handshakes", "--json")
    assert [json.loads(line)["reason"] for line in rows.out.splitlines()] == [
        "invite-expired",
        "introduced",
    ]


def test_a_passphrase_file_that_is_empty_is_refused_before_anybody_is_asked(
    person: Computer, listener: Listener
) -> None:
    """The invitation can still be used."""
    (person.home / "phrase").write_text("\n")
    done = person.run("enroll", "--passphrase-file", "phrase", stdin=listener.invitation().line)
    assert done.code == 3
    assert listener.orders.empty()
