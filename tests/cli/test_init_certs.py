"""`securechat init-certs` as a person and a script meet it."""

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.cli.main import run
from secure_chat.errors import IdentityError
from secure_chat.pki.keys import key_is_encrypted
from secure_chat.pki.vault import Vault

TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HEX = re.compile(r"[0-9a-f]{64}")


class Init(Protocol):
    """Runs the command in a folder."""

    def __call__(self, folder: Path, *arguments: str, status: int = 0, **more: str) -> "Done":
        """Run it and check its exit code; `more` are variables of its environment."""
        ...


def command(*arguments: str) -> list[str]:
    """Return the command line as it is without the console script."""
    program = "from secure_chat.cli.main import run; run()"
    return [sys.executable, "-c", program, "init-certs", *arguments]


def surroundings(**more: str) -> dict[str, str]:
    """Return the environment without what would change the command."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("SECURECHAT_")}
    return {**plain, "PYTHONPATH": str(Path(__file__).parents[2]), **more}


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind on the two streams."""

    stdout: str
    stderr: str


@pytest.fixture
def init(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Init:
    """Return what runs the command in a folder, in this process, and checks its exit code."""
    for name in [name for name in os.environ if name.startswith("SECURECHAT_")]:
        monkeypatch.delenv(name)

    def run_in(folder: Path, *arguments: str, status: int = 0, **more: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["securechat", "init-certs", *arguments])
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        with contextlib.chdir(folder), pytest.raises(SystemExit) as ended:
            run()
        done = Done(*capfd.readouterr())
        assert (ended.value.code or 0) == status, done.stderr
        return done

    return run_in


def fingerprint(path: Path) -> str:
    """Return SHA-256 of a certificate's octets."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def usable(folder: Path) -> set[bool]:
    """Tell whether host and clients can use their files now; one element means all alike."""
    vault = Vault(folder)
    found: set[bool] = set()
    uses: tuple[Callable[[], object], ...] = (
        vault.host_files,
        lambda: vault.client_files("alice"),
        lambda: vault.client_files("bob"),
    )
    for use in uses:
        try:
            use()
            found.add(True)
        except IdentityError:
            found.add(False)
    return found


def test_the_first_run_says_what_is_where_and_what_to_do_next(init: Init, tmp_path: Path) -> None:
    """Each file, who holds it, until when, its fingerprint, and the next command at the end."""
    done = init(tmp_path)
    assert done.stdout == ""
    said = done.stderr.splitlines()
    for name in ("ca.crt", "host.crt", "clients/alice.crt", "clients/bob.crt"):
        at = said.index(f"  {name} (made)")
        about = said[at + 1 : at + 5]
        assert any("held by" in line for line in about)
        assert any(TIME.search(line) for line in about)
        assert any(fingerprint(tmp_path / "certs" / name) in line for line in about)
    for name in ("ca.key", "host.key", "clients/alice.key", "crl.pem", "community"):
        at = said.index(f"  {name} (made)")
        assert "held by" in said[at + 1]
    assert said[-1] == "Next: securechat host"
    assert usable(tmp_path / "certs") == {True}


def test_the_second_run_keeps_everything_and_says_so(init: Init, tmp_path: Path) -> None:
    """Nothing is made again."""
    init(tmp_path)
    done = init(tmp_path)
    assert "(made)" not in done.stderr
    assert done.stderr.count("(kept)") == 10


def check_certificate(entry: dict[str, Any]) -> None:
    """Check one certificate of the JSON report against its file."""
    assert entry["sha256"] == fingerprint(Path(entry["certificate"]))
    assert HEX.fullmatch(entry["sha256"])
    assert TIME.fullmatch(entry["not_before"])
    assert TIME.fullmatch(entry["not_after"])
    assert Path(entry["key"]).is_file()
    assert entry["encrypted"] is False


def test_scripts_get_paths_fingerprints_and_dates_as_json(init: Init, tmp_path: Path) -> None:
    """One object on stdout, nothing on stderr, and the paths are those of the design."""
    done = init(tmp_path, "--json", "--client", "carol", "--host-name", "b.example")
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert report["certs"] == "certs"
    assert report["crl"] == str(Path("certs/crl.pem"))
    assert re.fullmatch(r"[0-9a-f]{32}", report["community"])
    assert report["backup"] is None
    assert "ca.crt" in report["made"]
    with contextlib.chdir(tmp_path):
        check_certificate(report["ca"])
        check_certificate(report["host"])
        [carol] = report["clients"]
        check_certificate(carol)
    assert report["ca"]["certificate"] == str(Path("certs/ca.crt"))
    assert report["host"]["key"] == str(Path("certs/host.key"))
    assert {"localhost", "127.0.0.1", "::1", "b.example"} <= set(report["host"]["names"])
    assert (carol["name"], carol["certificate"]) == ("carol", str(Path("certs/clients/carol.crt")))


def test_a_report_survives_a_host_certificate_that_is_gone(init: Init, tmp_path: Path) -> None:
    """What cannot be read is null in the report, and the warning says why."""
    init(tmp_path)
    (tmp_path / "certs" / "host.crt").write_text("garbage")
    report = json.loads(init(tmp_path, "--json").stdout)
    assert report["host"] is None
    assert "cannot be read" in report["warnings"][0]


def test_the_folder_may_be_another_one(init: Init, tmp_path: Path) -> None:
    """`--certs` and its environment twin choose it, and the next command repeats what it must."""
    done = init(tmp_path, "--certs", "my certs")
    assert done.stderr.splitlines()[-1] == "Next: securechat host --certs 'my certs'"
    done = init(tmp_path, SECURECHAT_CERTS="elsewhere")
    assert done.stderr.splitlines()[-1] == "Next: securechat host"
    assert usable(tmp_path / "my certs") == usable(tmp_path / "elsewhere") == {True}


def test_quiet_says_nothing(init: Init, tmp_path: Path) -> None:
    """With `--quiet` only errors are said."""
    done = init(tmp_path, "--quiet")
    assert (done.stdout, done.stderr) == ("", "")


def test_force_backs_up_and_says_where(init: Init, tmp_path: Path) -> None:
    """The old set is named, the community stays, the fingerprints are new."""
    first = json.loads(init(tmp_path, "--json").stdout)
    done = init(tmp_path, "--force")
    backup = re.search(r"The old set is in (certs/backup-\d{8}T\d{6}Z)\.", done.stderr)
    assert backup is not None
    assert (tmp_path / backup[1] / "ca.key").is_file()
    second = json.loads(init(tmp_path, "--json").stdout)
    assert second["community"] == first["community"]
    assert second["ca"]["sha256"] != first["ca"]["sha256"]


def test_warnings_are_notes(init: Init, tmp_path: Path) -> None:
    """What the person should know stands before the next command."""
    init(tmp_path)
    (tmp_path / "certs" / "host.key").unlink()
    said = init(tmp_path, "--color", "always").stderr
    assert "\x1b[33mnote:\x1b[0m" in said
    assert "host.key" not in said.split("note:")[0]


def test_an_interrupted_run_is_finished_and_said(init: Init, tmp_path: Path) -> None:
    """A staging folder with a decided plan is what a killed run leaves."""
    staging = tmp_path / "certs" / ".staging"
    staging.mkdir(parents=True)
    (staging / "community").write_text("0" * 32)
    plan = {"install": ["community"], "retire": [], "backup": "b", "acts": []}
    (staging / "plan.json").write_text(json.dumps(plan))
    done = init(tmp_path)
    assert "An earlier run had been interrupted; it was finished first." in done.stderr
    assert Vault(tmp_path / "certs").community() == "0" * 32


@pytest.mark.parametrize(
    ("arguments", "status", "what"),
    [
        (("--client", "Alice"), 2, "'Alice' cannot be anybody's name"),
        (("--client", "nul"), 2, "'nul' cannot be anybody's name"),
        (("--life", "soon"), 2, "'soon' is not a span of time"),
        (("--life", "398d"), 2, "longer than 397d"),
        (("--ca-life", "11000d"), 2, "longer than 3660d"),
        (("--host-name", "a_b"), 2, "'a_b' cannot stand in a host certificate"),
        (("--key-type", "dsa"), 2, "dsa"),
        (("--passphrase-file", "missing"), 3, "the passphrase file missing cannot be read"),
    ],
)
def test_mistakes_are_explained_and_touch_nothing(
    init: Init, tmp_path: Path, arguments: tuple[str, ...], status: int, what: str
) -> None:
    """The exit code fits, the reason is in the text, and no folder appears."""
    done = init(tmp_path, *arguments, status=status)
    assert what in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "certs").exists()


def test_a_passphrase_comes_from_a_file_only(init: Init, tmp_path: Path) -> None:
    """It encrypts the keys, opens the set again, and without it the command does not hang."""
    (tmp_path / "p").write_text("open sesame\n")
    said = init(tmp_path, "--passphrase-file", "p").stderr
    assert "sesame" not in said
    keys = list((tmp_path / "certs").rglob("*.key"))
    assert len(keys) == 4
    assert all(key_is_encrypted(key) for key in keys)
    done = init(tmp_path, "--client", "carol", status=3)
    assert "ca.key is encrypted" in done.stderr
    assert "--passphrase-file" in done.stderr
    init(tmp_path, "--client", "carol", "--passphrase-file", "p")
    assert key_is_encrypted(tmp_path / "certs" / "clients" / "carol.key")


def test_the_help_has_two_examples_that_work(init: Init, tmp_path: Path) -> None:
    """Each example of the help is run as it stands."""
    text = init(tmp_path, "--help").stdout
    examples = [line.split() for line in text.splitlines() if line.startswith("  securechat ")]
    assert len(examples) == 2
    for number, words in enumerate(examples):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert words[1] == "init-certs"
        init(folder, *words[2:])
        assert (folder / "certs" / "ca.crt").is_file()


@pytest.mark.slow
def test_killed_at_random_moments_the_next_run_heals(init: Init, tmp_path: Path) -> None:
    """SIGKILL anywhere leaves nothing usable or a whole set, and running again completes it."""
    choose = random.Random(20261122)  # noqa: S311 - a repeatable choice, not a secret
    outcomes: list[int | None] = []
    for round_ in range(12):
        folder = tmp_path / str(round_)
        folder.mkdir()
        with subprocess.Popen(
            command("--quiet"), cwd=folder, env=surroundings(), stdin=subprocess.DEVNULL
        ) as running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(choose.uniform(0.1, 0.9))
            running.kill()
        outcomes.append(running.returncode)
        assert len(usable(folder / "certs")) == 1
        init(folder, "--quiet")
        assert usable(folder / "certs") == {True}
        assert Vault(folder / "certs").registry().names() == {"alice", "bob"}
        shutil.rmtree(folder)
    assert any(code != 0 for code in outcomes)
