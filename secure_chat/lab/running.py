"""One run of the lab: a folder, a stage in it, and one scenario after the other.

On the caller's thread; nothing is printed. Whatever ends it, an error or Ctrl-C included, the
ends that were started have stopped, and a temporary folder is gone.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from secure_chat.errors import SecureChatError, UsageError
from secure_chat.lab.checking import Outcome, judge
from secure_chat.lab.scenario import Scenario
from secure_chat.lab.stage import Stage
from secure_chat.pki.files import create_folder

__all__ = ["play"]


def play(scenarios: Iterable[Scenario], keep: Path | None = None) -> Generator[Outcome, None, None]:
    """Play scenarios and yield how each of them went, as soon as it is over.

    A scenario is played when its outcome is asked for; close the iterator to stop before the end.

    Args:
        scenarios: each at most once.
        keep: where to leave certificates and journals; None for a folder that is removed.

    Raises:
        UsageError: the folder to keep things in is not empty.
        SecureChatError: no folder can be made, or a host cannot run here at all.
    """
    with _temporary() if keep is None else _kept(keep) as folder:
        stage = Stage(folder)
        for scenario in scenarios:
            shown = scenario.play(stage)
            yield judge(scenario, shown, stage.records())


@contextmanager
def _temporary() -> Iterator[Path]:
    try:
        folder = TemporaryDirectory(prefix="securechat-lab-")
    except OSError as error:
        raise _unusable("the folder for temporary files", error) from error
    with folder as name:
        yield Path(name)


@contextmanager
def _kept(folder: Path) -> Iterator[Path]:
    try:
        create_folder(folder)
        first = next(folder.iterdir(), None)
    except OSError as error:
        raise _unusable(str(folder), error) from error
    if first is not None:
        raise UsageError(
            f"{folder} is not empty",
            why=f"{first.name} is in it",
            hint="name a new folder with --keep",
        )
    yield folder


def _unusable(what: str, error: OSError) -> SecureChatError:
    return SecureChatError(
        f"the lab cannot write to {what}",
        why=error.strerror or str(error),
        hint="name another folder with --keep",
    )
