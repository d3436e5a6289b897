"""From an invitation to the first message, and every way in which it is refused: real processes."""

import json
import os
import queue
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from secure_chat.client.enroll import Enrolling, enroll
from secure_chat.client.profiles import Profiles
from secure_chat.pki.csr import make_request
from secure_chat.pki.invitation import Invitation
from secure_chat.pki.keys import KeyType, key_from_pem, new_key
from secure_chat.pki.vault import Vault
from secure_chat.tls.context import ENROLMENT_ALPN
from secure_chat.wire.codec import encode
from secure_chat.wire.enrolment import Authorities, Enroll, FromHost
from secure_chat.wire.messages import Hello
from secure_chat.wire.part import Close, Part
from tests.acceptance.computers import Computer
from tests.acceptance.namespaces import may_make_namespaces
from tests.cli.processes import Running
from tests.enrolling import Stranger, relay
from tests.pki.kill import killed_before_step
from tests.server.guest import Guest
from tests.tools import lacking, need

pytestmark = pytest.mark.slow


class Community:
    """An owner's computer with a running host.

    Args:
        home: the owner's home folder.
    """

    def __init__(self, home: Path) -> None:
        self.owner = Computer(home)
        assert self.owner.run("init-certs", "--quiet").code == 0
        self.enroll_at = ("127.0.0.1", free_port())
        self._host: Running | None = None
        self.chat_at = ("127.0.0.1", 0)
        self.ready: dict[str, Any] = {}

    @contextmanager
    def running(self) -> Iterator["Community"]:
        """Run the host."""
        port = str(self.enroll_at[1])
        with self.owner.start("host", "--port", "0", "--enroll-port", port, "--json") as host:
            self._host = host
            self.ready = host.event("ready")
            self.chat_at = ("127.0.0.1", int(self.ready["address"].rpartition(":")[2]))
            yield self
            host.interrupt()
            assert host.end().code == 0

    @property
    def certs(self) -> Path:
        """The certificates folder."""
        return self.owner.home / "certs"

    def invite(self, name: str, *options: str, at: tuple[str, int] | None = None) -> Invitation:
        """Invite somebody and wait until the host knows."""
        host, port = at or self.enroll_at
        done = self.owner.run("invite", name, "--at", f"{host}:{port}", *options)
        assert done.code == 0, done.err
        while not listens(self.enroll_at):
            self.await_event("enrolment")
        return Invitation.read(done.out)

    def await_event(self, name: str) -> dict[str, Any]:
        """Skip to the host's next event of a name."""
        assert self._host is not None
        return self._host.event(name)

    def states(self) -> dict[str, str]:
        """Return what became of each person's invitation."""
        listed = self.owner.run("invite", "list", "--json").objects()
        return {one["name"]: one["state"] for one in listed}

    def audit(self) -> list[dict[str, Any]]:
        """Return the audit trail."""
        return [json.loads(line) for line in (self.certs / "audit.jsonl").read_text().splitlines()]

    def stranger(self, alpn: str = ENROLMENT_ALPN) -> Stranger:
        """Connect to the enrolment listener with TLS."""
        return Stranger(self.enroll_at, alpn)

    def answer(self, message: Part) -> FromHost | None:
        """Say one thing at the enrolment listener and return what the host says to it."""
        with self.stranger() as stranger:
            assert isinstance(stranger.hear(), Authorities)
            stranger.say(message)
            return stranger.hear()

    def refused(self, reason: str) -> dict[str, Any]:
        """Skip to the host's next refusal for this reason and return its record."""
        while (event := self.await_event("refused"))["reason"] != reason:
            continue
        (record,) = [one for one in self.records("refused") if one["uid"] == event["uid"]]
        assert (record["reason"], record["established"]) == (reason, False)
        assert record["sentence"]
        assert record["advice"]
        return record

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Return the host's journal of those `accepted` or `refused`."""
        ending = "-refused" if kind == "refused" else ""
        path = Path(self.ready["data"]) / f"handshakes{ending}.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines(keepends=True)]


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def listens(address: tuple[str, int]) -> bool:
    """Tell whether somebody listens there."""
    try:
        socket.create_connection(address, timeout=20).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Community]:
    """Return a host that many tests share; each invites people of its own."""
    with Community(tmp_path_factory.mktemp("owner") / "home").running() as running:
        yield running


