"""What chunks give back is not given to the system and faulted in again with the next ones."""

import platform
import subprocess
import sys
from typing import Final

import pytest

_ROUNDS: Final = 50
# In a process of its own, because the bounds rise for good, and other tests have raised them.
_CHURN: Final = f"""
from resource import RUSAGE_SELF, getrusage
from secure_chat.net.reuse import keep_freed

def faults():
    before = getrusage(RUSAGE_SELF).ru_minflt
    for _ in range({_ROUNDS}):
        chunks = [bytes(65_536) for _ in range(16)]
        del chunks
    return getrusage(RUSAGE_SELF).ru_minflt - before

left_alone = faults()
keep_freed(1_048_576)
faults()
print(left_alone, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only this library learns")
def test_what_is_freed_is_kept() -> None:
    """A MiB that comes and goes faults its pages in each time, and behind the call never again."""
    command = [sys.executable, "-c", _CHURN]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    left_alone, kept = map(int, done.stdout.split())
    assert left_alone > 100 * _ROUNDS
    assert kept < _ROUNDS
