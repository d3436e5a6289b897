"""README.md does what it says: its commands, its bot and its links, and the help texts beside it.

Nothing is mocked: the five minutes are taken in a folder of their own, at real terminals.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from secure_chat.cli.commands import ALL, NAMES, load
from secure_chat.cli.main import app
from secure_chat.client import Client
from secure_chat.client.events import Event, Message, Presence
from tests.cli.processes import Running, Terminal
from tests.client.hosting import Hosting

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "secure_chat").rglob("*.md")))
PATIENCE: Final = 30

posix = pytest.mark.skipif(sys.platform == "win32", reason="pty and sh need a POSIX system")


def section(title: str) -> str:
    """Return what stands under a heading of README.md."""
    found = re.search(rf"(?ms)^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README)
    assert found, f"README.md has no section {title}"
    return found[1]


def blocks(text: str) -> list[tuple[str, str]]:
    """Return the fenced blocks with their languages, in order."""
    return re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", text)


# --- the five minutes ----------------------------------------------------------------------


class Newcomer:
    """Somebody who does what README.md says, in a folder of their own.

    Args:
        folder: the current one, and where the data goes.
        environment: what the commands are run with.
        leaving: ends what was started.
    """

    def __init__(self, folder: Path, environment: dict[str, str], leaving: ExitStack) -> None:
        self._environment = environment | {"SECURECHAT_DATA": str(folder / "data"), "TZ": "UTC"}
        self._leaving = leaving
        self.terminals: dict[str, Terminal] = {}
        self.said: list[str] = []
        self.host: Running | None = None

    def do(self, line: str) -> None:
        """Run one line of a shell block: in a terminal of its own if it goes on."""
        command, _, comment = line.partition("  # ")
        name = re.fullmatch(r"securechat join --as (\w+)", command)
        if command == "securechat host":
            self._start_host(command)
        elif name:
            terminal = Terminal(shlex.split(command), self._environment)
            self.terminals[name[1]] = self._leaving.enter_context(terminal)
            terminal.until(f"{name[1]}@lobby>")
        else:
            code = int(comment.removeprefix("exit code ")) if comment else 0
            self._run(command, code)

    def _start_host(self, command: str) -> None:
        # The default port may be in use where the tests run; all else is as it stands there.
        words = shlex.split(f"{command} --port 0")
        self.host = self._leaving.enter_context(Running(words, self._environment))
        ready = self.host.talk(lambda line: "listening on" in line)
        self._environment["SECURECHAT_AT"] = ready.partition("listening on ")[2].split()[0]

    def _run(self, command: str, code: int) -> None:
        done = subprocess.run(
            ("sh", "-c", command),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == code, f"{command}: {done.stderr}"
        self.said.append(done.stdout)

    def type(self, line: str) -> None:
        """Type a line of a conversation where it stands, and see what it does."""
        who, room, text = re.fullmatch(r"(\w+)@(\w+)> (.+)", line).groups()  # type: ignore[union-attr] # else this fails, as it should
        self.terminals[who].type(f"{text}\r")
        if private := re.fullmatch(r"/msg (\w+) (.+)", text):
            self.terminals[private[1]].until(f"{who} to {private[1]}: {private[2]}")
        elif moved := re.fullmatch(r"/join (\w+)", text):
            self.terminals[who].until(f"{who}@{moved[1]}>")
        else:
            for terminal in self.terminals.values():
                terminal.until(f"[{room}] {who}: {text}")

    def leave(self) -> None:
        """Say goodbye as README.md says, and see that everything ends well."""
        for terminal in self.terminals.values():
            terminal.type("/quit\r")
            assert terminal.end() == 0
        assert self.host is not None
        self.host.interrupt()
        assert self.host.end().code == 0


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomer]:
    """Return somebody in an empty folder who has the program in their path."""
    monkeypatch.chdir(tmp_path)
    installed = Path(sys.executable).parent
    assert (installed / "securechat").exists()
    for name in ("SECURECHAT_AS", "SECURECHAT_AT", "SECURECHAT_CERTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{installed}:/usr/bin:/bin")
    with ExitStack() as leaving:
        yield Newcomer(tmp_path, dict(os.environ), leaving)


@posix
@pytest.mark.slow
def test_the_five_minutes_work(newcomer: Newcomer) -> None:
    """Every command of the tour does what is said around it, in its order."""
    for language, block in blocks(section("Five minutes")):
        for line in block.splitlines():
            newcomer.do(line) if language == "sh" else newcomer.type(line)
    *_, green, exported, refusals = (said for said in newcomer.said if said)
    assert "[lobby] bob: the build is green" in green
    assert '"to":"alice"' in exported
    assert refusals.count("unknown-ca") == 2
    newcomer.leave()


@posix
@pytest.mark.slow
def test_a_command_that_fails_is_noticed(newcomer: Newcomer) -> None:
    """The tour above could fail: with another exit code than it says, it does."""
    with pytest.raises(AssertionError, match="securechat send"):
        newcomer.do("securechat send hello")


# --- the bot -------------------------------------------------------------------------------

# The code stands in README.md for the default port and the platform's folder.
ELSEWHERE: Final = """
from secure_chat.client.runtime import Client as _Client
_Client.__init__.__kwdefaults__.update(at={at!r}, data={data!r}, certs={certs!r})
"""


@pytest.mark.slow
def test_the_echo_bot_echoes(certs: Path, tmp_path: Path) -> None:
    """It answers in the room, and a direct message directly, and never itself."""
    [(language, code)] = blocks(section("From Python"))
    assert language == "python"
    assert len(code.splitlines()) < 15
    hosting = Hosting(certs, tmp_path / "host").start()
    data = str(tmp_path / "data")
    before = ELSEWHERE.format(at=hosting.at, data=data, certs=str(certs))
    alice = Client("alice", at=hosting.at, certs=certs, data=data)
    with ExitStack() as leaving:
        leaving.callback(hosting.stop)
        leaving.enter_context(alice)
        bot = subprocess.Popen((sys.executable, "-c", before + code), stderr=subprocess.DEVNULL)
        leaving.callback(bot.wait)
        leaving.callback(bot.kill)
        events = alice.events()
        wait_for_bob(events)
        alice.say("hello")
        assert answer(events) == ("lobby", None, "you said: hello")
        alice.say("psst", to="bob")
        assert answer(events) == (None, "alice", "you said: psst")


def wait_for_bob(events: Iterator[Event]) -> None:
    """Wait until bob is in the lobby."""
    next(event for event in events if isinstance(event, Presence) and "bob" in event.joined)


def answer(events: Iterator[Event]) -> tuple[str | None, str | None, str]:
    """Return the next thing that bob says: the room, the addressee, the text."""
    said = (event for event in events if isinstance(event, Message) and event.author == "bob")
    message = next(said)
    return message.room, message.to, message.text


# --- the page ------------------------------------------------------------------------------


def test_the_front_page_is_a_page() -> None:
    """It stays short."""
    assert len(README.splitlines()) <= 200


def test_every_command_is_on_the_front_page() -> None:
    """The table names each command of the program, and no other."""
    named = re.findall(r"^\| `securechat ([\w-]+)` \|", section("Commands"), re.MULTILINE)
    assert named == list(NAMES)


def spoken_commands() -> list[str]:
    """Return what README.md and the help texts tell people to type, without `securechat`."""
    code = [block for language, block in blocks(README) if language in {"sh", "console"}]
    spans = re.findall(r"`(securechat [^`]+)`", README.replace("\n", " "))
    helps = [examples for _, examples in map(load, ALL)]
    found: list[str] = []
    for text in (*code, *spans, *helps):
        found += re.findall(r"securechat ((?:[^\n|>#·]|(?<=[(,])\|)+)", text)
    return [words.strip() for words in found]


@pytest.mark.parametrize("words", sorted(set(spoken_commands())))
def test_what_people_are_told_to_type_is_a_command(words: str) -> None:
    """The command exists and has these options."""
    name, *rest = shlex.split(words)
    assert name in NAMES
    program = get_command(app)
    context = program.make_context("securechat", [name])
    command = program.get_command(context, name)  # type: ignore[attr-defined] # a group has it
    # A bare name speaks of the command and need not have all that it takes.
    command.make_context(name, rest, resilient_parsing=not rest)


def test_the_scripts_that_are_named_are_there() -> None:
    """Each `scripts/NAME` of the page can be run."""
    for name in set(re.findall(r"scripts/(\w+)", README)):
        assert shutil.which(str(ROOT / "scripts" / name)), name


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """Links to other pages and to headings are whole."""
    prose = re.sub(r"(?ms)^```.*?^```$|`[^`\n]+`", "", page.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if not link.startswith("http"):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


# --- the help ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", *ALL])
def test_a_help_text_is_short_and_has_examples(name: str) -> None:
    """It fits an ordinary terminal and shows two commands that can be typed."""
    shown = CliRunner().invoke(
        app, [*name.split(), "--help"], env={"COLUMNS": "80", "TERM": "dumb"}
    )
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert len(lines) <= 48
    assert max(map(len, lines)) <= 80
    _, options, examples = re.split(r"Options:|Examples:|Start here:", shown.output)
    assert "--help" in options
    assert len(re.findall(rf"securechat\s+{name or '[a-z-]+'}", examples)) >= 2