@pytest.fixture(autouse=True)
def no_thread_is_left() -> None:
    """The host that the tests of this module share has readers that outlive one test."""


@pytest.fixture
def person(tmp_path: Path) -> Computer:
    """Return a computer with an empty home folder."""
    return Computer(tmp_path / "person")


# --- what goes well ------------------------------------------------------------------------


def test_two_commands_until_the_first_message_without_an_option(tmp_path: Path) -> None:
    """On the owner's side two and one to invite; on the person's side two, and not one option."""
    need("ip")
    if not may_make_namespaces():
        lacking("needs the right to make network namespaces")
    # A network of its own, so that the ports are free whatever else runs here.
    name = f"sc-enroll-{os.getpid()}"
    run_ip("netns", "add", name)
    try:
        run_ip("-n", name, "link", "set", "lo", "up")
        before = ("ip", "netns", "exec", name)
        owner = Computer(tmp_path / "owner", before)
        person = Computer(tmp_path / "person", before)
        assert owner.run("init-certs").code == 0
        with owner.start("host") as host:
            host.talk(lambda line: "listening on 127.0.0.1:65432" in line)
            invited = owner.run("invite", "carol")
            host.talk(lambda line: "127.0.0.1:65433" in line)
            enrolled = person.run("enroll", stdin=invited.out)
            assert enrolled.code == 0, enrolled.err
            assert enrolled.err.splitlines()[-1] == "Next: securechat join"
            joined = person.run("join", stdin="hello\n")
            assert joined.code == 0, joined.err
            assert joined.out.endswith("[lobby] carol: hello\n")
            host.interrupt()
            assert host.end().code == 0
    finally:
        run_ip("netns", "delete", name)


