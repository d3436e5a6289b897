"""One call makes a picture text for this terminal, and no byte of the file is in it."""

import re
import subprocess
import sys
import tomllib
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from secure_chat.client import picture
from secure_chat.client.picture import PictureRefused, Protocol, draw
from secure_chat.client.picture.refusal import Why
from tests.client.picture.pictures import FORMATS, LIMITS, PNG, bands, png, saved

RGB = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
KITTY = {"TERM": "xterm-kitty"}
SGR = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = "\x1b[2J\x1b]52;c;aGFybQ==\x07"


def shown(text: str) -> Image.Image:
    """Return the picture that one of the two protocols with a PNG carries."""
    pattern = r"\x1b_G[^;]*;([^\x1b]*)\x1b\\|\x1b\]1337;File=[^:]*:([^\x07]*)\x07"
    payload = "".join(first or second for first, second in re.findall(pattern, text))
    return Image.open(BytesIO(b64decode(payload)))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_kind_is_drawn_in_cells(kind: str) -> None:
    """Red on the left, blue on the right, within its room, and only colours besides."""
    text = draw(saved(bands(), kind), columns=30, rows=9, environ=RGB, limits=LIMITS)
    assert [SGR.sub("", line) for line in text.split("\n")] == ["▀" * 27] * 9
    cells = re.findall(r"\x1b\[38;2;(\d+);\d+;(\d+);48;", text)
    first, last = ([int(value) for value in cells[at]] for at in (0, -1))
    assert first[0] > 200
    assert first[1] < 50
    assert last[0] < 50
    assert last[1] > 200


@pytest.mark.parametrize(
    ("environ", "cell"), [(KITTY, (10, 20)), ({**RGB, "TERM_PROGRAM": "iTerm.app"}, (10, 20))]
)
def test_a_better_protocol_carries_pixels(environ: dict[str, str], cell: tuple[int, int]) -> None:
    """Many to a cell, and it is said how many cells they are for."""
    data = saved(bands(600, 300), "JPEG")
    text = draw(data, columns=20, rows=50, environ=environ, limits=LIMITS)
    with shown(text) as image:
        assert image.size == (20 * cell[0], 5 * cell[1])
    assert re.search(r"(c|width)=20[,;](r|height)=5[,;]", text)
    small = draw(saved(bands(15, 30), "PNG"), columns=20, rows=50, environ=environ, limits=LIMITS)
    assert re.search(r"(c|width)=2[,;](r|height)=2[,;]", small)


def test_sixels_have_few_colours() -> None:
    """A picture of many is reduced to as many as any terminal has registers for."""
    data = saved(Image.radial_gradient("L").convert("RGB"), "PNG")
    text = draw(data, columns=10, rows=10, environ={"TERM": "foot"}, limits=LIMITS)
    assert text.startswith('\x1bP0;1q"1;1;80;80#0;2;')
    assert 8 < len(re.findall(r"#\d+;2;", text)) <= 64


def test_without_colours_there_are_letters() -> None:
    """No escape at all."""
    data = saved(Image.new("L", (4, 4), 255), "PNG")
    drawn = draw(data, columns=9, rows=9, environ={**RGB, "NO_COLOR": "1"}, limits=LIMITS)
    assert drawn == "@@@@\n@@@@"


def test_256_colours_are_drawn_where_there_are_no_more() -> None:
    """A cell names numbers of colours."""
    data = saved(Image.new("RGB", (1, 1), (255, 0, 0)), "PNG")
    drawn = draw(data, columns=9, rows=9, environ={"TERM": "xterm-256color"}, limits=LIMITS)
    assert drawn == "\x1b[38;5;196;49m▀\x1b[0m"


def test_a_window_may_ask_for_cells_whatever_the_terminal_takes() -> None:
    """The caller's word goes before the environment's."""
    data = saved(bands(), "PNG")
    cells = Protocol.TRUECOLOUR
    drawn = draw(data, columns=9, rows=9, environ=KITTY, limits=LIMITS, protocol=cells)
    assert drawn == draw(data, columns=9, rows=9, environ=RGB, limits=LIMITS)


def test_no_room_is_one_cell_and_much_room_is_bounded() -> None:
    """A size that a terminal does not have yet, and one that nobody has."""
    data = saved(bands(4_000, 3_000), "PNG")
    assert SGR.sub("", draw(data, columns=0, rows=-1, environ=RGB, limits=LIMITS)) == "▀"
    text = draw(data, columns=9_999, rows=9_999, environ=KITTY, limits=LIMITS)
    with shown(text) as image:
        assert image.size == (LIMITS.picture_drawn_side, LIMITS.picture_drawn_side * 3 // 4)


@pytest.mark.parametrize("protocol", Protocol)
def test_nothing_of_the_file_is_passed_through(protocol: Protocol) -> None:
    """Texts in it, an archive behind it and a page after that are not in what is drawn."""
    info = PngInfo()
    info.add_text("Comment", HOSTILE)
    archive = BytesIO()
    with ZipFile(archive, "w") as packed:
        packed.writestr("harm", HOSTILE)
    data = saved(bands(), "PNG", pnginfo=info) + archive.getvalue() + b"<script>harm()</script>"
    drawn, clean = (
        draw(file, columns=20, rows=9, environ=RGB, limits=LIMITS, protocol=protocol)
        for file in (data, saved(bands(), "PNG"))
    )
    assert drawn == clean
    assert HOSTILE not in drawn


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (png(100_000, 100_000), Why.TOO_MANY_PIXELS),
        (b"hello", Why.NO_PICTURE),
        (PNG, Why.BROKEN),
        (bytes(16_777_217), Why.FILE_TOO_LARGE),
    ],
)
def test_a_bomb_starts_no_process(data: bytes, code: Why, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the header or the size refuses never reaches a decoder."""

    def started(*_: object, **__: object) -> None:
        pytest.fail("a decoder was started")

    monkeypatch.setattr(subprocess.Popen, "__init__", started)
    with pytest.raises(PictureRefused) as caught:
        draw(data, columns=80, rows=24, environ=RGB, limits=LIMITS)
    assert caught.value.code is code


@pytest.mark.parametrize("code", Why)
def test_every_refusal_says_what_and_what_to_do(code: Why) -> None:
    """Each code has a sentence without a full stop and a hint."""
    error = PictureRefused(code, "because")
    assert error.what
    assert not error.what.endswith(".")
    assert error.hint
    assert str(error) == f"{error.what}: because"


def test_the_hint_names_what_can_be_installed() -> None:
    """The project has that name, and that extra has Pillow."""
    page = Path(__file__).parents[3] / "pyproject.toml"
    project = tomllib.loads(page.read_text(encoding="utf-8"))["project"]
    assert f"'{project['name']}[pictures]'" in PictureRefused(Why.NO_DECODER).hint
    assert any("pillow" in one for one in project["optional-dependencies"]["pictures"])


def test_the_package_loads_only_what_is_asked_for() -> None:
    """Neither the package nor the drawing brings Pillow into the program."""
    program = (
        "import sys; import secure_chat.client.picture as p; a = len(sys.modules); p.draw; "
        "print(len(sys.modules) > a, 'PIL' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"True", b"False"]


def test_the_package_has_what_it_names_and_nothing_else() -> None:
    """All public names are there; others are an error as in any module."""
    assert all(getattr(picture, name) for name in picture.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = picture.nothing
