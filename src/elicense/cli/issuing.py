"""The command ``issue``."""

from pathlib import Path

import click

from elicense.cli import options, release
from elicense.cli.place import open_workspace
from elicense.issuing import Request


@click.command("issue")
@click.argument("type_name", metavar="TYPE")
@release.takes_case
@release.takes_application
@options.as_json
@options.common
def issue_command(
    *,
    type_name: str,
    data: str,
    photo: Path | None,
    case: str | None,
    row: str | None,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Issue one license (签发证照) as a sealed PDF.

    The same case number with the same data gives the same license and the same bytes;
    with other data it is refused. Without --case a random row id is drawn and told. A
    file that is there already is replaced only with --force, or by the same bytes.

    Where a seal platform seals and has not yet, no file is written and the exit code is
    3: run the same command again, or elicense reconcile.
    """
    number = release.numbered(case, row)
    request = Request(
        type_name=type_name,
        application=release.read_application(data, photo),
        number=number,
        is_case=case is not None,
    )
    with open_workspace(signing=True) as workspace:
        done = release.release(workspace, request, out, force=force)
    release.show(done, as_json=as_json)
