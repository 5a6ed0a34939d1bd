"""A department on disk, and runs of the command line against it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from elicense import samples
from elicense.cli import program
from elicense.register.sqlite import SqliteRegister
from esign import clock

NAME = "示例市行政审批局"
USCC = "11990100000000027A"
PERSON = 7  # the variant whose citizen id the tests look for


def run(*args, lang="en", stdin=None, env=None):
    """Run a command in this process; returns click's result."""
    variables = {
        "ELICENSE_LANG": lang,
        "ELICENSE_WORKSPACE": "",
        "ELICENSE_PASSPHRASE": "",
        "ELICENSE_HOME": "/nonexistent/elicense-home",
        **(env or {}),
    }
    arguments = [str(item) for item in args]
    result: Result = CliRunner().invoke(program, arguments, input=stdin, env=variables)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def command(*args):
    """Return the argument list of a real process."""
    return [sys.executable, "-c", _MAIN, *(str(item) for item in args)]


_MAIN = "from elicense.cli import main; main()"


def process(*args, **options):
    """Run a command as a real process."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        command(*args), capture_output=True, check=False, timeout=60, **options
    )


def answers(result):
    """Return the JSON objects of a run; every line of its answer must be one."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def sample(type_name, n=0):
    """Return an application for this moment."""
    return samples.variant(type_name, clock.now(), n)


@dataclass
class Department:
    """A workspace with one license of each type, its PDFs beside it."""

    folder: Path

    @property
    def place(self):
        return self.folder / "ws"

    @property
    def trust_file(self):
        return self.place / "public" / "trust.elt"

    @property
    def root(self):
        shown = run("trust", "show", self.trust_file, "--json")
        return answers(shown)[0]["root"]

    def run(self, *args, **options):
        return run("--workspace", self.place, *args, **options)

    def write(self, name, value):
        path = self.folder / name
        if isinstance(value, bytes):
            path.write_bytes(value)
            return path
        text = value if isinstance(value, str) else json.dumps(value)
        path.write_text(text, encoding="utf-8")
        return path

    def issue(self, type_name, application, out, *more, **options):
        data = self.write("application.json", application)
        path = self.folder / out
        args = ("issue", type_name, "--data", data, "--out", path, "--json", *more)
        return self.run(*args, **options)

    def issued(self, case):
        """Return what ``issue --json`` said of one of the three licenses."""
        return json.loads((self.folder / f"{case}.json").read_text(encoding="utf-8"))

    def state(self):
        """Return what a refused command must leave as it was."""
        with_register = SqliteRegister.open(self.place / "register.db")
        try:
            rows = with_register.count()
            events = [event.seq for event in with_register.events_since(0)]
        finally:
            with_register.close()
        names = sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if not path.name.startswith("register.db-")
            and path.name != "application.json"
        )
        return rows, events, names


CASES = {
    "business": ("business-license", 1),
    "food": ("food-business", 2),
    "person": ("special-operation", PERSON),
}


def found(folder):
    """Found a department and issue one license of each type."""
    made = Department(folder)
    result = run("init", made.place, "--org", NAME, "--uscc", USCC)
    assert result.exit_code == 0, result.stderr
    for case, (type_name, n) in CASES.items():
        result = made.issue(
            type_name, sample(type_name, n), f"{case}.pdf", "--case", f"case-{case}"
        )
        assert result.exit_code == 0, result.stderr
        made.write(f"{case}.json", answers(result)[0])
    return made
