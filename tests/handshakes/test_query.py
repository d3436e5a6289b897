"""Which handshakes are wanted: every filter, alone and together, on small and large journals."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.clock import rfc3339
from secure_chat.handshakes import parts
from secure_chat.handshakes import query as module
from secure_chat.handshakes.journal import ACCEPTED, FILES, REFUSED, Journal, standing
from secure_chat.handshakes.place import place_of
from secure_chat.handshakes.query import Query, find, newest, peer_address
from secure_chat.handshakes.record import HandshakeRecord, decode, encode
from secure_chat.limits import Limits
from tests.fakes import FakeClock
from tests.handshakes.records import BEGIN, good, refused


def write(folder: Path, *records: HandshakeRecord, **limits: int) -> None:
    """Append records to the journal of a folder."""
    bounds = Limits(refusals_per_second=100_000, **limits)
    journal = Journal(folder / ACCEPTED, folder / REFUSED, bounds, FakeClock())
    for record in records:
        journal.write(record)
    journal.close()


def found(folder: Path, **wanted: Any) -> list[str]:
    """Return the uids of what is found in a folder, the newest first."""
    query = Query(**wanted)
    return [record.uid for record in find(standing([folder], query.names), query)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one record of several kinds each."""
    write(
        tmp_path,
        good(0, uid="Cgood", orig_h="192.0.2.7", orig_p=50_001),
        good(1, uid="Cours", end="client", orig_h="10.0.0.1", resp_h="192.0.2.7", resp_p=65_432),
        refused(2, uid="Cold", name=None, orig_h="::ffff:192.0.2.9"),
        refused(3, uid="Cmad", reason="garbage", orig_h="2001:db8::7", client_subject="CN=Mallory"),
    )
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "uids"),
    [
        ({}, ["Cmad", "Cold", "Cours", "Cgood"]),
        ({"result": "ok"}, ["Cours", "Cgood"]),
        ({"result": "refused"}, ["Cmad", "Cold"]),
        ({"reasons": frozenset({"garbage"})}, ["Cmad"]),
        ({"reasons": frozenset({"garbage", "expired"})}, ["Cmad", "Cold"]),
        ({"reasons": frozenset({"ok", "expired"})}, ["Cold", "Cours", "Cgood"]),
        ({"reasons": frozenset({"ok"}), "result": "refused"}, []),
        ({"end": "host"}, ["Cmad", "Cold", "Cgood"]),
        ({"end": "client"}, ["Cours"]),
        ({"place": place_of("192.0.2.7")}, ["Cours", "Cgood"]),
        ({"place": place_of("192.0.2.7:50001")}, ["Cgood"]),
        ({"place": place_of("10.0.0.1")}, []),
        ({"place": place_of("192.0.2.0/24")}, ["Cold", "Cours", "Cgood"]),
        ({"place": place_of("192.0.2.9")}, ["Cold"]),
        ({"place": place_of("2001:db8::/32")}, ["Cmad"]),
        ({"peer": "mallory"}, ["Cmad"]),
        ({"peer": "Mallory", "result": "ok"}, []),
        ({"since": rfc3339(BEGIN + 2)}, ["Cmad", "Cold"]),
        ({"until": rfc3339(BEGIN + 2)}, ["Cours", "Cgood"]),
        ({"since": rfc3339(BEGIN + 1), "until": rfc3339(BEGIN + 2)}, ["Cours"]),
    ],
)
def test_each_filter_narrows_and_all_of_them_must_fit(
    folder: Path, wanted: dict[str, Any], uids: list[str]
) -> None:
    """Where a peer was is the other end's address, whichever end wrote the record."""
    assert found(folder, **wanted) == uids


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, FILES),
        ({"result": "ok"}, (ACCEPTED,)),
        ({"result": "refused"}, (REFUSED,)),
        ({"reasons": frozenset({"ok"})}, (ACCEPTED,)),
        ({"reasons": frozenset({"expired", "silent"})}, (REFUSED,)),
        ({"reasons": frozenset({"expired", "ok"})}, FILES),
        ({"reasons": frozenset({"ok"}), "result": "refused"}, ()),
    ],
)
def test_only_files_that_can_hold_it_are_looked_into(
    wanted: dict[str, Any], names: tuple[str, ...]
) -> None:
    """A flood of welcomed ones costs nothing when only refusals are wanted."""
    assert Query(**wanted).names == names


