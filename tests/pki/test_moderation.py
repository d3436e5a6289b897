"""What is done to people and rooms without touching a certificate."""

import math

import pytest

from secure_chat.errors import UsageError
from secure_chat.pki.act import Deed
from secure_chat.pki.moderation import record
from tests.pki.conftest import Owner


def test_each_act_is_in_the_registry(owner: Owner) -> None:
    """At once, in its order, also when all happen in one moment."""
    now, vault = owner.now, owner.vault

    def act(deed: Deed, **more: object) -> None:
        record(vault, deed, now=now, by="carol", reason="noise", **more)  # type: ignore[arg-type]

    act(Deed.KICKED, name="bob")
    assert owner.registry.kicks == {"bob": pytest.approx(now, abs=0.001)}
    act(Deed.MUTED, name="bob", until=now + 60)
    assert owner.registry.mutes == {"bob": pytest.approx(now + 60, abs=0.001)}
    act(Deed.UNMUTED, name="bob")
    assert owner.registry.mutes == {}
    act(Deed.MUTED, name="bob")
    act(Deed.UNMUTED, name="bob")
    act(Deed.MUTED, name="bob")
    assert owner.registry.mutes == {"bob": math.inf}
    act(Deed.CLOSED_ROOM, room="den")
    assert owner.registry.closed_rooms == {"den"}
    act(Deed.OPENED_ROOM, room="den")
    assert owner.registry.closed_rooms == frozenset()
    assert owner.registry.names() == {"alice", "bob"}


@pytest.mark.parametrize(
    ("deed", "name", "room", "until"),
    [
        (Deed.KICKED, "zoe", "", None),
        (Deed.KICKED, "", "", None),
        (Deed.KICKED, "", "den", None),
        (Deed.KICKED, "bob", "den", None),
        (Deed.CLOSED_ROOM, "", "", None),
        (Deed.CLOSED_ROOM, "bob", "", None),
        (Deed.REVOKED, "bob", "", None),
        (Deed.KICKED, "bob", "", 9e9),
        (Deed.MUTED, "bob", "", 1.0),
    ],
)
def test_what_does_not_fit_is_not_written(
    owner: Owner, deed: Deed, name: str, room: str, until: float | None
) -> None:
    """An unknown person, no target, two targets, another act, an end that is none."""
    before = owner.vault.audit_file.read_bytes()
    with pytest.raises(UsageError):
        record(owner.vault, deed, name=name, room=room, until=until, now=owner.now, by="test")
    assert owner.vault.audit_file.read_bytes() == before
