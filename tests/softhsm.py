"""A token of SoftHSM2 in a temporary folder: a device that CI can have."""

import atexit
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from esign import hsm
from esign.hsm.module import module_of
from tests.support import missing, require_tool

PIN = "246810"
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


def module():
    """Return the path of SoftHSM's PKCS #11 module."""
    for path in _MODULES:
        if Path(path).is_file():
            return path
    return missing("libsofthsm2.so", "install the Debian package softhsm2")


@cache
def home():
    """Return the folder of all tokens of this run, and let the module look there."""
    require_tool("softhsm2-util", "softhsm2")
    folder = Path(tempfile.mkdtemp(prefix="softhsm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "tokens").mkdir()
    configured = folder / "softhsm2.conf"
    configured.write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n"
        "log.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(configured)
    return folder


@dataclass
class Token:
    """One token, and how it is taken away and brought back."""

    label: str

    @property
    def place(self):
        return hsm.Place(module(), self.label)

    @property
    def away(self):
        return home() / "away"

    def lose(self):
        (home() / "tokens").rename(self.away)

    def bring_back(self):
        self.away.rename(home() / "tokens")

    def open(self, pin=PIN):
        return hsm.Device(self.place, pin if callable(pin) else lambda _: pin)


def new_token(label):
    """Make a token with an empty store."""
    folder = home()
    util("--init-token", "--free", "--label", label, "--so-pin", "1357", "--pin", PIN)
    assert folder.is_dir()
    module_of(module()).forget()
    return Token(label)


def util(*arguments):
    """Run SoftHSM's own tool."""
    done = subprocess.run(
        [require_tool("softhsm2-util", "softhsm2"), *arguments],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