@pytest.mark.parametrize(
    "peer",
    ["alice", "ALICE", "cgood", "127.0.0.1", "127.0.0.1:50000", "::1", "::1:65432", "ab" * 4],
)
def test_a_peer_goes_by_many_names(tmp_path: Path, peer: str) -> None:
    """Name, uid, address of either end with and without its port, beginning of a fingerprint."""
    write(tmp_path, good(resp_h="::1", client_cert_chain_fps=("ab" * 32,)))

    assert found(tmp_path, peer=peer) == ["Cgood"]


@pytest.mark.parametrize(
    ("changes", "peer"),
    [
        ({"client_subject": "CN=\u212aarl"}, "karl"),
        ({"client_subject": "CN=caf\u00e9"}, "CAF\u00c9"),
        ({"client_cert_chain_fps": ("ab" * 32,)}, "abab"),
        ({"client_cert_chain_fps": ("ab" * 32,)}, "ba" * 6),
        ({"client_subject": "CN=Mallory,O=Evil"}, "evil"),
        ({}, "127.0.0.1:50001"),
        ({}, "lice"),
    ],
)
def test_what_only_looks_like_a_peer_is_none(
    tmp_path: Path, changes: dict[str, Any], peer: str
) -> None:
    """Letters beyond ASCII have no twins, a fingerprint has its beginning, a name all of it."""
    write(tmp_path, good(**changes))

    assert found(tmp_path, peer=peer) == []


@pytest.mark.parametrize(
    "name", ["caf\u00e9", 'quo"te', "back\\slash", "del\x7f", "tab\t", "\u202e"]
)
def test_a_peer_with_a_strange_name_is_found_although_json_writes_it_differently(
    tmp_path: Path, name: str
) -> None:
    """What cannot be looked for in the raw line is looked for in the record."""
    write(tmp_path, refused(client_subject=f"CN={name}"), good(name="bob"))

    assert found(tmp_path, peer=name) == ["Cbad"]


WORDS = st.sampled_from(
    ["alice", "Al", "127.0.0.1", "a:1", "\u00e9", '"', "CN=alice", "ok", "host"]
)


@given(
    st.builds(
        good,
        uid=WORDS,
        name=st.none() | WORDS,
        orig_h=WORDS | st.sampled_from(["192.0.2.7", "::ffff:192.0.2.7"]),
        orig_p=st.sampled_from([1, 22]),
        resp_h=WORDS,
        client_subject=st.none() | WORDS.map("CN={}".format),
        subject=st.none() | WORDS,
        reason=st.sampled_from(["ok", "expired", "host", "silent"]),
        end=st.sampled_from(["host", "client"]),
        text=WORDS,
        client_cert_chain_fps=st.tuples(st.sampled_from(["ab" * 32, "cd" * 32])),
    ),
    st.builds(
        Query,
        reasons=st.frozensets(st.sampled_from(["ok", "expired", "host", 'a"b']), max_size=2),
        peer=st.just("") | WORDS | st.sampled_from(["a:1:22", "AL", "ababab", "127.0.0.1:1"]),
        place=st.none() | st.sampled_from(["192.0.2.7", "192.0.2.0/24", "::1"]).map(place_of),
        end=st.sampled_from(["", "host", "client"]),
    ),
)
def test_a_line_that_is_passed_over_is_never_wanted(record: HandshakeRecord, query: Query) -> None:
    """The look at the raw line may let too much through, and never too little."""
    assert decode(encode(record)) == record
    assert module._may_want(query)(encode(record)) or not query.wants(record)


