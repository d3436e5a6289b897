"""The enrolment listener: what it says, whom it refuses and how, and that nobody can block it."""

import queue
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.errors import EnrolmentRefused, HostStartError
from secure_chat.limits import Limits
from secure_chat.pki.csr import make_request
from secure_chat.pki.keys import KeyType, new_key
from secure_chat.pki.vault import Vault
from secure_chat.server.registrar import Enrol
from secure_chat.tls.context import ALPN
from secure_chat.wire.codec import encode
from secure_chat.wire.enrolment import Authorities, Enroll, Enrolled
from secure_chat.wire.messages import Hello, Say
from secure_chat.wire.part import Close, Part
from tests.enrolling import SECRET, Listener, Stranger, signed


def asked(name: str = "carol", secret: str = SECRET) -> Enroll:
    """Return a request with a fresh key."""
    return Enroll(name, secret, make_request(new_key(KeyType.P256), name))


def refusing(code: str) -> Callable[[Enrol], Enrolled | EnrolmentRefused]:
    """Return a registrar that says no."""
    return lambda _: EnrolmentRefused(code, "there is nothing for you", why="said a test")


@pytest.fixture
def judge(certs: Path) -> Callable[[Enrol], Enrolled | EnrolmentRefused]:
    """Return a registrar that gives everybody who knows the secret a certificate."""

    def judged(order: Enrol) -> Enrolled | EnrolmentRefused:
        if order.secret == SECRET:
            return signed(certs, order)
        return EnrolmentRefused("unknown-secret", "no invitation has this secret")

    return judged


def enrolled(listener: Listener) -> bool:
    """Enrol once more, to see that others can."""
    with listener.stranger() as friend:
        assert isinstance(friend.hear(), Authorities)
        friend.say(asked())
        return isinstance(friend.hear(), Enrolled)


def test_the_host_speaks_first_and_gives_who_asks_rightly(
    certs: Path, judge: Callable[[Enrol], Enrolled | EnrolmentRefused]
) -> None:
    """Authorities, then a certificate; it asks for none itself, and leaves a record with a name."""
    with Listener(certs, judge) as listener, listener.stranger() as person:
        told = person.hear()
        assert told == Authorities(Vault(certs).ca_crt.read_text())
        person.say(asked())
        answer = person.hear()
        assert isinstance(answer, Enrolled)
        assert "BEGIN CERTIFICATE" in answer.certificate
        assert person.hear() is None
        record = listener.record()
    assert (record.established, record.reason, record.name) == (True, "enrolled", "carol")
    assert (record.next_protocol, record.advice) == ("securechat-enroll/1", "")
    assert (record.client_chain, record.validation_status) == ((), None)
    assert "CertificateRequest" not in [message.type for message in record.messages]
    order = listener.orders.get_nowait()
    assert SECRET not in repr(order)


def test_who_leaves_after_the_authorities_is_recorded_as_that(certs: Path) -> None:
    """It is how an enrolment begins, so it is no refusal."""
    with Listener(certs) as listener:
        with listener.stranger() as person:
            person.hear()
            person.sock.unwrap()
        record = listener.record()
    assert (record.established, record.reason) == (True, "introduced")
    assert record.name is None


def test_a_farewell_in_words_is_the_same(certs: Path) -> None:
    """With a frame instead of none."""
    with Listener(certs) as listener, listener.stranger() as person:
        person.hear()
        person.say(Close("bye"))
        assert person.hear() is None
        assert listener.record().reason == "introduced"


@pytest.mark.parametrize(
    "code",
    [
        "unknown-secret",
        "invite-expired",
        "invite-used",
        "invite-cancelled",
        "wrong-name",
        "name-retired",
        "bad-request",
        "no-authority",
    ],
)
def test_a_refusal_has_its_word_its_sentence_and_its_record(certs: Path, code: str) -> None:
    """What the registrar says goes to the person and into the journal; the secret into neither."""
    with Listener(certs, refusing(code)) as listener, listener.stranger() as person:
        person.hear()
        person.say(asked())
        assert person.hear() == Close(code, "there is nothing for you: said a test")
        assert person.hear() is None
        record = listener.record()
    assert (record.established, record.reason) == (False, code)
    assert record.advice
    assert record.sentence
    assert SECRET not in str(record)


@pytest.mark.parametrize("name", ["", "Carol", "host", "a\x1b[2Jb", "../carol", "c" * 33])
def test_what_is_no_name_goes_no_further(certs: Path, name: str) -> None:
    """The registrar, and whoever reads what it says, never see it."""
    with Listener(certs) as listener, listener.stranger() as person:
        person.hear()
        person.say(Enroll(name, SECRET, asked().request))
        closed = person.hear()
        assert isinstance(closed, Close)
        assert closed.code == "wrong-name"
        record = listener.record()
    assert record.reason == "wrong-name"
    assert name not in record.text or not name
    assert listener.orders.empty()


