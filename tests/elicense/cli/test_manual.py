from pathlib import Path

import click
import pytest

from elicense.cli import program
from elicense.cli.manual import markdown
from elicense.cli.program import COMMANDS
from tests.elicense.cli.department import run
from tests.support import ROOT


def test_the_page_is_that_of_the_program():
    page = Path(ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == markdown(), "python -m elicense.cli.manual > docs/cli.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_under_its_name_and_documented(name):
    command = program.get_command(click.Context(program), name)
    assert command is not None
    assert command.name == name
    assert run(name, "--help").exit_code == 0
    undocumented = [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert undocumented == []
    assert f"## elicense {name}\n" in markdown()
