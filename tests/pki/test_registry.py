"""Who has which certificate."""

from dataclasses import replace

from secure_chat.pki.identity import Role
from secure_chat.pki.registry import Entry, Registry

ALICE = Entry("alice", Role.MEMBER, "a1", "f1", 1, 2)
AGAIN = replace(ALICE, serial="a2", state="revoked")
BOB = Entry("bob", Role.OPERATOR, "b1", "f2", 1, 2, state="revoked", reason="lost")
HOST = Entry("localhost", Role.HOST, "c1", "f3", 1, 2)
NAMESAKE = Entry("localhost", Role.MEMBER, "d1", "f4", 1, 2)


def registry(*entries: Entry) -> Registry:
    """Return a registry of these entries, issued in this order."""
    return Registry({entry.serial: entry for entry in entries})


def test_a_certificate_is_found_by_its_serial_whatever_its_state() -> None:
    """Revoked ones are known too, unknown ones are not."""
    known = registry(ALICE, AGAIN, HOST)
    assert known.get("a1") == ALICE
    assert known.get("a2") == AGAIN
    assert known.get("c1") == HOST
    assert known.get("a3") is None
    assert Registry().get("a1") is None


def test_the_known_people_have_a_certificate_that_counts() -> None:
    """A host is no person, and who was wholly revoked is known no more."""
    known = registry(ALICE, AGAIN, BOB, HOST)
    assert known.names() == {"alice"}
    assert known.names() is known.names()
    assert registry(BOB, HOST).names() == set()


def test_the_newest_is_the_one_issued_last() -> None:
    """Revoked or not, the last one of a person; a host of the same name is somebody else."""
    known = registry(ALICE, AGAIN, NAMESAKE, HOST, BOB)
    assert known.newest("alice") == AGAIN
    assert known.newest("bob") == BOB
    assert known.newest("localhost") == NAMESAKE
    assert registry(HOST).newest("localhost") is None
