"""The command ``renew``: a new version that takes an old one's place."""

from datetime import datetime
from pathlib import Path

import click

from elicense import record
from elicense.cli import grounds, options, release, report
from elicense.cli.place import open_workspace
from elicense.dates import instant_text
from elicense.events import EventKind
from elicense.issuing import Request
from elicense.model import Text
from elicense.workspace import Workspace


@click.command("renew")
@grounds.takes_grounds(EventKind.SUPERSEDED)
@release.takes_case
@release.takes_application
@options.as_json
@options.common
def renew_command(
    *,
    name: str,
    code: str,
    decision: Path | None,
    note: str,
    data: str,
    photo: Path | None,
    case: str | None,
    row: str | None,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Issue a new version of a license (延续、变更、补发、更正、降低等级).

    ID is the old version, an identifier or a license number; a number that names
    the versions of one license stands for the newest. --data is the whole application
    of the new version. The old version stays good until the new one's first day, and is
    SUPERSEDED from then on. The same again gives the same version.
    Strangers learn of it with the next: elicense publish.
    """
    why = grounds.read(EventKind.SUPERSEDED, code, decision, note)
    application = release.read_application(data, photo)
    number = release.numbered(case, row)
    with open_workspace(signing=True) as workspace:
        old = grounds.resolve(
            workspace,
            name,
            lambda place, given: place.to_renew(
                given, number, is_case=case is not None
            ),
        )
        license_, _ = record.decode(workspace.register.get(old).record)
        request = Request(
            type_name=license_.draft.type_name,
            application=application,
            number=number,
            is_case=case is not None,
            operation="renew",
            previous=old,
            grounds=why,
        )
        done = release.release(workspace, request, out, force=force)
        since = _superseded_from(workspace, old, done.issued.license.identifier)
        shown = workspace.show(old)
    more = {
        "previous": {
            "identifier": old,
            "state": shown.state.value,
            "superseded_from": instant_text(since),
            "published": shown.published,
        }
    }
    release.show(done, as_json=as_json, more=more)
    if as_json:
        return
    moment = report.moment(since)
    report.note(
        Text(
            f"原证照 {old} 自 {moment} 起被替代",
            f"the old version {old} is superseded from {moment}",
        )
    )
    if not shown.published:
        report.tell_unpublished()


def _superseded_from(workspace: Workspace, old: str, new: str) -> datetime:
    """Return from when a new version takes an old one's place, by their history."""
    return next(
        event.effective_at
        for event in reversed(workspace.register.history(old))
        if event.successor == new
    )
