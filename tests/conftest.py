"""What many tests need: one set of certificates for all of them, and no thread left behind."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault


def pytest_configure() -> None:
    """Have Ctrl-C mean what it means in a terminal, whoever started the tests.

    A shell that runs something in the background tells it to ignore SIGINT, and every program
    that the tests start would inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


# The tests share the machine with each other, and how fast an example ran says nothing then.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture(scope="session")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificates folder with a host, alice, bob, carol and dave; not to be changed."""
    folder = tmp_path_factory.mktemp("community") / "certs"
    init_certs(Vault(folder), InitRequest(clients=("alice", "bob", "carol", "dave")))
    return folder


@pytest.fixture(scope="session")
def foreign_certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another community's folder, whose alice has the same subject as ours."""
    folder = tmp_path_factory.mktemp("foreign") / "certs"
    init_certs(Vault(folder), InitRequest(clients=("alice",)))
    return folder


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """A test that leaves a thread running has not stopped what it started."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(5)
    assert not [thread.name for thread in left if thread.is_alive()]