def test_guessing_is_slow_and_seen(certs: Path) -> None:
    """Beyond the bound nobody even looks at a secret; a good one is not looked at either."""
    limits = replace(Limits(), enrolment_attempts=2)
    with Listener(certs, refusing("unknown-secret"), limits) as listener:
        codes = []
        for _ in range(3):
            with listener.stranger() as person:
                person.hear()
                person.say(asked("carol", "guess"))
                closed = person.hear()
                assert isinstance(closed, Close)
                codes.append(closed.code)
        assert codes == ["unknown-secret", "unknown-secret", "too-many-attempts"]
        assert [listener.record().reason for _ in codes] == codes
    assert listener.orders.qsize() == 2


def test_what_is_granted_does_not_count_as_guessing(
    certs: Path, judge: Callable[[Enrol], Enrolled | EnrolmentRefused]
) -> None:
    """A class of pupils behind one address."""
    limits = replace(Limits(), enrolment_attempts=2)
    with Listener(certs, judge, limits) as listener:
        assert all(enrolled(listener) for _ in range(4))


@pytest.mark.parametrize("alpn", [None, ALPN])
def test_another_protocol_is_refused_in_words(certs: Path, alpn: str | None) -> None:
    """The chat's too."""
    with Listener(certs) as listener, listener.stranger(alpn) as person:
        closed = person.hear()
        assert isinstance(closed, Close)
        assert closed.code == "alpn"
        assert listener.record().reason == "no-alpn"


@pytest.mark.parametrize("message", [Hello(version=1), Say("a1", "hi", "lobby"), Authorities("x")])
def test_a_frame_of_the_chat_is_refused(certs: Path, message: Part) -> None:
    """Nothing of the host is behind this door."""
    with Listener(certs) as listener, listener.stranger() as person:
        person.hear()
        person.say(message)
        closed = person.hear()
        assert isinstance(closed, Close)
        assert closed.code == "protocol"
        assert listener.record().reason == "protocol"
    assert listener.orders.empty()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x00\x00\x00\x00", "protocol"),
        (b"\xff\xff\xff\xff", "too-big"),
        (b"\x00\x00\x00\x03abc", "protocol"),
        (b"\x00\x00\x00\x01\x80", "protocol"),
    ],
)
def test_garbage_in_tls_is_refused(certs: Path, data: bytes, code: str) -> None:
    """As in the chat: a length is judged before it is believed."""
    with Listener(certs) as listener, listener.stranger() as person:
        person.hear()
        person.raw(data)
        closed = person.hear()
        assert isinstance(closed, Close)
        assert closed.code == code
        assert listener.record().reason == "protocol"


def test_a_second_request_is_not_heard(
    certs: Path, judge: Callable[[Enrol], Enrolled | EnrolmentRefused]
) -> None:
    """One connection, one certificate."""
    with Listener(certs, judge) as listener, listener.stranger() as person:
        person.hear()
        person.say(asked(), asked("dora"))
        assert isinstance(person.hear(), Enrolled)
        assert person.hear() is None
    assert listener.orders.qsize() == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "plaintext"),
        (b"\x80\x2e\x01\x03\x01\x00", "garbage"),
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff", "malformed"),
        (b"", "closed"),
    ],
)
def test_what_is_no_tls_harms_nobody(
    certs: Path,
    judge: Callable[[Enrol], Enrolled | EnrolmentRefused],
    data: bytes,
    reason: str,
) -> None:
    """It leaves a record, and others enrol meanwhile."""
    with (
        Listener(certs, judge) as listener,
        socket.create_connection(listener.address, timeout=20) as raw,
    ):
        raw.sendall(data)
        if not data:
            raw.close()
        assert listener.record().reason == reason
        assert enrolled(listener)


def test_who_says_nothing_is_closed_at_the_deadline(certs: Path) -> None:
    """Before TLS, in the middle of it, and behind it; each with its own word."""
    limits = replace(Limits(), enrolment_seconds=0.3)
    with Listener(certs, limits=limits) as listener, ExitStack() as stack:
        silent = stack.enter_context(socket.create_connection(listener.address, timeout=20))
        halfway = stack.enter_context(socket.create_connection(listener.address, timeout=20))
        halfway.sendall(b"\x16\x03\x01\x00\xc8\x01\x00")
        behind = stack.enter_context(listener.stranger())
        assert isinstance(behind.hear(), Authorities)
        assert silent.recv(1) == b""
        reasons = sorted(listener.record().reason for _ in range(3))
    assert reasons == ["silent", "stalled", "stalled"]


def test_a_frame_that_drips_gets_no_more_time(certs: Path) -> None:
    """The deadline is for all of it, not for each byte."""
    limits = replace(Limits(), enrolment_seconds=0.5)
    with Listener(certs, limits=limits) as listener, listener.stranger() as person:
        person.hear()
        frame = encode(asked())
        assert drip(person, frame) < len(frame)
        assert listener.record().reason == "stalled"


