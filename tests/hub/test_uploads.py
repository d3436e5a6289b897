"""Which uploads a message may refer to."""

from secure_chat.hub.events import Forgotten, Uploaded
from secure_chat.hub.uploads import Uploads
from secure_chat.limits import Limits


def uploaded(up: str, person: str = "alice", size: int = 5) -> Uploaded:
    """Return what the depot tells of a finished upload."""
    return Uploaded(person, up, size, "ab" * 32)


def test_an_upload_is_known_of_its_person_only() -> None:
    """The same id of somebody else is another upload, or none."""
    uploads = Uploads(Limits())
    uploads.add(uploaded("u"))
    assert uploads.get("alice", "u") == uploaded("u")
    assert uploads.get("bob", "u") is None
    assert uploads.get("alice", "v") is None


def test_what_is_told_last_counts() -> None:
    """A stream that was known without an end has one from then on."""
    uploads = Uploads(Limits())
    uploads.add(Uploaded("alice", "u", 0, ""))
    uploads.add(uploaded("u"))
    assert uploads.get("alice", "u") == uploaded("u")


def test_the_oldest_of_a_person_is_forgotten_beyond_the_bound() -> None:
    """One that is told again is young again, and other people lose nothing."""
    uploads = Uploads(Limits(uploads_offered=2))
    for up, person in (
        ("u", "bob"),
        ("a", "alice"),
        ("b", "alice"),
        ("a", "alice"),
        ("c", "alice"),
    ):
        uploads.add(uploaded(up, person))
    assert [up for up in "abc" if uploads.get("alice", up)] == ["a", "c"]
    assert uploads.get("bob", "u")


def test_what_the_depot_forgets_is_forgotten() -> None:
    """Of each person that is named; ids and people that nobody knows are passed over."""
    uploads = Uploads(Limits())
    for up in ("a", "b"):
        uploads.add(uploaded(up))
    uploads.forget(Forgotten((("alice", "a"), ("alice", "x"), ("bob", "b"))))
    assert uploads.get("alice", "a") is None
    assert uploads.get("alice", "b")
    uploads.forget(Forgotten((("alice", "b"),)))
    assert uploads.get("alice", "b") is None
    uploads.add(uploaded("b"))
    assert uploads.get("alice", "b")
