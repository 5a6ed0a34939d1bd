"""The ground: what holds for every file of the project and for every import."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.coverage_gate import MINIMUM, shortfalls
from tests.support import ROOT, missing, require_tool

# Folders of somebody's own machine, and hosts of package registries and mirrors.
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:work|root|tmp|home|Users|farm)/[\w.]")
REGISTRY = re.compile(
    r"pypi\.(?:org|python)|python[h]osted|[n]pmjs|deb\.debian|//mirrors?\."
)
INDEX_OPTION = re.compile(
    r"^\s*(?:-i|-f|--(?:index-url|extra-index-url|find-links|trusted-host|no-index))\b",
    re.MULTILINE,
)


def project_files() -> list[Path]:
    """Return the files that are tracked or would be."""
    if not (ROOT / ".git").exists():
        missing("the git work tree", "run the tests in a clone")
    git = require_tool("git", "git")
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


def texts() -> dict[str, str]:
    """Return the text files of the project by name."""
    found = {}
    for path in project_files():
        data = path.read_bytes()
        if b"\0" not in data and not data.startswith(b"%PDF"):
            found[str(path.relative_to(ROOT))] = data.decode("utf-8")
    return found


def test_the_patterns_find_what_they_look_for():
    assert MACHINE_PATH.search("open('/" + "root/x')")
    assert REGISTRY.search("https://pypi" + ".org/simple")
    assert INDEX_OPTION.search("a==1\n--extra-index-" + "url https://x")


def test_no_file_names_a_machine_or_a_registry():
    files = texts()
    assert "pyproject.toml" in files
    found = [
        f"{name}: {match.group()}"
        for name, text in files.items()
        for pattern in (MACHINE_PATH, REGISTRY)
        for match in [pattern.search(text)]
        if match
    ]
    assert found == []


@pytest.mark.parametrize(
    ("name", "least"),
    {
        "base.txt": 30,
        "test.txt": 30,
        "spark.txt": 5,
        "bench.txt": 30,
        "bench-cwt.txt": 5,
    }.items(),
)
def test_a_lock_pins_by_hash_and_names_no_index(name, least):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert not INDEX_OPTION.search(text)
    entries = re.split(r"\n(?=[a-z])", text.replace("\\\n", " "))
    pinned = [entry for entry in entries if re.match(r"[a-z]", entry)]
    assert len(pinned) > least
    loose = [
        entry.split()[0]
        for entry in pinned
        if not re.match(
            r"[a-z0-9.-]+==\S+.*--hash=sha256:[0-9a-f]{64}", entry, re.DOTALL
        )
    ]
    assert loose == []


def test_the_test_lock_holds_the_base_lock():
    pin = re.compile(r"^([a-z][\w.-]*==\S+)", re.MULTILINE)
    base, test = (
        set(pin.findall((ROOT / "requirements" / name).read_text(encoding="utf-8")))
        for name in ("base.txt", "test.txt")
    )
    assert base
    assert base <= test


def test_the_spark_lock_agrees_with_the_test_lock():
    pin = re.compile(r"^([a-z][\w.-]*)(==\S+)", re.MULTILINE)
    test, spark = (
        set(pin.findall((ROOT / "requirements" / name).read_text(encoding="utf-8")))
        for name in ("test.txt", "spark.txt")
    )
    names = {name for name, _ in test}
    both = {entry for entry in spark if entry[0] in names}
    assert {"numpy", "pyarrow", "cryptography"} <= {name for name, _ in both}
    assert both <= test


def test_every_module_has_its_layer_and_keeps_to_it():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


AUDIT = """
import sys
from importlib.machinery import all_suffixes

seen = []
code = tuple(all_suffixes())

def hook(event, args):
    if event == "open" and not str(args[0]).endswith(code):
        seen.append(f"{event} {args[0]}")
    if event.split(".")[0] in ("socket", "sqlite3", "subprocess", "urllib"):
        if event != "socket.__new__" or args:
            seen.append(event)

sys.addaudithook(hook)
import elicense
import esign
print("\\n".join(seen))
print("heavy:", *sorted({"pyhanko", "pypdfium2", "reportlab"} & set(sys.modules)))
"""


def test_an_import_opens_nothing_and_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", AUDIT],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["heavy:"]


def test_the_audit_sees_a_file_that_is_opened():
    noisy = AUDIT.replace(
        "import elicense\n", "import elicense\nopen(sys.executable)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", noisy],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "open " in done.stdout


def test_the_license_text_is_whole():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text.splitlines()[1]
    assert "Version 2.0, January 2004" in text
    for number in range(1, 10):
        assert f"\n   {number}. " in text
    assert text.rstrip().endswith("limitations under the License.")


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as from a shell, also where make runs these tests."""
    environment = {
        name: value for name, value in os.environ.items() if "MAKE" not in name
    }
    return subprocess.run(
        [require_tool("make", "make"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_lists_the_targets():
    done = make(ROOT)
    assert done.returncode == 0
    named = {line.split()[1].rstrip(":") for line in done.stdout.splitlines()}
    expected = {"help", "demo", "demo-gm", "test", "lint", "bench", "lock", "clean"}
    assert named == expected


@pytest.fixture
def copy(tmp_path):
    """Return a folder, with a space in its name, that holds only the ground."""
    folder = tmp_path / "a b"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    return folder


OLD = "#!/bin/sh\ncase $2 in *version_info*'3, 11'*) exit 1;; *) echo 3.9;; esac\n"
BARE = "#!/bin/sh\ncase $2 in *ensurepip*) exit 1;; *) echo 3.11;; esac\n"
POOR = {
    "no Python": (None, "is not here"),
    "an old Python": (OLD, "3.11 or newer is needed"),
    "a Python without venv": (BARE, "python3-venv"),
}


@pytest.mark.parametrize("case", POOR)
def test_make_says_what_to_install_and_builds_nothing(case, copy):
    script, expected = POOR[case]
    python = copy / "python"
    if script is not None:
        python.write_text(script)
        python.chmod(0o755)
    done = make(copy, "demo", f"PYTHON={python}")
    assert done.returncode != 0
    assert expected in done.stdout
    assert not (copy / ".venv").exists()


REPORT = {
    "files": {
        "src/a/x.py": {"summary": {"percent_covered": 100.0}},
        "src/a/y.py": {"summary": {"percent_covered": 89.5}},
    }
}
GATES = {
    "a file that is covered": ({"src/a/x.py": 100}, []),
    "a file below its minimum": (
        {"src/a/y.py": 90},
        ["src/a/y.py: 89.50 %, 90 % expected"],
    ),
    "each file of a folder": (
        {"src/a/": 95},
        ["src/a/y.py: 89.50 %, 95 % expected"],
    ),
    "a file that is not measured": (
        {"src/a/z.py": 1},
        ["src/a/z.py: not measured, 1 % expected"],
    ),
}


@pytest.mark.parametrize("case", GATES)
def test_the_coverage_gate_names(case):
    minimum, expected = GATES[case]
    assert shortfalls(REPORT, minimum) == expected


def test_the_coverage_gates_name_what_is_there():
    assert MINIMUM
    assert [path for path in MINIMUM if not (ROOT / path).exists()] == []