def test_lines_that_cannot_be_wanted_are_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what makes looking for something rare fast."""
    write(
        tmp_path,
        *(refused(at, reason="silent", end="client", orig_h="10.0.0.1") for at in range(50)),
        refused(60, uid="Crare", name="mallory", orig_h="10.0.0.2"),
    )
    decoded = []

    def counting(line: bytes) -> HandshakeRecord | None:
        decoded.append(line)
        return decode(line)

    monkeypatch.setattr(module, "decode", counting)

    for wanted in (
        {"peer": "mallory"},
        {"peer": "10.0.0.2:50000"},
        {"reasons": frozenset({"expired", "revoked"})},
        {"end": "host"},
        {"place": place_of("10.0.0.2")},
        {"since": rfc3339(BEGIN + 60)},
    ):
        decoded.clear()
        assert found(tmp_path, **wanted) == ["Crare"]
        assert len(decoded) == 1


def test_what_is_rare_comes_as_soon_as_it_is_read(tmp_path: Path) -> None:
    """Although the other file holds nothing of the kind, it need not be read to its end first."""
    write(
        tmp_path,
        *(good(at) for at in range(2_000)),
        refused(1_990, uid="Crare", name="mallory"),
    )
    told: list[int] = []
    stood = standing([tmp_path])
    total = sum(part.size for parts in stood for part in parts)

    reading = find(stood, Query(peer="mallory"), on_read=told.append)

    assert next(reading).uid == "Crare"
    assert sum(told) < total / 2
    assert list(reading) == []
    assert sum(told) == total


def test_the_newest_so_many_come_in_either_order(folder: Path) -> None:
    """Without a limit all of them."""
    stood = standing([folder])

    def uids(limit: int | None, *, newest_first: bool) -> list[str]:
        records = newest(stood, Query(), limit, newest_first=newest_first)
        return [record.uid for record in records]

    assert uids(2, newest_first=True) == ["Cmad", "Cold"]
    assert uids(2, newest_first=False) == ["Cold", "Cmad"]
    assert uids(None, newest_first=True) == ["Cmad", "Cold", "Cours", "Cgood"]
    assert uids(None, newest_first=False) == ["Cgood", "Cours", "Cold", "Cmad"]
    assert uids(0, newest_first=False) == []


def test_the_peer_is_the_other_end() -> None:
    """A host's record names the client's address, a client's the host's."""
    assert peer_address(good(orig_h="a", resp_h="b")) == ("a", 50_000)
    assert peer_address(good(orig_h="a", resp_h="b", end="client")) == ("b", 65_432)


# --- a large journal -----------------------------------------------------------------------

MANY = 20_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[HandshakeRecord]]:
    """Return a folder with twenty thousand records in many files, and the same in memory.

    Each is written when its handshake ends, which is up to twenty seconds after it began.
    """
    chance = Random(1)  # noqa: S311 # the same journal each time
    records = []
    for number in range(MANY):
        began = BEGIN + number - (chance.random() * 20 if number % 7 == 0 else 0)
        changes = {
            "uid": f"C{number:05}",
            "orig_h": f"10.0.{chance.randrange(4)}.{chance.randrange(250)}",
            "end": "client" if number % 10 == 3 else "host",
        }
        if number % 3:
            name = chance.choice(["alice", "bob"])
            records.append(good(began - BEGIN, name=name, client_subject=f"CN={name}", **changes))
        else:
            reason = chance.choice(["expired", "silent", "unknown-ca"])
            records.append(refused(began - BEGIN, reason=reason, **changes))
    folder = tmp_path_factory.mktemp("many")
    write(folder, *records, journal_bytes=1 << 20, journal_files=99)
    return folder, records


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"result": "refused", "peer": "alice"},
        {"reasons": frozenset({"silent"}), "place": place_of("10.0.2.0/24")},
        {"peer": "bob", "since": rfc3339(BEGIN + 15_000), "until": rfc3339(BEGIN + 15_100)},
        {"end": "client", "until": rfc3339(BEGIN + 700.5)},
        {"place": place_of("10.0.1.7"), "since": rfc3339(BEGIN + 19_000)},
        {"since": rfc3339(BEGIN + 9_990), "until": rfc3339(BEGIN + 10_010)},
        {"since": rfc3339(BEGIN + 30_000)},
        {"until": rfc3339(BEGIN - 100)},
    ],
)
@pytest.mark.parametrize("newest_first", [True, False])
def test_twenty_thousand_records_are_searched_as_if_each_were_looked_at(
    many: tuple[Path, list[HandshakeRecord]],
    wanted: dict[str, Any],
    newest_first: bool,  # noqa: FBT001 # a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Skipping files, halving them and looking at raw lines changes nothing but the time."""
    monkeypatch.setattr(parts, "_BLOCK", 8_192)
    folder, records = many
    query = Query(**wanted)
    plainly = sorted(filter(query.wants, records), key=lambda r: r.ts, reverse=newest_first)

    records = list(find(standing([folder], query.names), query, newest_first=newest_first))

    assert [record.ts for record in records] == [record.ts for record in plainly]
    assert sorted(record.uid for record in records) == sorted(record.uid for record in plainly)
