"""An inbox hands items to its owner in order and rings once a burst."""

import select
import threading

import pytest

from secure_chat.net.inbox import Inbox


@pytest.fixture
def inbox() -> "Inbox[int]":
    """An inbox that is crowded from three items on."""
    return Inbox(3)


def readable(inbox: "Inbox[int]") -> bool:
    """Tell whether a selector would wake for it."""
    return bool(select.select([inbox], [], [], 0)[0])


def test_items_come_out_in_the_order_they_went_in(inbox: "Inbox[int]") -> None:
    """First in, first out, single items and several at once."""
    inbox.post(1)
    inbox.post_all([2, 3])
    assert inbox.take() == [1, 2, 3]
    assert inbox.take() == []
    inbox.close()


def test_a_burst_rings_once_and_taking_silences_the_bell(inbox: "Inbox[int]") -> None:
    """The descriptor is readable from the first post until the items are taken."""
    assert not readable(inbox)
    inbox.post(1)
    inbox.post(2)
    assert readable(inbox)
    inbox.take()
    assert not readable(inbox)
    inbox.post(3)
    assert readable(inbox)
    inbox.close()


def test_waiting_ends_when_another_thread_posts(inbox: "Inbox[int]") -> None:
    """An owner without a selector sleeps until there is something."""
    assert not inbox.wait(0)
    poster = threading.Thread(target=inbox.post, args=(7,))
    poster.start()
    assert inbox.wait(10)
    poster.join()
    assert inbox.wait(0)
    assert inbox.take() == [7]
    inbox.close()


def test_a_crowded_inbox_says_so_until_its_owner_has_taken(inbox: "Inbox[int]") -> None:
    """Posters hold back at the bound and are let on when the items are gone."""
    inbox.post_all([1, 2])
    assert inbox.wait_for_room(0)
    inbox.post(3)
    assert inbox.crowded
    assert not inbox.wait_for_room(0)
    taken: list[int] = []
    owner = threading.Thread(target=lambda: taken.extend(inbox.take()))
    owner.start()
    while not inbox.wait_for_room(1):
        pass
    owner.join()
    assert taken == [1, 2, 3]
    inbox.close()


def test_nothing_is_lost_between_many_posters_and_one_owner() -> None:
    """However posts and takes interleave, every item arrives once and in its poster's order."""
    inbox: Inbox[tuple[int, int]] = Inbox(10)
    each, posters = 2_000, 4

    def post(who: int) -> None:
        for number in range(each):
            inbox.post((who, number))

    threads = [threading.Thread(target=post, args=(who,)) for who in range(posters)]
    for thread in threads:
        thread.start()
    got: list[tuple[int, int]] = []
    while len(got) < each * posters:
        assert inbox.wait(10)
        got += inbox.take()
    for thread in threads:
        thread.join()
    for who in range(posters):
        assert [number for name, number in got if name == who] == list(range(each))
    inbox.close()


def test_posting_after_the_owner_left_is_harmless(inbox: "Inbox[int]") -> None:
    """A late item is for nobody."""
    inbox.close()
    inbox.post(1)


def test_who_must_not_overtake_waits_until_everything_is_taken(inbox: "Inbox[int]") -> None:
    """One waiting item is enough to wait for, well below the bound; nothing waits for nothing."""
    assert inbox.wait_until_taken(0)
    inbox.post(1)
    assert not inbox.wait_until_taken(0)
    taker = threading.Thread(target=inbox.take)
    taker.start()
    assert inbox.wait_until_taken(10)
    taker.join()
    inbox.close()


class Relief(threading.Event):
    """What waiting posters wait for, with an owner that takes at the worst moment.

    Args:
        inbox: the inbox.
        moment: what the poster is just doing when the owner takes.
    """

    def __init__(self, inbox: "Inbox[int]", moment: str) -> None:
        super().__init__()
        self._inbox = inbox
        self._moment = moment
        self.waits: list[bool] = []

    def clear(self) -> None:
        """Forget an earlier taking."""
        super().clear()
        if self._moment == "about to wait":
            self._inbox.take()

    def wait(self, timeout: float | None = None) -> bool:
        """Note whether the taking would have ended the wait."""
        assert timeout
        self._inbox.take()
        self.waits.append(self.is_set())
        return self.is_set()


@pytest.mark.parametrize(("moment", "waits"), [("about to wait", []), ("waiting", [True])])
def test_a_taking_ends_the_wait_whenever_it_happens(
    inbox: "Inbox[int]", moment: str, waits: list[bool]
) -> None:
    """Who waits is let on, and who has only begun to does not wait for the next taking."""
    inbox._relief = relief = Relief(inbox, moment)
    for _ in range(2):
        relief.waits.clear()
        inbox.post(1)
        assert inbox.wait_until_taken(60)
        assert relief.waits == waits
    inbox.close()


class Interrupted:
    """A bell whose first ring is cut short by Ctrl-C."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self) -> None:
        """Ring, but for the first time."""
        self.rings += 1
        if self.rings == 1:
            raise KeyboardInterrupt


def test_an_interrupted_post_keeps_no_later_one_from_ringing(inbox: "Inbox[int]") -> None:
    """Who cleans up behind Ctrl-C posts too, and its owner must wake for that."""
    bell = Interrupted()
    inbox._bell.close()
    inbox._bell = bell  # type: ignore[assignment] # all that a post needs of one
    with pytest.raises(KeyboardInterrupt):
        inbox.post(1)
    inbox.post(2)
    assert bell.rings == 2
    inbox.post(3)
    assert bell.rings == 2
