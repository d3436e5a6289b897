"""An owner of a certificates folder at a shell: commands in this process or behind a terminal."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from secure_chat.cli.main import run
from secure_chat.pki.act import Act
from secure_chat.pki.vault import Vault
from tests.cli.processes import PROGRAM, Outcome, Program, Terminal

__all__ = ["Shell"]


@dataclass(frozen=True, slots=True)
class Shell:
    """An owner's shell.

    Args:
        folder: what is theirs: certificates in `certs`, data in `data`.
        monkeypatch: sets what a shell sets.
        capsys: hears what a command says.
    """

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    @property
    def certs(self) -> Path:
        """The certificates folder."""
        return self.folder / "certs"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def vault(self) -> Vault:
        """What is in the certificates folder."""
        return Vault(self.certs)

    @property
    def program(self) -> Program:
        """The program as a process of its own."""
        return Program(self.certs, self.data, "127.0.0.1:1")

    def __call__(self, *words: str, code: int = 0) -> Outcome:
        """Run a command in this process and check its exit code."""
        with self.monkeypatch.context() as patch:
            patch.setenv("SECURECHAT_CERTS", str(self.certs))
            patch.setenv("SECURECHAT_DATA", str(self.data))
            patch.setattr("sys.argv", ["securechat", *words])
            with pytest.raises(SystemExit) as ended:
                run()
        out, err = self.capsys.readouterr()
        assert int(ended.value.code or 0) == code, err
        return Outcome(code, out, err)

    def json(self, *words: str, code: int = 0) -> list[dict[str, Any]]:
        """Run a command with `--json` and return its objects; it says nothing else."""
        done = self(*words, "--json", code=code)
        return [json.loads(line) for line in done.out.splitlines()]

    def terminal(self, *words: str) -> Terminal:
        """Start a command behind a terminal."""
        return Terminal((*PROGRAM, *words), self.program.environment)

    def acts(self) -> list[Act]:
        """Return the lines of the audit trail."""
        lines = self.vault.audit_file.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Act) for line in lines]

    def serials(self, name: str) -> list[str]:
        """Return the serial numbers of a person's certificates that count."""
        return [entry.serial for entry in self.vault.registry().of(name)]

    def word(self, name: str, text: str) -> str:
        """Write a passphrase into a file and return its path."""
        path = self.folder / name
        path.write_text(f"{text}\n")
        return str(path)
