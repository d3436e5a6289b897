"""`securechat handshakes explain`: a handshake, or a word."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from secure_chat.cli.handshakes_explain import EXAMPLES, explain
from secure_chat.errors import SecureChatError, UsageError
from secure_chat.handshakes.telling.about_alerts import ALERTS
from secure_chat.handshakes.telling.explaining import REASONS
from tests.cli.test_handshakes_show import write
from tests.handshakes.records import refused
from tests.handshakes.stories import expired

app = typer.Typer()
app.command()(explain)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with both ends' records of a refused handshake."""
    root = tmp_path / "data"
    write(root / "host", expired("host"), refused(3, uid="Cother1"), refused(4, uid="Cother2"))
    vague = {"reason": "bad-certificate", "sentence": "the host does not accept it"}
    write(root / "clients/alice", expired("client", **vague))
    return root


def run(*options: str) -> Result:
    """Run the command."""
    done = CliRunner().invoke(app, options)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def objects(*options: str) -> list[dict[str, Any]]:
    """Return what the command prints as JSON."""
    return [json.loads(line) for line in run("--json", *options).stdout.splitlines()]


def test_a_handshake_is_explained_with_what_its_record_knows(data: Path) -> None:
    """What happened, why, what to do on either end, and where it is written."""
    done = run("Chost0", "--data", str(data))
    words = " ".join(done.stdout.split())

    assert words.startswith("expired: a certificate's time is over")
    assert "The time of CN=alice ended on 2026-11-20 11:00:00 UTC, 2 days before." in words
    assert "certificate has expired (verify code 10)" in words
    assert "The alert certificate_expired (45)" in words
    assert words.index("on the host") < words.index("on the client")
    assert "RFC 5280 section 4.1.2.5" in words
    assert "handshakes show Chost0" in done.stderr


def test_the_end_that_knows_more_is_heard(data: Path) -> None:
    """A client that was told little learns from the host's record, from its own side."""
    done = run("Cclient", "--data", str(data))
    words = " ".join(done.stdout.split())

    assert words.startswith("expired:")
    assert "This client showed a certificate" in words
    assert words.index("on the client") < words.index("on the host")
    assert "from the host's record, which knows more" in done.stderr


def test_one_end_s_record_alone_can_be_asked_for(data: Path) -> None:
    """Then it is as vague as it was."""
    assert run("Cclient", "--end", "client", "--data", str(data)).stdout.startswith(
        "bad-certificate"
    )


def test_several_that_begin_so_are_listed(data: Path) -> None:
    """To choose from."""
    done = run("Cother", "--data", str(data))

    assert len(done.stdout.splitlines()) == 2
    assert "give more letters" in done.stderr
    assert len(objects("Cother", "--data", str(data))) == 2


def test_json_has_the_parts_by_name(data: Path) -> None:
    """One object."""
    (found,) = objects("Cclient", "--data", str(data))

    assert found["uid"] == "Cclient00000000000"
    assert found["told_by"] == "Chost0000000000000"
    assert (found["reason"], found["about"], found["end"]) == ("expired", "client", "host")
    assert (found["alert"], found["verify_code"]) == ("certificate_expired", 10)
    assert set(found["do"]) == {"host", "client"}
    assert all(found[part] for part in ("happened", "why", "particulars", "words", "sections"))


@pytest.mark.parametrize("word", ["unknown-ca", "unknown_ca", "48", "certificate_required"])
def test_a_word_is_explained_without_any_record(word: str, tmp_path: Path) -> None:
    """As in a dictionary, for both ends."""
    done = run(word, "--data", str(tmp_path / "missing"))

    for head in ("What happened", "Why", "What to do", "on the host", "on the client", "RFC 8446"):
        assert head in done.stdout
    assert done.stderr == ""


def test_every_word_can_be_listed() -> None:
    """Reasons and alerts, with numbers where there are any."""
    words = run("--list").stdout.split()

    assert set(REASONS) | set(ALERTS) <= set(words)
    assert [one["word"] for one in objects("--list")] == [*REASONS, *ALERTS]


def test_a_word_as_json_has_each_case() -> None:
    """What to do depends on whom it is about."""
    (found,) = objects("expired")

    assert (found["kind"], found["number"]) == ("reason", None)
    assert set(found["do"]) == {"host", "client"}
    assert set(found["do"]["client"]) == {"host", "client"}
    (alert,) = objects("unknown_ca")
    assert (alert["kind"], alert["number"], alert["reason"]) == ("alert", 48, "unknown-ca")


@pytest.mark.parametrize("options", [(), ("--list", "expired"), ("ok?",), ("Cho",)])
def test_nothing_to_explain_is_a_wrong_call(options: tuple[str, ...]) -> None:
    """One word, or the list of them."""
    with pytest.raises(UsageError):
        run(*options)


def test_an_unknown_word_is_looked_for_among_handshakes(data: Path) -> None:
    """And not found there."""
    with pytest.raises(SecureChatError, match="no handshake begins with nonsense"):
        run("nonsense", "--data", str(data))


def test_colour_is_for_terminals_or_on_demand() -> None:
    """A pipe gets letters."""
    assert "\x1b" not in run("expired").stdout
    assert "\x1b[1m" in run("expired", "--color", "always").stdout


def test_the_help_has_two_examples() -> None:
    """They begin with the command as one types it."""
    assert EXAMPLES.count("securechat handshakes explain") == 2
