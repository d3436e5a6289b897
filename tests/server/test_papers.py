"""The host's own papers: swapped when the files are whole, left alone when they are not."""

from pathlib import Path

import pytest

from secure_chat.errors import IdentityError
from secure_chat.pki.issuing import renew_host
from secure_chat.pki.keys import KeyType, key_to_pem, new_key
from secure_chat.pki.revoking import revoke
from tests.server.pieces import Office


@pytest.fixture
def office(own: Path) -> Office:
    """A folder of our own with a host's parts."""
    return Office(own)


def looked(office: Office, times: int = 1) -> list[str]:
    """Look so many times; returns the events that were announced."""
    for _ in range(times):
        office.papers.look(office.told)
    return office.told.events()


def renewed(office: Office) -> str:
    """Renew the host's certificate before its time; returns its serial number."""
    authority = office.issuer.authority()
    assert authority is not None
    leaf = renew_host(office.vault, authority, office.clock.now(), "test", force=True)
    assert leaf is not None
    return leaf.identity.serial


def test_files_that_stay_as_they_are_are_not_read_again(office: Office) -> None:
    """The contexts in use stay the very same objects."""
    before = office.papers.now
    assert looked(office, 3) == []
    assert office.papers.now is before


def test_a_new_certificate_is_used_from_the_next_look_on(office: Office) -> None:
    """Both listeners get contexts of their own, made anew; those in use are not touched."""
    before = office.papers.now
    serial = renewed(office)
    office.papers.look(office.told)
    (said,) = office.told.take()
    assert (said.event, said.fields["host_serial"]) == ("certificates", serial)
    assert said.fields["changed"] == ["host.crt"]
    now = office.papers.now
    assert now.identity.serial == serial
    assert now.contexts.talking is not before.contexts.talking
    assert now.enrolment.talking is not before.enrolment.talking
    assert looked(office) == []


def test_a_new_list_of_the_revoked_is_used_and_the_certificate_stays(office: Office) -> None:
    """A revocation alone says nothing about the host's own certificate."""
    before = office.papers.now
    authority = office.issuer.authority()
    revoke(office.vault, authority, "bob", "keyCompromise", office.clock.now(), "test")
    office.papers.look(office.told)
    (said,) = office.told.take()
    assert said.fields["changed"] == ["crl.pem"]
    assert "certificate" not in said.words
    assert office.papers.now.identity == before.identity
    assert office.papers.now is not before


@pytest.mark.parametrize("name", ["host.crt", "host.key", "ca.crt", "crl.pem"])
@pytest.mark.parametrize("how", ["half", "empty", "missing"])
def test_what_is_not_whole_changes_nothing_and_is_told_once(
    office: Office, name: str, how: str
) -> None:
    """Not at the first look, because a change of several files takes several steps."""
    before, path = office.papers.now, office.vault.folder / name
    whole = path.read_bytes()
    path.unlink()
    if how != "missing":
        path.write_bytes(whole[: len(whole) // 2] if how == "half" else b"")
        path.chmod(0o600)
    assert looked(office) == []
    assert looked(office) == ["certificates-unusable"]
    assert looked(office, 3) == []
    assert office.papers.now is before
    path.write_bytes(whole)
    path.chmod(0o600)
    assert looked(office) == ["certificates"]
    assert office.papers.now is not before


def test_a_key_that_does_not_fit_changes_nothing(office: Office) -> None:
    """Key and certificate must belong together."""
    before = office.papers.now
    office.vault.host_key.write_bytes(key_to_pem(new_key(KeyType.P256)))
    office.papers.look(office.told)
    office.papers.look(office.told)
    (said,) = office.told.take()
    assert said.event == "certificates-unusable"
    assert "host.key" in said.words
    assert said.fields["hint"]
    assert office.papers.now is before


def test_what_is_mended_before_the_next_look_is_not_told(office: Office) -> None:
    """A slow copy is nobody's trouble."""
    whole = office.vault.host_crt.read_bytes()
    office.vault.host_crt.write_bytes(whole[:50])
    assert looked(office) == []
    office.vault.host_crt.write_bytes(whole)
    assert looked(office) == ["certificates"]


def test_files_that_change_while_they_are_read_are_read_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was made of two states of the folder is thrown away."""
    renewed(office)
    real, before = office.papers._build, office.papers.now

    def build() -> object:
        built = real()
        office.vault.crl.touch()
        monkeypatch.setattr(office.papers, "_build", real)
        return built

    monkeypatch.setattr(office.papers, "_build", build)
    assert looked(office) == []
    assert office.papers.now is before
    assert looked(office) == ["certificates"]


def test_without_whole_papers_a_host_does_not_start(own: Path) -> None:
    """At start there is nothing earlier to stay with."""
    (own / "host.crt").write_bytes(b"")
    with pytest.raises(IdentityError, match=r"host\.crt"):
        Office(own)
