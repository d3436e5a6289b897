"""A picture is decoded by a process of its own, which the system and a deadline bound."""

import math
import signal
import sys
from io import BytesIO
from pathlib import Path
from subprocess import run

import pytest
from PIL import Image

from secure_chat.client.picture import process
from secure_chat.client.picture.child import bound, serve
from secure_chat.client.picture.header import look
from secure_chat.client.picture.order import Pixels, understand
from secure_chat.client.picture.process import decoded
from secure_chat.client.picture.refusal import PictureRefused, Why
from secure_chat.limits import Limits
from tests.client.picture.pictures import LIMITS, bands, chunk, order, png, saved

PICTURE = saved(bands(), "PNG")


def refused(data: bytes, limits: Limits = LIMITS) -> PictureRefused:
    """Return why a picture is refused by its decoder."""
    with pytest.raises(PictureRefused) as caught:
        decoded(data, look(data, limits), (80, 48), limits)
    return caught.value


def ended(program: str, *, data: bytes = b"", seconds: float = 60) -> bytes | PictureRefused:
    """Return what comes of another program in the decoder's place."""
    try:
        return process._run([sys.executable, "-c", program], data, 1_000, seconds)
    except PictureRefused as error:
        return error


def test_pixels_come_from_another_process() -> None:
    """As small as asked for, with as few colours as asked for."""
    pixels = decoded(PICTURE, look(PICTURE, LIMITS), (30, 30), LIMITS)
    assert pixels[:2] == (30, 20)
    few = decoded(PICTURE, look(PICTURE, LIMITS), (30, 30), LIMITS, colours=2)
    assert len(few.colours) == 2


def test_a_refusal_of_the_other_process_is_one_here() -> None:
    """With its code and its words."""
    error = refused(png(4, 4, chunk(b"IDAT", b"nonsense")))
    assert error.code is Why.BROKEN
    assert error.why


def test_a_picture_that_needs_too_much_memory_is_refused() -> None:
    """The system keeps the bound; with more of it the same picture is shown."""
    pytest.importorskip("resource", reason="needs a system that bounds a process")
    data = saved(Image.new("RGB", (6_000, 6_000)), "PNG")
    assert refused(data, Limits(picture_memory_bytes=150_000_000)).code is Why.TOO_MUCH_MEMORY
    assert decoded(data, look(data, LIMITS), (6, 6), LIMITS) == Pixels(6, 6, bytes(108))


def test_a_picture_that_takes_too_long_is_refused() -> None:
    """No process starts and ends within a millisecond."""
    error = refused(PICTURE, Limits(picture_seconds=0.001))
    assert error.code is Why.TOO_SLOW
    assert "0.001 seconds" in error.why


@pytest.mark.parametrize(
    "program",
    [
        "import threading; threading.Event().wait()",
        "import sys, threading; sys.stdin.buffer.read(); threading.Event().wait()",
        "import os, threading; os.close(1); threading.Event().wait()",
    ],
)
def test_a_process_that_does_not_end_is_ended(program: str) -> None:
    """Whether it takes its input or not, whether it lets go of its output or not."""
    error = ended(program, data=bytes(8_000_000), seconds=0.3)
    assert isinstance(error, PictureRefused)
    assert error.code is Why.TOO_SLOW


def test_a_process_that_writes_without_end_is_ended() -> None:
    """No more is read than an answer can have, and one byte to tell."""
    program = "import sys\nwhile True: sys.stdout.buffer.write(bytes(100_000))"
    assert ended(program) == bytes(1_001)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import os; os._exit(3)", "exit code 3"),
        ("import os; os.abort()", "SIGABRT"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
)
def test_a_crash_ends_the_other_process_alone(program: str, why: str) -> None:
    """It is told how it ended, also when it read nothing of much."""
    error = ended(program, data=bytes(8_000_000))
    assert isinstance(error, PictureRefused)
    assert error.code is Why.CRASHED
    assert why in error.why


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="needs signals without a name")
def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    """Real-time signals have none between the first and the last."""
    number = signal.SIGRTMIN + 1
    error = ended(f"import os; os.kill(os.getpid(), {int(number)})")
    assert isinstance(error, PictureRefused)
    assert f"signal {int(number)}" in error.why


def test_a_process_that_cannot_be_started_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the system's own words."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    error = refused(PICTURE)
    assert error.code is Why.NO_DECODER
    assert "missing" in error.why


