"""What a host does for its certificates in time, with a clock that the test moves."""

from datetime import timedelta
from pathlib import Path

import pytest

from secure_chat.pki.bundle import certificates_in, issued_by, list_of, lists_in
from secure_chat.pki.identity import Role
from secure_chat.pki.invites import invite
from secure_chat.pki.issuing import sign_request
from secure_chat.pki.life import due_at
from secure_chat.pki.registry import SUPERSEDED, Entry, Registry
from secure_chat.pki.revoking import revoke
from secure_chat.pki.rotation import begin
from secure_chat.server.expiry import Ending, in_words
from secure_chat.server.seen import SEEN_FILE, Seen, read_seen
from secure_chat.server.succession import outlived
from tests.server.pieces import Office, held, identity_of, request_of

DAY = 86_400.0


@pytest.fixture
def office(own: Path) -> Office:
    """A folder of our own with a host's parts; the first look at everything is over."""
    made = Office(own)
    made.work()
    assert made.told.take() == []
    return made


def next_of(office: Office, name: str, replaces: str) -> str:
    """Issue a certificate in place of another; returns its serial number."""
    authority = office.issuer.authority()
    assert authority is not None
    leaf = sign_request(
        office.vault,
        authority,
        name=name,
        role=None,
        request=request_of(office.vault, name),
        life=None,
        now=office.clock.now(),
        by=name,
        replaces=replaces,
    )
    return leaf.identity.serial


def states(office: Office, name: str) -> dict[str, str]:
    """Return the reason of each of a person's certificates, empty for those that count."""
    entries = office.vault.registry().entries.values()
    return {entry.serial: entry.reason for entry in entries if entry.name == name}


# --- the host's own certificate -------------------------------------------------------------------


def test_the_host_renews_its_certificate_after_two_thirds_of_its_life(office: Office) -> None:
    """Not before; the same names and key, and the new one is used at the next look."""
    before = office.papers.now.identity
    office.clock.advance(due_at(before.not_before, before.not_after) - office.clock.now() - 1)
    assert not office.work()
    # It sleeps exactly as long as there is nothing to do.
    assert office.custodian.patience() == pytest.approx(1.0)
    office.clock.advance(1)
    assert office.custodian.work(office.vault.registry())
    office.papers.look(office.told)
    now = office.papers.now.identity
    assert now.serial != before.serial
    assert now.name == before.name
    assert now.not_after - now.not_before == before.not_after - before.not_before
    assert office.told.events() == ["certificates"]
    assert not office.work()


def test_a_renewal_that_fails_is_told_once_and_tried_again(office: Office) -> None:
    """The host lives on with the certificate that it has."""
    whole = office.vault.host_crt.read_bytes()
    office.clock.advance(61 * DAY)
    office.vault.host_crt.write_bytes(b"nothing")
    assert not office.work()
    (said,) = office.told.take()
    assert said.event == "not-done"
    assert "renewing the host's certificate" in said.words
    assert 0 < office.custodian.patience() <= 10
    assert not office.work()
    assert office.told.take() == []
    office.vault.host_crt.write_bytes(whole)
    assert office.work()


def test_a_folder_that_another_command_holds_is_left_for_later(office: Office) -> None:
    """A command that ends soon is not worth a word; one that does not is."""
    office.clock.advance(61 * DAY)
    with held(office.vault):
        assert not office.work()
        assert office.told.take() == []
        assert not office.work()
        assert office.told.events() == ["not-done"]
        assert not office.work()
        assert office.told.take() == []
    assert office.work()


# --- warnings -------------------------------------------------------------------------------------


def test_nobody_is_warned_of_what_is_renewed_in_time(office: Office) -> None:
    """A host with its key tells nothing of its own certificate for years."""
    for _ in range(40):
        office.clock.advance(30 * DAY)
        office.work()
        office.papers.look(office.told)
    assert {said.event for said in office.told.take()} == {"certificates"}


def test_a_host_without_the_authoritys_key_warns_14_7_and_1_days_before(own: Path) -> None:
    """Once each, with the reason why it does not renew by itself."""
    (own / "ca.key").unlink()
    office = Office(own)
    end = office.papers.now.identity.not_after
    said = []
    for left in (15, 13.5, 13, 8, 6.5, 6, 2, 0.9, 0.1, -1):
        office.clock.wall = end - left * DAY
        office.work()
        said += [(left, told) for told in office.told.take()]
    assert [left for left, _ in said] == [13.5, 6.5, 0.9]
    for _, told in said:
        assert (told.event, told.fields["what"]) == ("ending", "host")
        assert "ca.key" in told.words
    assert [told.words.partition(", on")[0] for _, told in said] == [
        "the host's certificate ends in 13 days",
        "the host's certificate ends in 6 days",
        "the host's certificate ends in 21 hours",
    ]


