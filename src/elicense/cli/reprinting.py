"""The command ``reprint``."""

from pathlib import Path

import click

from elicense import files
from elicense.cli import grounds, options, release, report
from elicense.cli.place import open_workspace
from elicense.issuing import Reprinted
from elicense.model import Text
from esign.pades import SubFilter

_SEALS = {"pades": SubFilter.PADES, "gm": SubFilter.GM_SEAL}


@click.command("reprint")
@click.argument("name", metavar="ID")
@click.option(
    "--as",
    "presentation",
    metavar="NAME",
    help="The presentation (版面), such as 正本 or 副本; the license's first one by"
    " default.",
)
@click.option(
    "--seal",
    type=click.Choice(sorted(_SEALS)),
    help="The kind of seal: pades, which ordinary viewers know, or gm (GB/T 38540); the"
    " workspace's own by default.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.pdf",
    help="Where to write the sealed PDF.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@options.seal_actors
@options.as_json
@options.common
def reprint_command(
    *,
    name: str,
    presentation: str | None,
    seal: str | None,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Print an issued license once more (重印), as 正本, 副本 or another presentation.

    ID is an identifier or a license number. It stays the same license, with the same
    number, version and QR; page and seal are new. Only a license in force is printed.
    """
    release.check_out(out, None, force=force)
    with open_workspace(signing=True) as workspace:
        identifier = grounds.resolve(workspace, name)
        by = None if seal is None else _SEALS[seal]
        done = workspace.reprint(
            identifier, presentation, by=by, actors=options.actors()
        )
    files.write(out, done.pdf)
    _show(done, out, as_json=as_json)


def _show(done: Reprinted, out: Path, *, as_json: bool) -> None:
    """Print what was done."""
    if as_json:
        report.json_line(
            {
                "identifier": done.license.identifier,
                "presentation": done.presentation or None,
                "file": str(out),
                "verdict": done.verdict.to_json(str(out)),
            }
        )
        return
    rows = [
        (Text("证照标识", "identifier"), done.license.identifier),
        (Text("自检", "own check"), done.verdict.code.text),
        (Text("文件", "file"), str(out)),
    ]
    if done.presentation:
        rows.insert(1, (Text("版面", "presentation"), done.presentation))
    report.rows(rows)