def test_the_folder_one_is_in_brings_no_decoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file there with the name of a library is not run."""
    (tmp_path / "PIL.py").write_text("raise SystemExit(9)\n")
    (tmp_path / "secure_chat.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)
    assert decoded(PICTURE, look(PICTURE, LIMITS), (80, 48), LIMITS)[:2] == (60, 40)


# --- without Pillow ------------------------------------------------------------------------


def test_without_pillow_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started for it, and the header is read all the same."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    error = refused(PICTURE)
    assert error.code is Why.NO_DECODER
    assert error.hint == "pip install 'securechat-tls[pictures]'"
    assert look(PICTURE, LIMITS).width == 60


def test_a_finder_that_blocks_pillow_leaves_the_rest_working() -> None:
    """Everything of the package is loaded and a picture refused in words, without Pillow."""
    program = """
import sys

class Blocks:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "PIL":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocks())
from secure_chat.client.picture import Header, PictureRefused, Protocol, draw, look, offered
from secure_chat.limits import Limits

data = sys.stdin.buffer.read()
try:
    draw(data, columns=9, rows=9, environ={}, limits=Limits())
except PictureRefused as error:
    print(error.code, error.hint, look(data, Limits()).height, "PIL" in sys.modules)
"""
    done = run([sys.executable, "-c", program], input=PICTURE, capture_output=True, check=True)
    expected = "no-decoder pip install 'securechat-tls[pictures]' 40 False"
    assert done.stdout.decode().strip() == expected


def test_a_pillow_that_cannot_be_loaded_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, and breaks when the decoder's process asks for it."""
    (tmp_path / "PIL").mkdir()
    (tmp_path / "PIL" / "__init__.py").write_text("raise ImportError('libz is missing')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    error = refused(PICTURE)
    assert error.code is Why.NO_DECODER
    assert "libz is missing" in error.why


# --- the other process itself --------------------------------------------------------------


def test_a_picture_is_served_once() -> None:
    """Read to its end, answered, and flushed."""
    sink = BytesIO()
    asked = order("PNG", 60, 40)
    serve(asked, BytesIO(PICTURE), sink)
    assert understand(sink.getvalue(), asked)[:2] == (60, 40)


def test_a_refusal_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with the picture, with the memory or with Pillow becomes an answer."""
    asked = order("PNG", 61, 40)

    def served(source: BytesIO) -> Why:
        sink = BytesIO()
        serve(asked, source, sink)
        with pytest.raises(PictureRefused) as caught:
            understand(sink.getvalue(), asked)
        return caught.value.code

    class Large(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise MemoryError(size)

    assert served(BytesIO(PICTURE)) is Why.TWO_SIZES
    assert served(Large()) is Why.TOO_MUCH_MEMORY
    monkeypatch.setitem(sys.modules, "secure_chat.client.picture.decode", None)
    assert served(BytesIO(PICTURE)) is Why.NO_DECODER


def test_a_decoder_that_nobody_waits_for_any_more_ends() -> None:
    """The system ends it after its processor time, whatever became of the program."""
    pytest.importorskip("resource", reason="needs a system that bounds a process")
    program = (
        "from secure_chat.client.picture.child import bound\nbound(1 << 32, 0.5)\nwhile True: pass"
    )
    assert run([sys.executable, "-c", program], check=False).returncode < 0


def test_bounds_are_set_as_far_as_the_system_lets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is raised above what is allowed, and one that cannot be set hinders no other."""
    resource = pytest.importorskip("resource", reason="needs a system that bounds a process")
    held = {
        resource.RLIMIT_AS: 500,
        resource.RLIMIT_CPU: resource.RLIM_INFINITY,
        resource.RLIMIT_CORE: resource.RLIM_INFINITY,
    }
    now: dict[int, tuple[int, int]] = {}

    def change(kind: int, most: tuple[int, int]) -> None:
        if kind == resource.RLIMIT_CPU:
            raise ValueError(kind)
        now[kind] = most

    monkeypatch.setattr(resource, "getrlimit", lambda kind: (0, held[kind]))
    monkeypatch.setattr(resource, "setrlimit", change)
    bound(1_000, math.pi)
    assert now == {resource.RLIMIT_AS: (500, 500), resource.RLIMIT_CORE: (0, 0)}


def test_where_nothing_can_be_bounded_the_deadline_remains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A system without such bounds is no reason to fail."""
    monkeypatch.setitem(sys.modules, "resource", None)
    bound(1, 1)
    assert len(bytes(10_000_000)) == 10_000_000