def run_ip(*words: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


def test_what_passes_on_the_line_is_no_secret(community: Community, person: Computer) -> None:
    """A relay in between sees neither the secret nor the private key, in no form."""
    seen = bytearray()
    with relay(community.enroll_at, seen) as port:
        invitation = community.invite("relayed", at=("127.0.0.1", port))
        enrolled = person.run("enroll", "-", "--json", stdin=invitation.line)
        assert enrolled.code == 0, enrolled.err
    told = enrolled.objects()[0]
    pem = Path(told["key"]).read_bytes()
    key = key_from_pem(pem, None, where="key")
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    number = key.private_numbers().private_value.to_bytes(32, "big")  # type: ignore[union-attr]
    assert number in der
    assert len(seen) > 2_000
    for secret in (
        invitation.secret.encode(),
        invitation.secret.encode().hex().encode(),
        number,
        number.hex().encode(),
        b"".join(pem.splitlines()[1:-1])[56:88],
    ):
        assert secret not in seen
    # Nor does the host keep any of it, nor does anything that was printed.
    kept = community.owner.files() + person.files()
    assert invitation.secret.encode() not in kept
    assert number not in community.owner.files()
    assert invitation.secret not in enrolled.out + enrolled.err


def test_a_member_by_invitation_joins_and_is_in_the_trail(
    community: Community, person: Computer
) -> None:
    """The act names the invitation; the profile says where the host is."""
    line = person.home / "invitation.txt"
    line.write_text(community.invite("erin", "--role", "operator").line)
    enrolled = person.run("enroll", "invitation.txt", "--profile", "work")
    assert enrolled.code == 0, enrolled.err
    (issued,) = [
        act for act in community.audit() if (act["act"], act["name"]) == ("issued", "erin")
    ]
    (invited,) = [
        act for act in community.audit() if (act["act"], act["name"]) == ("invited", "erin")
    ]
    assert issued["invite"] == invited["invite"]
    assert issued["role"] == "operator"
    assert community.states()["erin"] == "used"
    (row,) = person.run("profiles", "--json").objects()
    assert (row["label"], row["name"], row["state"]) == ("work", "erin", "valid")
    assert row["host"] == "{}:{}".format(*community.chat_at)
    events = person.run("join", "--json", stdin='"hi"\n').objects()
    assert (events[0]["event"], events[0]["name"], events[0]["role"]) == (
        "connected",
        "erin",
        "operator",
    )
    assert "hi" in [one.get("text") for one in events]


def test_a_second_device_has_a_certificate_of_its_own(
    community: Community, person: Computer, tmp_path: Path
) -> None:
    """The same name; without saying so it is refused, as it might be somebody else."""
    other = Computer(tmp_path / "laptop")
    assert person.run("enroll", stdin=community.invite("twice").line).code == 0
    again = community.owner.run("invite", "twice")
    assert again.code == 2
    assert "--another-device" in again.err
    invitation = community.invite("twice", "--another-device")
    assert other.run("enroll", stdin=invitation.line).code == 0
    assert person.run("send", "from here").code == 0
    assert other.run("send", "from there").code == 0
    issued = [act for act in community.audit() if (act["act"], act["name"]) == ("issued", "twice")]
    assert len({act["serial"] for act in issued}) == len(issued) == 2


def test_two_profiles_are_chosen_by_their_label(community: Community, person: Computer) -> None:
    """With several and nobody to ask: exit 3 and the names."""
    for name in ("gina", "hugo"):
        assert person.run("enroll", stdin=community.invite(name).line).code == 0
    undecided = person.run("send", "hi")
    assert undecided.code == 3
    assert "gina, hugo" in undecided.err
    for words in (("--profile", "hugo"), ("--as", "hugo")):
        assert person.run("send", "hi", *words).code == 0
    with person.terminal("send", "hi") as terminal:
        terminal.until("gina, hugo")
        terminal.until("Who are you?")
        terminal.type("hugo\r")
        assert terminal.end() == 0
    said = person.run("history", "--profile", "gina", "--from", "hugo", "--json").objects()
    assert [one["text"] for one in said] == ["hi"] * 3
    person.environment["SECURECHAT_PROFILE"] = "gina"
    assert person.run("send", "hi").code == 0
    assert person.run("profiles", "forget", "gina").code == 2
    assert person.run("profiles", "forget", "gina", "--yes").code == 0
    del person.environment["SECURECHAT_PROFILE"]
    assert person.run("send", "now there is only one").code == 0


def test_a_person_at_a_terminal_is_asked_for_the_line(
    community: Community, person: Computer
) -> None:
    """It is pasted, and never stands on the command line."""
    invitation = community.invite("ines")
    with person.terminal("enroll") as terminal:
        terminal.until("Paste the invitation")
        terminal.type(f"{invitation.line}\r")
        terminal.until("You are ines (member)")
        terminal.until("Next: securechat join")
        assert terminal.end() == 0


def test_a_key_under_a_passphrase_is_never_on_the_disk_in_clear(
    community: Community, person: Computer
) -> None:
    """And whoever joins with it must know it."""
    (person.home / "phrase").write_text("correct horse\n")
    enrolled = person.run(
        "enroll",
        "--passphrase-file",
        "phrase",
        "--key-type",
        "ed25519",
        stdin=community.invite("jane").line,
    )
    assert enrolled.code == 0, enrolled.err
    assert b"ENCRYPTED" in (person.profiles / "jane" / "clients" / "jane.key").read_bytes()
    assert person.run("send", "hi", "--no-input").code == 3
    assert person.run("send", "hi", "--passphrase-file", "phrase").code == 0


# --- what is refused -----------------------------------------------------------------------


def test_a_wrong_secret_is_refused(community: Community, person: Computer) -> None:
    """Also one that is nearly right."""
    invitation = community.invite("kate")
    last = "0" if invitation.secret[-1] != "0" else "1"
    wrong = replace(invitation, secret=invitation.secret[:-1] + last)
    done = person.run("enroll", "--json", stdin=wrong.line)
    assert done.code == 6
    (event,) = done.objects()
    assert (event["event"], event["code"]) == ("refused", "unknown-secret")
    assert "no invitation has the secret" in done.err
    assert community.refused("unknown-secret")
    assert community.states()["kate"] == "open"
    explained = person.run("handshakes", "explain", event["uid"])
    assert explained.code == 0
    assert "asked for a certificate with a secret" in " ".join(explained.out.split())


def test_an_expired_invitation_is_refused(community: Community, person: Computer) -> None:
    """The port is open, but for somebody else."""
    community.invite("liam")
    invitation = community.invite("mona", "--expires", "1s")
    while community.states()["mona"] != "expired":
        continue
    done = person.run("enroll", stdin=invitation.line)
    assert done.code == 6
    assert "has expired" in done.err
    assert community.refused("invite-expired")


def test_a_used_invitation_is_refused_and_what_that_may_mean_is_told(
    community: Community, person: Computer
) -> None:
    """The answer was lost on its way: the certificate is issued, and a new invitation is needed."""
    community.invite("nina")
    invitation = community.invite("otto")
    with community.stranger() as lost:
        lost.hear()
        request = make_request(new_key(KeyType.P256), "otto")
        lost.say(Enroll("otto", invitation.secret, request))
        community.await_event("enrolled")
    done = person.run("enroll", stdin=invitation.line)
    assert done.code == 6
    assert "has been used already" in done.err
    assert "its answer was lost" in done.err
    assert "new invitation" in done.err
    assert community.refused("invite-used")
    assert not list(person.profiles.glob("[a-z]*/"))


def test_a_cancelled_invitation_is_refused(community: Community, person: Computer) -> None:
    """By its id, as `invite list` shows it."""
    community.invite("paul")
    invitation = community.invite("quinn")
    listed = community.owner.run("invite", "list", "--json").objects()
    (known,) = [one["id"] for one in listed if one["name"] == "quinn"]
    assert community.owner.run("invite", "cancel", known).code == 0
    done = person.run("enroll", stdin=invitation.line)
    assert done.code == 6
    assert "has been cancelled" in done.err
    assert community.refused("invite-cancelled")
    assert community.states()["quinn"] == "cancelled"


def test_nobody_gets_another_name(community: Community, person: Computer) -> None:
    """Neither by saying another one nor by a request that has another one in it."""
    invitation = community.invite("rosa")
    key = new_key(KeyType.P256)
    for name, inside in (("mallory", "mallory"), ("rosa", "mallory"), ("alice", "rosa")):
        answer = community.answer(Enroll(name, invitation.secret, make_request(key, inside)))
        assert isinstance(answer, Close)
        assert answer.code == "wrong-name"
        assert community.refused("wrong-name")
    assert person.run("enroll", stdin=invitation.line).code == 0


def test_a_tampered_request_is_refused(community: Community, person: Computer) -> None:
    """Its signature does not verify, so nobody proved to have the key; the invitation stays."""
    invitation = community.invite("sven")
    lines = make_request(new_key(KeyType.P256), "sven").splitlines()
    lines[-2] = lines[-2][:4] + ("A" if lines[-2][4] != "A" else "B") + lines[-2][5:]
    for request in ("\n".join(lines), "nonsense"):
        answer = community.answer(Enroll("sven", invitation.secret, request))
        assert isinstance(answer, Close)
        assert answer.code == "bad-request"
        assert community.refused("bad-request")
    assert person.run("enroll", stdin=invitation.line).code == 0


def test_guesses_are_refused_unseen_after_ten(tmp_path: Path, person: Computer) -> None:
    """And then a good secret too, for a minute, with words that say so."""
    with Community(tmp_path / "owner").running() as community:
        invitation = community.invite("tess")
        request = make_request(new_key(KeyType.P256), "tess")
        codes = []
        for number in range(11):
            answer = community.answer(Enroll("tess", f"guess-{number:020}", request))
            assert isinstance(answer, Close)
            codes.append(answer.code)
        assert codes == ["unknown-secret"] * 10 + ["too-many-attempts"]
        done = person.run("enroll", stdin=invitation.line)
        assert done.code == 6
        assert "wait a minute" in done.err
        for reason in ["unknown-secret"] * 10 + ["too-many-attempts"] * 2:
            assert community.refused(reason)


def test_another_host_never_hears_the_secret(
    community: Community, person: Computer, tmp_path: Path
) -> None:
    """Exit 5, before anything but a handshake was said; and nothing of it passes on the line."""
    with Community(tmp_path / "impostor").running() as impostor:
        impostor.invite("uma")
        ours = community.invite("uma")
        seen = bytearray()
        with relay(impostor.enroll_at, seen) as port:
            led_astray = replace(ours, port=port)
            done = person.run("enroll", "--json", stdin=led_astray.line)
        assert done.code == 5
        (event,) = done.objects()
        assert (event["event"], event["code"]) == ("refused", "not-trusted")
        assert "not the host that the invitation names" in done.err
        assert "was not sent" in done.err
        assert seen
        assert ours.secret.encode() not in seen
        while not (accepted := impostor.records("accepted")):
            continue
        assert [record["reason"] for record in accepted] == ["introduced"]
        assert not list(person.profiles.glob("[a-z]*/"))
    assert person.run("enroll", stdin=ours.line).code == 0


# --- the listener --------------------------------------------------------------------------


def test_the_port_is_open_only_while_somebody_is_invited(tmp_path: Path, person: Computer) -> None:
    """Refused by the system before, open then, refused again when the last one is used."""
    with Community(tmp_path / "owner").running() as community:
        assert not listens(community.enroll_at)
        invitation = community.invite("vera")
        assert listens(community.enroll_at)
        assert person.run("enroll", stdin=invitation.line).code == 0
        while listens(community.enroll_at):
            continue
        late = person.run("enroll", stdin=invitation.line)
        assert late.code == 4
        assert "open only while an invitation can be used" in late.err
        other = community.invite("will")
        assert person.run("enroll", stdin=other.line).code == 0


def test_noise_at_the_port_harms_nobody(community: Community, person: Computer) -> None:
    """Silence, plain text, garbage and floods of them; others enrol meanwhile."""
    invitation = community.invite("xena")
    with ExitStack() as stack:
        for data in (b"", b"", b"GET / HTTP/1.1\r\n\r\n", os.urandom(4_096), b"\x16\x03\x01"):
            for _ in range(5):
                sock = socket.create_connection(community.enroll_at, timeout=20)
                stack.enter_context(sock)
                with suppress(OSError):
                    sock.sendall(data)
        started = person.run("enroll", stdin=invitation.line)
        assert started.code == 0, started.err
    with Guest(community.chat_at, community.certs, "alice") as alice:
        assert alice.join().name == "alice"


def test_neither_port_speaks_the_other_ones_language(community: Community) -> None:
    """A frame of the chat reaches nothing at the enrolment port, and the reverse."""
    community.invite("yuri")
    closed = community.answer(Hello(version=1))
    assert isinstance(closed, Close)
    assert closed.code == "protocol"
    assert community.refused("protocol")
    with community.stranger("securechat/1") as stranger:
        answer = stranger.hear()
        assert isinstance(answer, Close)
        assert answer.code == "alpn"
    request = Enroll("yuri", "s" * 27, make_request(new_key(KeyType.P256), "yuri"))
    with Guest(community.chat_at, community.certs, "bob") as bob:
        bob.join()
        bob.raw(encode(request))
        assert bob.closed().code == "protocol"
    # Without a certificate nobody gets that far at the chat port.
    with Stranger(community.chat_at) as stranger, suppress(OSError):
        stranger.say(request)
        assert stranger.hear() is None


def test_a_kill_at_any_write_leaves_no_half_profile(community: Community, person: Computer) -> None:
    """Whole or not there, and the next invitation works."""
    profiles = Profiles(person.profiles)
    evidence: queue.SimpleQueue[object] = queue.SimpleQueue()

    def once() -> None:
        wanted = Enrolling(invitation=invitation, label="zoe")
        enroll(wanted, profiles, evidence.put)

    step, killed, whole = 1, True, 0
    while killed:
        device = ("--another-device",) if step > 1 else ()
        invitation = community.invite("zoe", *device)
        killed = killed_before_step(step, person.profiles, once)
        if profiles.labels():
            whole += 1
            assert Vault(profiles.get("zoe").folder).client_files("zoe").identity.name == "zoe"
            profiles.forget("zoe")
        step += 1
    assert step > 10
    assert whole >= 1
    assert [path.name for path in person.profiles.iterdir()] == ["lock.sqlite"]
