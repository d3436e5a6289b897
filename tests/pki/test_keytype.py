"""Naming a kind of key is cheap."""

import subprocess
import sys
from pathlib import Path

from secure_chat.pki import keys
from secure_chat.pki.keytype import KeyType


def test_the_kinds_are_the_documented_ones() -> None:
    """`--key-type` takes these words, and the module of keys hands out the same type."""
    assert [str(kind) for kind in KeyType] == ["p256", "p384", "ed25519", "rsa3072"]
    assert keys.KeyType is KeyType


def test_naming_a_kind_loads_no_cryptography() -> None:
    """A fresh interpreter that knows the kinds has not loaded the library."""
    program = (
        "import sys, secure_chat.pki.keytype, secure_chat.cli.init_certs; "
        "sys.exit('cryptography' in sys.modules)"
    )
    folder = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=folder, check=False).returncode == 0
