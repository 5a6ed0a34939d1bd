"""What several test modules need: vectors, outside programs."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT.parent / "shared" / "vectors"
IN_CI = bool(os.environ.get("CI"))


def missing(what: str, remedy: str) -> None:
    """Skip the test on a user's machine, fail it in CI."""
    text = f"{what} is not here; {remedy}"
    if IN_CI:
        pytest.fail(text)
    pytest.skip(text)


def vectors(path: str) -> Path:
    """Return a file or folder of the third-party test data."""
    if not VECTORS.is_dir():
        missing("the vectors folder", "place it at ../shared/vectors")
    return VECTORS / path


def require_tool(name: str, package: str) -> str:
    """Return the path of an outside program."""
    found = shutil.which(name)
    if found is None:
        missing(f"the program {name}", f"install the Debian package {package}")
    return str(found)
