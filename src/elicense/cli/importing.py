"""The command ``import``: licenses that were granted on paper (存量)."""

from pathlib import Path

import click

from elicense import files
from elicense.cli import options, release
from elicense.cli.place import open_workspace
from elicense.issuing import Request
from elicense.record import MAX_SCAN_BYTES


@click.command("import")
@click.argument("type_name", metavar="TYPE")
@click.option(
    "--scan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The scanned paper (扫描件), PDF, JPEG or PNG; attached to the license.",
)
@release.takes_application
@options.as_json
@options.common
def import_command(
    *,
    type_name: str,
    scan: Path | None,
    data: str,
    photo: Path | None,
    row: str | None,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Make a license granted on paper electronic (存量证照补录).

    The application has the issue_date that stands on the paper; the PDF is sealed now.
    The token key needs a backfill range that holds that date: elicense keys backfill.
    Imported licenses have no case and are counted apart from issued ones.
    """
    request = Request(
        type_name=type_name,
        application=release.read_application(data, photo),
        number=release.numbered(None, row),
        is_case=False,
        operation="import",
        scan=None if scan is None else files.read(scan, MAX_SCAN_BYTES),
    )
    with open_workspace(signing=True) as workspace:
        done = release.release(workspace, request, out, force=force)
    release.show(done, as_json=as_json)
