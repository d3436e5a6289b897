"""The pages that scripts/reference makes are current and complete."""

import re
from pathlib import Path
from typing import Final

import pytest

import secure_chat
from scripts import reference_pages
from secure_chat.errors import Exit
from secure_chat.limits import Limits

PACKAGE: Final = Path(secure_chat.__path__[0])


def test_the_pages_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing has changed in the code that the pages do not say."""
    assert reference_pages.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_page_is_noticed_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing page and an old module map fail the check, which writes nothing; a run heals."""
    reference, architecture = tmp_path / "REFERENCE.md", tmp_path / "ARCHITECTURE.md"
    current = reference_pages.ARCHITECTURE.read_text(encoding="utf-8")
    architecture.write_text(current.replace("- `limits.py`", "- `bounds.py`"), encoding="utf-8")
    monkeypatch.setattr(reference_pages, "REFERENCE", reference)
    monkeypatch.setattr(reference_pages, "ARCHITECTURE", architecture)
    assert reference_pages.main(["--check"]) == 1
    assert "REFERENCE.md" in capsys.readouterr().err
    assert not reference.exists()
    assert reference_pages.main([]) == 0
    assert architecture.read_text(encoding="utf-8") == current
    assert reference_pages.main(["--check"]) == 0


def test_every_variable_that_the_program_reads_is_told() -> None:
    """No module looks at an environment variable that the reference leaves out."""
    page = reference_pages.reference()
    read = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(
            r"""(?:environ(?:\.get\(|\[)|getenv\(|envvar=)"(\w+)""",
            path.read_text(encoding="utf-8"),
        )
    }
    assert {"SECURECHAT_AT", "NO_COLOR"} <= read
    assert {name for name in read if f"| `{name}` |" not in page} == set()


def test_every_limit_and_exit_code_is_told() -> None:
    """Each stands in its table once."""
    page = reference_pages.reference()
    for name in Limits.__dataclass_fields__:
        assert page.count(f"\n| `{name}` | ") == 1
    for code in Exit:
        assert page.count(f"\n| {int(code)} | ") == 1
