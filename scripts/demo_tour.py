"""The tour that `scripts/demo` shows: every process is a real one, and every claim is checked.

Runs under the Python that has the program installed, on the main thread; a thread for each child
only reads what it prints. Nothing outlives it: children are stopped by their own process, the
folder is removed, also after an interruption.
"""

import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from secure_chat.errors import SecureChatError
from secure_chat.tls.context import client_contexts
from secure_chat.tls.reason import error_for, judge

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 15.0


class Unexpected(Exception):
    """Something did not happen as the tour says."""


def title(text: str) -> None:
    """Begin a part of the tour."""
    print(f"\n== {text} ==", flush=True)


def show(who: str, text: str) -> None:
    """Print what somebody sees."""
    print(f"   {who:>8} | {text}", flush=True)


def check(happened: object, claim: str) -> None:
    """Go on only if a claim holds."""
    if not happened:
        raise Unexpected(claim)


class Child:
    """A command that goes on, with what it prints read line by line.

    Args:
        who: whose it is, as the tour shows it.
        process: it, with stdin and with stdout and stderr in one pipe.
    """

    def __init__(self, who: str, process: "subprocess.Popen[str]") -> None:
        self._who = who
        self.process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def until(self, text: str) -> str:
        """Show what it prints up to the line with `text`, and return that line."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise Unexpected(f"{self._who} was to see {text!r}")
            show(self._who, line)
            if text in line:
                return line

    def type(self, text: str) -> None:
        """Write a line to its stdin, as a person would."""
        assert self.process.stdin is not None
        show(self._who, f"> {text}")
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def leave(self) -> None:
        """End its input, which asks `join` to leave, and check that it ends well."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        check(self.process.wait(PATIENCE) == 0, f"{self._who} was to leave with exit code 0")

    def stop(self) -> None:
        """Stop it, whatever it does; by its own process id and by no name."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self._reader.join(5)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


class Tour:
    """One folder, one program, and the children started so far.

    Args:
        folder: where everything is made; the current folder of every command.
        program: the installed `securechat`.
        children: stops them at the end.
    """

    def __init__(self, folder: Path, program: str, children: ExitStack) -> None:
        self.folder = folder
        self._program = program
        self._children = children
        kept = {key: text for key, text in os.environ.items() if not key.startswith("SECURECHAT_")}
        # `data` instead of the platform's folder for user data: nothing is left behind.
        self._environment = {**kept, "SECURECHAT_DATA": "data", "NO_COLOR": "1", "PYTHONUTF8": "1"}

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command to its end, show what it prints, check its exit code."""
        self._show_command(words)
        try:
            done = subprocess.run(
                (self._program, *words),
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unexpected(f"securechat {words[0]} was to end within {PATIENCE:g} s") from error
        for line in done.stdout.splitlines():
            show("", line)
        check(done.returncode == code, f"exit code {code}, and it was {done.returncode}")
        return done.stdout

    def start(self, who: str, *words: str) -> Child:
        """Start a command that goes on; it is stopped at the end of the tour at the latest."""
        self._show_command(words)
        process = subprocess.Popen(
            (self._program, *words),
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        child = Child(who, process)
        self._children.callback(child.stop)
        return child

    @staticmethod
    def _show_command(words: tuple[str, ...]) -> None:
        print(f"   $ securechat {' '.join(words)}", flush=True)


def take(tour: Tour) -> None:
    """Show everything, in order."""
    title("1. A private authority, a certificate for the host, and one each for alice and bob")
    tour.run("init-certs")

    title("2. The host")
    host = tour.start("host", "host", "--port", "0")
    address = host.until("listening on ").partition("listening on ")[2].split()[0]
    host.until("to join")

    title("3. Alice and bob talk, each in a process of their own")
    converse(tour, address)
    exchange_a_file(tour, address)

    title("4. A stranger without a certificate")
    knock_without_certificate(tour, address)
    host.until("no-certificate")

    title("5. A stranger with a certificate for `alice`, made by an authority of their own")
    knock_as_a_foreigner(tour, address)
    host.until("unknown-ca")

    title("6. What the handshake journals of both ends say about all this")
    read_the_journal(tour)

    title("7. The host is told to stop")
    host.process.send_signal(signal.SIGTERM)
    host.until("stopped")
    check(host.process.wait(PATIENCE) == 0, "the host was to stop with exit code 0")


def converse(tour: Tour, address: str) -> None:
    """Let two people say something to everybody and to each other."""
    alice = tour.start("alice", "join", address, "--as", "alice")
    alice.until("connected as alice")
    bob = tour.start("bob", "join", address, "--as", "bob")
    bob.until("connected as bob")
    alice.type("Hello! Is anybody here?")
    bob.until("alice: Hello! Is anybody here?")
    bob.type("I am. My name comes from my certificate, nowhere else.")
    alice.until("bob: I am. My name comes from my certificate, nowhere else.")
    alice.type("/msg bob And this is for you alone.")
    bob.until("And this is for you alone.")
    alice.leave()
    bob.leave()
    said = tour.run("history", "--at", address, "--as", "bob")
    check(said.count("\n") == 3, "the log was to hold three messages")


def exchange_a_file(tour: Tour, address: str) -> None:
    """Let bob send a file that alice fetches when she likes, with the same bytes in it."""
    sent = os.urandom(1_000_000)
    (tour.folder / "tea.bin").write_bytes(sent)
    words = ("--at", address, "--as")
    tour.run("send", "--file", "tea.bin", "--to", "alice", *words, "bob")
    tour.run("get", "--all", "--into", "inbox", *words, "alice")
    landed = (tour.folder / "inbox" / "tea.bin").read_bytes()
    check(landed == sent, "the file was to arrive as it was sent")


def knock_without_certificate(tour: Tour, address: str) -> None:
    """Speak TLS to the host without a certificate, and show the words the stranger gets."""
    name, _, port = address.rpartition(":")
    context = client_contexts(tour.folder / "certs" / "ca.crt", None, None).talking
    show("", "a TLS 1.3 client in Python that trusts our ca.crt and shows no certificate")
    try:
        with (
            socket.create_connection((name, int(port)), timeout=PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname=name) as sock,
        ):
            # In TLS 1.3 the client's handshake is over before the host has judged it: the verdict
            # comes with the first read.
            heard = sock.recv(1)
    except OSError as error:
        refusal = error_for(judge(error))
    else:
        raise Unexpected(f"the stranger was to be refused, and heard {heard!r}")
    tell("stranger", refusal)
    check("certificate_required" in str(refusal).lower(), "the reason was to be no certificate")


def tell(who: str, error: SecureChatError) -> None:
    """Show an error as every command does."""
    show(who, f"error: {error}")
    show(who, f"  {error.hint}")


def knock_as_a_foreigner(tour: Tour, address: str) -> None:
    """Come with the right name and the wrong authority."""
    tour.run("init-certs", "--certs", "foreign", "--client", "alice", "--quiet")
    print(
        "   $ cat certs/ca.crt >> foreign/ca.crt    # they trust our host; it need not trust them"
    )
    with (tour.folder / "foreign" / "ca.crt").open("ab") as trusted:
        trusted.write((tour.folder / "certs" / "ca.crt").read_bytes())
    said = tour.run("join", address, "--certs", "foreign", "--as", "alice", code=6)
    check("UNKNOWN_CA" in said, "the reason was to be an unknown authority")


def read_the_journal(tour: Tour) -> None:
    """List the handshakes and check that each refusal stands there with its reason."""
    listed = tour.run("handshakes")
    # WHO PEER RESULT TLS CIPHER GROUP MS; the clients' own have a mark at the peer.
    rows = [line.split()[-7:] for line in listed.splitlines() if len(line.split()) > 7]
    host = [(row[0], row[2]) for row in rows if not row[1].startswith(">")]
    for record in (
        ("alice", "ok"),
        ("bob", "ok"),
        ("-", "no-certificate"),
        ("CN=alice", "unknown-ca"),
    ):
        check(record in host, f"the host's journal was to tell of {' '.join(record)}")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder in `.demo` and remove it, and `.demo` too when it is empty then."""
    parent = ROOT / ".demo"
    parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        try:
            parent.rmdir()
        except OSError:
            print(f"note: something else is in {parent.name}, which stays")


def on_terminate(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave in order when we are told to end, so that children and folder go too."""
    sys.exit(128 + number)


def main(program: str) -> int:
    """Take the tour.

    Args:
        program: the `securechat` to show.
    """
    began = time.monotonic()
    print(f"Everything here is made in {ROOT.name}/.demo and removed at the end.")
    try:
        with temporary_folder() as folder, ExitStack() as children:
            take(Tour(folder, program, children))
    except (Unexpected, OSError) as error:
        print(f"\nThis did not happen: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\nAll of it happened as shown, in {time.monotonic() - began:.1f} s.")
    print("Next: . .venv/bin/activate, then the five minutes in README.md.")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, on_terminate)
    installed = str(Path(sys.executable).with_name("securechat"))
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else installed))
