"""Finding records in journals by the beginning of a uid or a hello."""

from pathlib import Path

import pytest

from secure_chat.errors import UsageError
from secure_chat.handshakes.finding import matching
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal, standing
from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.limits import Limits
from tests.fakes import FakeClock
from tests.handshakes.records import good, refused


def write(folder: Path, *records: HandshakeRecord) -> None:
    """Append records to the journal of a folder."""
    journal = Journal(folder / ACCEPTED, folder / REFUSED, Limits(), FakeClock())
    for record in records:
        journal.write(record)
    journal.close()


def uids(folder: Path, wanted: str) -> list[str]:
    """Return the uids of the records that are found."""
    return [record.uid for record in matching(standing([folder]), wanted)]


def test_the_beginning_of_a_uid_is_enough(tmp_path: Path) -> None:
    """All that begin so, the newest first, accepted and refused."""
    write(tmp_path, good(1, uid="Cabcdef1"), refused(2, uid="Cabcdef2"), good(3, uid="Cabcdex"))

    assert uids(tmp_path, "Cabcdef") == ["Cabcdef2", "Cabcdef1"]
    assert uids(tmp_path, "Cabcdef1") == ["Cabcdef1"]
    assert uids(tmp_path, "Cnothing") == []


def test_the_letters_of_a_uid_are_large_or_small(tmp_path: Path) -> None:
    """Two uids may differ in that alone."""
    write(tmp_path, good(1, uid="CABCDEF"), good(2, uid="Cabcdef"))

    assert uids(tmp_path, "CABCDEF") == ["CABCDEF"]


def test_a_hello_is_found_however_it_is_written(tmp_path: Path) -> None:
    """Packet readers show hex in large letters too."""
    write(tmp_path, good(1, uid="Cone", hello="beefcafe" * 8), good(2, uid="Ctwo"))

    assert uids(tmp_path, "beefca") == ["Cone"]
    assert uids(tmp_path, "BEEFCAFE") == ["Cone"]
    assert uids(tmp_path, "beefcafe" * 8) == ["Cone"]
    assert uids(tmp_path, "eefcaf") == []


def test_what_stands_elsewhere_in_a_record_is_not_meant(tmp_path: Path) -> None:
    """A peer can write anything into its certificate."""
    write(tmp_path, refused(1, uid="Cone", client_subject="CN=Cabcdef"))

    assert uids(tmp_path, "Cabcdef") == []


def test_a_whole_uid_ends_the_search(tmp_path: Path) -> None:
    """There is one at most, so older records are not read."""
    filling = [good(at, uid=f"C{at:017}", sentence="x" * 2_000) for at in range(200)]
    write(tmp_path, *filling)
    stood = standing([tmp_path])
    read: list[int] = []

    assert len(matching(stood, f"C{199:017}", read.append)) == 1
    assert sum(read) < stood[0][0].size / 2
    read.clear()
    assert len(matching(stood, f"C{199:016}", read.append)) == 0
    assert sum(read) == stood[0][0].size


@pytest.mark.parametrize("wanted", ["", "Cabcd", "Cabc de", "Cabcd\x1b", "C" * 65, "Cabcdé"])
def test_what_cannot_name_a_handshake_is_refused(wanted: str, tmp_path: Path) -> None:
    """Too short it would name half of them."""
    with pytest.raises(UsageError, match="names no handshake"):
        matching(standing([tmp_path]), wanted)