def test_the_owner_is_warned_before_the_authority_ends(office: Office) -> None:
    """Nobody but the owner can begin a change-over, so the host says so in time."""
    office.clock.wall = office.papers.now.authority_until - 10 * DAY
    office.work()
    (said,) = [told for told in office.told.take() if told.event == "ending"]
    assert said.fields["what"] == "authority"
    assert "rotate-ca" in said.words
    assert said.fields["seconds"] == 10 * DAY


def test_another_end_is_warned_of_anew() -> None:
    """A certificate that was replaced begins with no warning said."""
    ending = Ending()
    assert not ending.warn(100 * DAY, 80 * DAY)
    assert ending.warn(100 * DAY, 90 * DAY)
    assert not ending.warn(100 * DAY, 90 * DAY)
    assert ending.warn(104 * DAY, 90 * DAY)
    assert ending.warn(104 * DAY, 110 * DAY)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (14 * DAY, "in 14 days"),
        (1.5 * DAY, "in 1 day"),
        (7_200, "in 2 hours"),
        (3_599, "in 59 minutes"),
        (59, "in less than a minute"),
        (-1, "now"),
    ],
)
def test_what_is_left_reads_as_a_person_would_say_it(seconds: float, words: str) -> None:
    """One unit is enough, and it never claims more than is left."""
    assert in_words(seconds) == words


# --- the authority --------------------------------------------------------------------------------


def test_a_key_that_comes_and_goes_is_told(office: Office, tmp_path: Path) -> None:
    """The owner learns at once whether certificates can be issued."""
    aside = office.vault.ca_key.rename(tmp_path / "ca.key")
    office.work()
    (said,) = office.told.take()
    assert (said.event, said.fields["issues"]) == ("issues", False)
    assert "ca.key" in str(said.fields["issues_why"])
    office.work()
    assert office.told.take() == []
    aside.rename(office.vault.ca_key)
    office.work()
    (said,) = office.told.take()
    assert (said.event, said.fields["issues"]) == ("issues", True)


def listed(office: Office, serial: str) -> bool:
    """Tell whether a certificate stands in the list of revoked ones."""
    vault = office.vault
    found = list_of(lists_in(vault.crl.read_bytes()), vault.ca_certificate())
    assert found is not None
    return found.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None


def test_the_list_catches_up_when_the_key_is_back(office: Office, tmp_path: Path) -> None:
    """What was revoked without it stands in the next list."""
    vault = office.vault
    aside = vault.ca_key.rename(tmp_path / "ca.key")
    serial = identity_of(vault, "bob").serial
    revoke(vault, None, "bob", "keyCompromise", office.clock.now(), "test")
    office.clock.advance(10)
    office.work()
    assert not listed(office, serial)
    aside.rename(vault.ca_key)
    assert office.work()
    assert listed(office, serial)


def test_the_list_catches_up_on_a_command_that_could_not_sign_it(office: Office) -> None:
    """The host has the key that whoever revoked did not have; it takes ten seconds at most."""
    serial = identity_of(office.vault, "bob").serial
    revoke(office.vault, None, "bob", "keyCompromise", office.clock.now(), "test")
    assert not office.work()
    office.clock.advance(10)
    assert office.work()
    assert listed(office, serial)
    office.clock.advance(10)
    assert not office.work()


def test_a_change_over_ends_when_the_last_one_has_moved(office: Office) -> None:
    """Or when its time is over, whoever has not."""
    vault, authority = office.vault, office.issuer.authority()
    assert authority is not None
    begin(vault, authority, timedelta(days=30), office.clock.now(), "test")
    office.papers.look(office.told)
    office.told.take()
    office.work()
    assert office.told.take() == []
    assert len(vault.ca_certificates()) == 2
    office.clock.advance(30 * DAY - 1)
    assert not office.work()
    assert office.custodian.patience() == pytest.approx(1.0)
    office.clock.advance(1)
    assert office.work()
    assert office.told.events() == ["change-over"]
    (new,) = vault.ca_certificates()
    assert issued_by(certificates_in(vault.host_crt.read_bytes())[0], new)
    office.papers.look(office.told)
    assert office.told.events() == ["certificates"]


