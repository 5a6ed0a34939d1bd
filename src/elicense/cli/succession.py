"""The commands ``adopt`` and ``rename``: what becomes of organs."""

from datetime import date
from pathlib import Path

import click

from elicense import files
from elicense.cli import announced, options
from elicense.cli.place import open_workspace
from elicense.model import Text
from esign import clock

_MAX_PASSPHRASE = 1024  # bytes


@click.command("adopt")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "since",
    required=True,
    callback=options.day,
    metavar="DAY",
    help="The first day on which this organ stands in the other's place.",
)
@click.option(
    "--types",
    default="",
    metavar="A,B",
    help="The license types that are taken over; all where it is not given.",
)
@click.option(
    "--their-passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The passphrase of the other workspace; else its keys/passphrase.",
)
@options.as_json
@options.common
def adopt_command(
    *,
    folder: Path,
    since: date,
    types: str,
    their_passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Take over another organ's workspace (机构改革), and publish.

    Its licenses stay good and show their issuer; they are renewed and revoked here from
    now on. Its root hands over to this one, and its private keys are destroyed. A run
    that was cut off is finished by running it again.
    """
    secret = None
    if their_passphrase_file is not None:
        read = files.read_whole(their_passphrase_file, _MAX_PASSPHRASE)
        secret = read.rstrip(b"\r\n")
    chosen = tuple(item for item in types.split(",") if item)
    with open_workspace(signing=True) as workspace:
        found = workspace.adopt(
            folder, since, types=chosen, passphrase=secret, at=clock.now()
        )
    rows = [
        (Text("被承接机构", "taken over"), found.code),
        (Text("新增证照", "licenses"), str(found.licenses)),
    ]
    answer = {"organization": found.code, "licenses": found.licenses}
    announced.tell(found.done, rows, answer, as_json=as_json)


@click.command("rename")
@click.argument("name")
@click.option(
    "--from",
    "since",
    required=True,
    callback=options.day,
    metavar="DAY",
    help="The first day of the new name, today or later.",
)
@options.as_json
@options.common
def rename_command(*, name: str, since: date, as_json: bool) -> None:
    """Give the organ a new name (机构更名) from a day on, and publish.

    Licenses keep the name that the organ had on their day. From the day on a new test
    seal carries the new name; for a day to come, run it again on that day.
    """
    with open_workspace(signing=True) as workspace:
        done = workspace.rename(name, since, clock.now())
        seal = workspace.custody.parts.seal_name
    rows = [
        (Text("新名称", "name"), f"{name} ({since})"),
        (Text("印章名称", "seal"), seal),
    ]
    answer = {"name": name, "from": since.isoformat(), "seal": seal}
    announced.tell(done, rows, answer, as_json=as_json)
