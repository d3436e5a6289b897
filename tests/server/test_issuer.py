"""What a host may issue with, and the one passphrase for all of its keys."""

from collections.abc import Callable
from pathlib import Path

import pytest

from secure_chat.pki.keys import key_from_pem, key_to_pem
from secure_chat.server.unlock import Unlock
from tests.server.pieces import Office

RIGHT = b"correct horse battery"


def lock(path: Path, passphrase: bytes = RIGHT) -> None:
    """Encrypt a key that stands there unencrypted."""
    key = key_from_pem(path.read_bytes(), None, where=str(path))
    path.write_bytes(key_to_pem(key, passphrase))


class Asked:
    """Somebody who is asked, and how often.

    Args:
        answer: what they say.
    """

    def __init__(self, answer: bytes) -> None:
        self.times = 0
        self._answer = answer

    def __call__(self) -> bytes:
        """Be asked."""
        self.times += 1
        return self._answer


def test_one_answer_opens_both_keys(own: Path) -> None:
    """Whoever starts the host is asked once, also when papers are made anew later."""
    lock(own / "host.key")
    lock(own / "ca.key")
    asked = Asked(RIGHT)
    office = Office(own, asked)
    assert office.issuer.authority() is not None
    office.unlock.seal()
    office.vault.host_crt.touch()
    office.papers.look(office.told)
    assert office.told.events() == ["certificates"]
    assert asked.times == 1


def test_nobody_is_asked_when_no_key_is_locked(own: Path) -> None:
    """A passphrase file that is not needed is not read."""
    asked = Asked(RIGHT)
    assert Office(own, asked).issuer.authority() is not None
    assert asked.times == 0


@pytest.mark.parametrize(
    ("who", "why"),
    [
        pytest.param(None, "no passphrase", id="nobody to ask"),
        pytest.param(lambda: b"wrong", "passphrase is wrong", id="another passphrase"),
        pytest.param(lambda: b"", "passphrase is wrong", id="an empty answer"),
    ],
)
def test_a_key_that_stays_locked_is_an_obstacle_and_no_error(
    own: Path, who: Callable[[], bytes] | None, why: str
) -> None:
    """The host serves chat all the same, and knows why it cannot issue."""
    lock(own / "ca.key")
    office = Office(own, who)
    assert office.issuer.authority() is None
    assert "ca.key" in office.issuer.obstacle
    assert why in office.issuer.obstacle


def test_a_missing_key_is_an_obstacle_until_it_is_there(own: Path, tmp_path: Path) -> None:
    """And again when it is taken away."""
    aside = (own / "ca.key").rename(tmp_path / "ca.key")
    office = Office(own)
    assert office.issuer.authority() is None
    assert "missing" in office.issuer.obstacle
    aside.rename(own / "ca.key")
    assert office.issuer.authority() is not None
    assert not office.issuer.obstacle
    (own / "ca.key").unlink()
    assert office.issuer.authority() is None


def test_a_key_that_others_can_read_is_not_used(own: Path) -> None:
    """The obstacle names the file, so that its owner can mend it."""
    (own / "ca.key").chmod(0o644)
    assert "ca.key" in Office(own).issuer.obstacle


def test_after_the_start_nobody_is_asked() -> None:
    """What was said goes on counting, and a question that was never asked is not asked any more."""
    unlock = Unlock(Asked(RIGHT))
    assert unlock.passphrase is not None
    unlock.passphrase()
    unlock.seal()
    assert unlock.passphrase() == RIGHT
    fresh = Unlock(Asked(RIGHT))
    fresh.seal()
    assert fresh.passphrase is None
    assert Unlock(None).passphrase is None
