"""The commands ``revoke``, ``suspend`` and ``reinstate``."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import click

from elicense.changing import Changed, Grounds
from elicense.cli import grounds, options, report
from elicense.cli.place import open_workspace
from elicense.cli.showing import event_json
from elicense.events import EventKind
from elicense.model import Text
from elicense.workspace import Workspace
from esign import clock

Change = Callable[[Workspace, str, Grounds, datetime], Changed]


@click.command("revoke")
@grounds.takes_grounds(EventKind.REVOKED)
@options.as_json
@options.common
def revoke_command(
    *, name: str, code: str, decision: Path | None, note: str, as_json: bool
) -> None:
    """End a license (撤销、撤回、吊销、注销、作废).

    ID is an identifier or a license number; a number that names several changes none.
    Strangers learn of it with the next: elicense publish.
    """
    why = grounds.read(EventKind.REVOKED, code, decision, note)
    _change(name, why, Workspace.revoke, as_json=as_json)


@click.command("suspend")
@grounds.takes_grounds(EventKind.SUSPENDED)
@click.option(
    "--until",
    callback=options.day,
    metavar="DATE",
    help="The last day (暂扣截止日), inclusive; without it until it is released.",
)
@options.as_json
@options.common
def suspend_command(
    *,
    name: str,
    code: str,
    decision: Path | None,
    note: str,
    as_json: bool,
    until: date | None,
) -> None:
    """Hold a license (暂扣), until a day or until it is released.

    ID is an identifier or a license number; a number that names several changes none.
    Strangers learn of it with the next: elicense publish.
    """
    why = grounds.read(EventKind.SUSPENDED, code, decision, note, until)
    _change(name, why, Workspace.suspend, as_json=as_json)


@click.command("reinstate")
@grounds.takes_grounds(EventKind.REINSTATED)
@options.as_json
@options.common
def reinstate_command(
    *, name: str, code: str, decision: Path | None, note: str, as_json: bool
) -> None:
    """Give a license back, or restore it after review or judgment (发还、恢复).

    ID is an identifier or a license number; a number that names several changes none.
    Strangers learn of it with the next: elicense publish.
    """
    why = grounds.read(EventKind.REINSTATED, code, decision, note)
    _change(name, why, Workspace.reinstate, as_json=as_json)


def _change(name: str, why: Grounds, change: Change, *, as_json: bool) -> None:
    at = clock.now()
    with open_workspace() as workspace:
        done = change(workspace, grounds.resolve(workspace, name), why, at)
        published = workspace.show(done.identifier, at).published
    event = done.event
    if as_json:
        report.json_line(
            {
                "identifier": done.identifier,
                "state": done.state.value,
                "changed": event is not None,
                "published": published,
                "event": None if event is None else event_json(event),
                "others": list(done.others),
            }
        )
        return
    _print(done, published=published)


def _print(done: Changed, *, published: bool) -> None:
    if done.event is None:
        report.note(Text("此前已如此，未作改动", "it was so already; nothing was done"))
    others = [(Text("一并处理", "also reached"), other) for other in done.others]
    effect = [
        (Text("生效时间", "in effect from"), report.moment(event.effective_at))
        for event in (done.event,)
        if event is not None and event.effective_at != event.recorded_at
    ]
    report.rows(
        [
            (Text("证照标识", "identifier"), done.identifier),
            *others,
            (Text("状态", "state"), report.chosen(done.state.text)),
            *effect,
            (Text("已发布", "published"), report.yes_or_no(answer=published)),
        ]
    )
    if not published:
        report.tell_unpublished()
