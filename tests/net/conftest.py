"""What the tests of the workers have in common."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.clock import SystemClock
from secure_chat.limits import Limits
from tests.fakes import FakeClock
from tests.net.table import Table


@pytest.fixture
def clock() -> FakeClock:
    """A clock near today, so that certificates made now are valid."""
    return FakeClock(wall=SystemClock().now())


@pytest.fixture
def table(certs: Path, clock: FakeClock) -> Iterator[Table]:
    """Both ends, with alice as the client."""
    made = Table(certs, clock, Limits(), "alice")
    yield made
    made.stop()