def drip(person: Stranger, frame: bytes) -> int:
    """Send byte by byte, with a pause behind each, and return how many left until the end."""
    person.sock.settimeout(0.02)
    for sent in range(len(frame)):
        try:
            person.raw(frame[sent : sent + 1])
            if not person.sock.recv(1):
                return sent
        except TimeoutError:
            continue
        except OSError:
            return sent
    return len(frame)


def test_the_oldest_that_has_asked_for_nothing_makes_room(
    certs: Path, judge: Callable[[Enrol], Enrolled | EnrolmentRefused]
) -> None:
    """Silence cannot keep anybody out; who waits for the registrar is not given up."""
    limits = replace(Limits(), enrolments=3)
    with Listener(certs, limits=limits) as listener, ExitStack() as stack:
        waiting = stack.enter_context(listener.stranger())
        waiting.hear()
        waiting.say(asked())
        order = listener.orders.get(timeout=20)
        idle = [
            stack.enter_context(socket.create_connection(listener.address, timeout=20))
            for _ in range(2)
        ]
        friend = stack.enter_context(listener.stranger())
        friend.hear()
        assert idle[0].recv(1) == b""
        assert listener.record().reason == "dropped"
        friend.say(asked("dora"))
        second = listener.orders.get(timeout=20)
        for one in (second, order):
            one.answer(judge(one))
        assert isinstance(friend.hear(), Enrolled)
        assert isinstance(waiting.hear(), Enrolled)


def test_an_answer_for_somebody_who_has_gone_is_for_nobody(
    certs: Path, judge: Callable[[Enrol], Enrolled | EnrolmentRefused]
) -> None:
    """The record says that it was lost, and the next one is served."""
    with Listener(certs) as listener:
        with listener.stranger() as person:
            person.hear()
            person.say(asked())
            order = listener.orders.get(timeout=20)
        # The end of the line is seen when the answer is written.
        order.answer(judge(order))
        record = listener.record()
        assert record.reason in {"closed", "enrolled"}
        with listener.stranger() as friend:
            assert isinstance(friend.hear(), Authorities)


def test_it_opens_and_closes_at_the_same_port(certs: Path) -> None:
    """Closed means that the system refuses; who is connected is served to the end."""
    with Listener(certs, refusing("unknown-secret")) as listener, listener.stranger() as person:
        person.hear()
        listener.shut()
        assert listener.enrolment.sockets == []
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(listener.address, timeout=20)
        person.say(asked())
        assert isinstance(person.hear(), Close)
        listener.enrolment.open()
        listener.enrolment.open()
        assert [sock.getsockname() for sock in listener.enrolment.sockets] == [listener.address]
        with socket.create_connection(listener.address, timeout=20):
            listener.enrolment.accept(listener.enrolment.sockets[0])


def test_a_port_in_use_is_an_error_in_words(certs: Path) -> None:
    """And it can be opened when the port is free again."""
    with Listener(certs) as listener:
        listener.shut()
        with socket.create_server(listener.address), pytest.raises(HostStartError, match="in use"):
            listener.enrolment.open()
        listener.enrolment.open()


def test_a_crowd_that_nobody_looks_at_is_closed_at_once(certs: Path) -> None:
    """What waits for the thread is bounded; without a thread nobody takes anything."""
    listener = Listener(certs)
    enrolment = listener.enrolment
    enrolment.open()
    address = enrolment.sockets[0].getsockname()
    with ExitStack() as stack:
        came = []
        for _ in range(257):
            came.append(stack.enter_context(socket.create_connection(address, timeout=20)))
            enrolment.accept(enrolment.sockets[0])
        assert came[-1].recv(1) == b""
        came[0].setblocking(False)
        with pytest.raises(BlockingIOError):
            came[0].recv(1)
        enrolment.release()
        came[0].settimeout(20)
        assert came[0].recv(1) == b""


def test_a_stop_drops_who_is_there(certs: Path) -> None:
    """With a record that says why."""
    with Listener(certs) as listener, listener.stranger() as person:
        person.hear()
        listener.enrolment.stop()
        with pytest.raises((OSError, AssertionError)):
            assert person.hear() is not None
        assert listener.record().reason == "shutdown"


def test_many_come_at_once(
    certs: Path, judge: Callable[[Enrol], Enrolled | EnrolmentRefused]
) -> None:
    """As many as there is room for, their answers in any order."""
    with Listener(certs) as listener, ExitStack() as stack:
        people = [stack.enter_context(listener.stranger()) for _ in range(Limits().enrolments)]
        for number, person in enumerate(people):
            person.hear()
            person.say(asked(f"p{number}"))
        orders = [listener.orders.get(timeout=20) for _ in people]
        for order in reversed(orders):
            order.answer(judge(order))
        assert all(isinstance(person.hear(), Enrolled) for person in people)
        names = {listener.record().name for _ in people}
    assert names == {f"p{number}" for number in range(len(people))}
    with pytest.raises(queue.Empty):
        listener.orders.get_nowait()