def test_a_change_over_that_cannot_end_is_told(office: Office) -> None:
    """Without the key somebody has to do it, and is told with which command."""
    authority = office.issuer.authority()
    assert authority is not None
    begin(office.vault, authority, timedelta(days=1), office.clock.now(), "test")
    office.papers.look(office.told)
    office.vault.ca_key.unlink()
    office.work()
    office.told.take()
    office.clock.advance(2 * DAY)
    office.work()
    (said,) = office.told.take()
    assert said.event == "not-done"
    assert "--finish" in str(said.fields["hint"])
    assert len(office.vault.ca_certificates()) == 2


# --- successors -----------------------------------------------------------------------------------


def test_what_a_certificate_replaces_is_retired_at_its_first_use(office: Office) -> None:
    """Not when it is issued: until then the old one is all that its holder has."""
    old = identity_of(office.vault, "alice").serial
    new = next_of(office, "alice", old)
    assert not office.work()
    assert states(office, "alice") == {old: "", new: ""}
    office.custodian.welcomed(old, office.vault.registry())
    assert not office.work()
    office.custodian.welcomed(new, office.vault.registry())
    assert office.work()
    assert states(office, "alice") == {old: SUPERSEDED, new: ""}
    office.custodian.welcomed(new, office.vault.registry())
    assert not office.work()


def test_retiring_waits_for_the_folder_and_is_not_forgotten(office: Office) -> None:
    """The old certificate counts a little longer, and that is all."""
    old = identity_of(office.vault, "alice").serial
    new = next_of(office, "alice", old)
    with held(office.vault):
        office.custodian.welcomed(new, office.vault.registry())
        assert not office.work()
        assert states(office, "alice") == {old: "", new: ""}
    assert office.work()
    assert states(office, "alice")[old] == SUPERSEDED


def test_a_successor_that_was_never_used_goes_too(office: Office) -> None:
    """An answer may be lost, and a renewal may be renewed before it was used."""
    first = identity_of(office.vault, "alice").serial
    lost = next_of(office, "alice", first)
    second = next_of(office, "alice", first)
    third = next_of(office, "alice", second)
    other = identity_of(office.vault, "bob").serial
    assert outlived(office.vault.registry(), third) == [first, lost, second]
    assert outlived(office.vault.registry(), second) == [first, lost]
    assert outlived(office.vault.registry(), lost) == [first]
    assert outlived(office.vault.registry(), first) == []
    assert outlived(office.vault.registry(), other) == []
    assert outlived(office.vault.registry(), "nobody") == []


def test_the_certificates_of_other_devices_stay(office: Office) -> None:
    """Each device has a line of its own; a renewal on one ends nothing on the other."""
    vault, authority, now = office.vault, office.issuer.authority(), office.clock.now()
    assert authority is not None
    made, _ = invite(vault, name="alice", now=now, by="test", another_device=True)
    device = sign_request(
        vault,
        authority,
        name="alice",
        role=None,
        request=request_of(vault, "alice"),
        life=None,
        now=now,
        by="test",
        invite=made.id,
    ).identity.serial
    first = identity_of(vault, "alice").serial
    new = next_of(office, "alice", first)
    assert outlived(vault.registry(), new) == [first]
    assert outlived(vault.registry(), device) == []


def test_a_trail_that_goes_in_a_circle_ends() -> None:
    """Whatever somebody has written into it, the host does not hang."""

    def entry(serial: str, replaces: str) -> Entry:
        return Entry(
            name="alice",
            role=Role.MEMBER,
            serial=serial,
            fingerprint="",
            not_before=0,
            not_after=0,
            replaces=replaces,
        )

    registry = Registry({"a": entry("a", "b"), "b": entry("b", "a")})
    assert outlived(registry, "b") == ["a"]


# --- last seen ------------------------------------------------------------------------------------


def test_who_was_seen_when_survives_and_knows_only_what_the_registry_knows(tmp_path: Path) -> None:
    """Written in one step; a file that cannot be read is begun anew."""
    seen = Seen(tmp_path)
    seen.note("aa", 0.0)
    seen.note("bb", 1.5)
    seen.write({"aa", "bb"})
    assert read_seen(tmp_path) == {
        "aa": "1970-01-01T00:00:00.000Z",
        "bb": "1970-01-01T00:00:01.500Z",
    }
    again = Seen(tmp_path)
    again.note("cc", 2.0)
    again.write({"aa", "cc"})
    assert set(read_seen(tmp_path)) == {"aa", "cc"}
    assert [path.name for path in tmp_path.iterdir()] == [SEEN_FILE]
    (tmp_path / SEEN_FILE).write_text('{"aa": 7}')
    assert read_seen(tmp_path) == {}
