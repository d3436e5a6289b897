"""What a failed handshake adds to its error: never instead of it, and only where it is wanted."""

from pathlib import Path

import pytest

from secure_chat.cli import recalling
from secure_chat.cli.aftermath import explained
from secure_chat.cli.console import Console
from secure_chat.errors import HostRefused, SecureChatError
from secure_chat.handshakes import journal
from tests.cli.test_handshakes_show import write
from tests.handshakes.stories import expired

UID = "Cclient00000000000"


def told(data: Path, uid: str = UID, *, as_json: bool = False, quiet: bool = False) -> list[str]:
    """Return the lines below an error that came from a connection."""
    error = HostRefused("expired", "the host does not let us in", hint="get a new one")
    error.uid = uid
    with (
        pytest.raises(HostRefused) as caught,
        explained(Console(quiet=quiet), data, as_json=as_json),
    ):
        raise error
    assert caught.value is error
    return error.hint.split("\n")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with the client's record of a refusal."""
    write(tmp_path / "clients/alice", expired("client"))
    return tmp_path


def test_the_record_s_facts_and_where_to_read_on_are_added(data: Path) -> None:
    """Behind the hint, which stays the first."""
    lines = told(data)

    assert lines[0] == "get a new one"
    assert "This client showed a certificate whose last day has passed." in " ".join(lines)
    assert "2 days before." in " ".join(" ".join(lines).split())
    assert lines[-1].endswith(f"securechat handshakes show {UID} --data {data}")


@pytest.mark.parametrize(
    "options", [{"uid": ""}, {"uid": "Cgone0000000000000"}, {"as_json": True}, {"quiet": True}]
)
def test_nothing_is_added_where_there_is_nothing_or_nobody_wants_it(
    data: Path, options: dict[str, bool | str]
) -> None:
    """No handshake, no record any more, a script, or a wish for quiet."""
    assert told(data, **options) == ["get a new one"]  # type: ignore[arg-type] # as named


def test_a_journal_that_cannot_be_read_hides_no_error(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong first is what one must know."""

    def broken(_root: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(journal, "journals", broken)

    assert told(data) == ["get a new one"]


def test_a_folder_named_by_the_environment_need_not_be_named_again(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command works as it is shown."""
    monkeypatch.setenv("SECURECHAT_DATA", str(data))
    assert told(data)[-1].endswith(f"show {UID}")
    assert recalling.command("handshakes show", UID, None).endswith(UID)
    spaced = recalling.command("handshakes show", UID, Path("a b"))
    assert spaced.endswith("--data 'a b'")


def test_without_an_error_nothing_happens(data: Path) -> None:
    """And any other exception passes as it is."""
    with explained(Console(), data, as_json=False):
        pass
    with pytest.raises(ValueError, match="other"), explained(Console(), data, as_json=False):
        raise ValueError("other")
    assert SecureChatError("x").uid == ""
