"""`securechat moderate`: the owner's way, at the shell, to what operators do in the chat."""

import getpass
from datetime import datetime

import pytest

from secure_chat.client.events import Notice
from secure_chat.client.runtime import Client
from secure_chat.errors import HostRefused, SecureChatError
from tests.cli.shell import Shell
from tests.client.hosting import Hosting


@pytest.mark.parametrize(
    ("words", "act", "said"),
    [
        (("kick", "bob"), "kicked", "bob is sent away"),
        (("mute", "bob"), "muted", "bob may not speak any more"),
        (("mute", "bob", "--for", "2h"), "muted", "bob may not speak until 20"),
        (("unmute", "bob"), "unmuted", "bob may speak again"),
        (("close-room", "den"), "closed-room", "nobody may speak in den"),
        (("open-room", "den"), "opened-room", "den is open again"),
    ],
)
def test_each_act_is_a_line_of_the_trail(
    shell: Shell, words: tuple[str, ...], act: str, said: str
) -> None:
    """Who, what, when and why; and it is told in words."""
    before = len(shell.acts())
    done = shell("moderate", *words, "--reason", "please")
    assert done.out == ""
    assert said in done.err
    [line] = shell.acts()[before:]
    assert (line.act, line.reason) == (act, "please")
    assert line.by == f"moderate ({getpass.getuser()})"
    assert {line.name, line.room} == {words[1], ""}
    now = shell.vault.clock.now()
    if "--for" in words:
        assert abs(datetime.fromisoformat(line.until).timestamp() - now - 7_200) < 60
    else:
        assert line.until == ""


def test_json_is_one_object(shell: Shell) -> None:
    """With everything that was written down."""
    [told] = shell.json("moderate", "mute", "bob", "--for", "1h", "--reason", "x")
    line = shell.acts()[-1]
    assert told == {
        "act": "mute",
        "name": "bob",
        "room": None,
        "until": line.until,
        "at": line.at,
        "by": line.by,
        "reason": "x",
    }
    [told] = shell.json("moderate", "close-room", "den")
    assert (told["name"], told["room"], told["until"], told["reason"]) == (None, "den", None, None)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("kick", "erin"), 2, "nobody is called 'erin' here"),
        (("kick", "bob", "--for", "1h"), 2, "--for belongs to a mute"),
        (("close-room", "den", "--for", "1h"), 2, "--for belongs to a mute"),
        (("mute", "bob", "--for", "soon"), 2, "is not a span of time"),
        (("mute", "bob", "--for", "5000d"), 2, "a mute lasts at most"),
        (("close-room", "lobby"), 2, "lobby is always open"),
        (("close-room", "Den"), 2, "is no name of a room"),
        (("open-room", "a b"), 2, "is no name of a room"),
        (("close-room", "\x1b[2J"), 2, "is no name of a room"),
        (("ban", "bob"), 2, "Invalid value"),
        (("kick",), 2, "Missing argument"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    shell: Shell, words: tuple[str, ...], code: int, told: str
) -> None:
    """And nothing is written down."""
    before = shell.vault.audit_file.read_bytes()
    refused = shell("moderate", *words, code=code)
    assert told in refused.err
    assert "\x1b" not in refused.err
    assert shell.vault.audit_file.read_bytes() == before


def test_a_member_s_folder_is_refused(shell: Shell) -> None:
    """It has no trail, and gets none by it."""
    shell.vault.audit_file.unlink()
    for words in (("kick", "bob"), ("close-room", "den")):
        assert "only the folder of whoever runs the host" in shell("moderate", *words, code=3).err
    assert not shell.vault.audit_file.exists()


def test_a_running_host_acts_on_it(shell: Shell) -> None:
    """Also on operators, which no operator may; and after a restart it still holds."""
    shell("certs", "promote", "bob", "--quiet")
    data = shell.data / "host"
    host = Hosting(shell.certs, data).start()
    try:
        with Client("bob", at=host.at, certs=shell.certs, data=shell.folder / "bob") as bob:
            shell("moderate", "mute", "bob", "--for", "1h")
            notices = (event for event in bob.events() if isinstance(event, Notice))
            assert next(notice.code for notice in notices) == "muted"
            with pytest.raises(SecureChatError, match="muted"):
                bob.deliver("hello")
            host.stop()
            host = Hosting(shell.certs, data).start()
        with Client("bob", at=host.at, certs=shell.certs, data=shell.folder / "bob") as bob:
            with pytest.raises(SecureChatError, match="muted"):
                bob.deliver("hello")
            shell("moderate", "unmute", "bob")
            notices = (event for event in bob.events() if isinstance(event, Notice))
            assert "unmuted" in {next(notices).code, next(notices).code}
            bob.deliver("hello")
            shell("moderate", "kick", "bob")
            for _ in bob.events():
                continue
            assert isinstance(bob.error, HostRefused)
            assert bob.error.code == "kicked"
        with Client("bob", at=host.at, certs=shell.certs, data=shell.folder / "bob"):
            pass
    finally:
        host.stop()
