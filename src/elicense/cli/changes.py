"""The commands ``revoke``, ``suspend`` and ``reinstate``."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from elicense import files
from elicense.changing import Changed, Grounds
from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.cli.showing import event_json
from elicense.errors import AmbiguousNumberError
from elicense.events import Decision, DecisionError, EventKind, Reason, reason
from elicense.model import Text
from elicense.workspace import Workspace
from esign import clock

_MAX_DECISION = 1 << 16  # bytes of a decision file; eight texts of 200 characters

Function = Callable[..., Any]
Change = Callable[[Workspace, str, Grounds, datetime], Changed]


def _reasons(kind: EventKind) -> str:
    """Return the reasons of a kind of event with their legal terms, as help text."""
    parts = [
        f"{item.code} ({item.text.zh}, {item.text.en}"
        f"{'; needs --decision' if item.needs_decision else ''})"
        for item in Reason
        if item.kind is kind
    ]
    return f"Why: {', '.join(parts)}."


def _grounds(kind: EventKind) -> Callable[[Function], Function]:
    """Add the license and the options that every change takes."""

    def add(function: Function) -> Function:
        decorators = (
            click.argument("name", metavar="ID"),
            click.option(
                "--reason", "code", required=True, metavar="CODE", help=_reasons(kind)
            ),
            click.option(
                "--decision",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="The decision (决定文书) as JSON: document, number, organ,"
                " legal_basis, date, effective_at, handler, reviewer.",
            ),
            click.option(
                "--note", default="", metavar="TEXT", help="One line of text."
            ),
            options.as_json,
            options.common,
        )
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return add


@click.command("revoke")
@_grounds(EventKind.REVOKED)
def revoke_command(
    *, name: str, code: str, decision: Path | None, note: str, as_json: bool
) -> None:
    """End a license (撤销、撤回、吊销、注销、作废).

    ID is an identifier or a license number; a number that names several changes none.
    Strangers learn of it with the next: elicense publish.
    """
    grounds = _read_grounds(EventKind.REVOKED, code, decision, note)
    _change(name, grounds, Workspace.revoke, as_json=as_json)


@click.command("suspend")
@_grounds(EventKind.SUSPENDED)
@click.option(
    "--until",
    callback=options.day,
    metavar="DATE",
    help="The last day (暂扣截止日), inclusive; without it until it is released.",
)
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
    grounds = _read_grounds(EventKind.SUSPENDED, code, decision, note, until)
    _change(name, grounds, Workspace.suspend, as_json=as_json)


@click.command("reinstate")
@_grounds(EventKind.REINSTATED)
def reinstate_command(
    *, name: str, code: str, decision: Path | None, note: str, as_json: bool
) -> None:
    """Give a license back, or restore it after review or judgment (发还、恢复).

    ID is an identifier or a license number; a number that names several changes none.
    Strangers learn of it with the next: elicense publish.
    """
    grounds = _read_grounds(EventKind.REINSTATED, code, decision, note)
    _change(name, grounds, Workspace.reinstate, as_json=as_json)


def _read_grounds(
    kind: EventKind,
    code: str,
    decision: Path | None,
    note: str,
    until: date | None = None,
) -> Grounds:
    why = reason(kind, code)
    document = None if decision is None else read_decision(decision)
    return Grounds(reason=why, decision=document, note=note, until=until)


def read_decision(path: Path) -> Decision:
    """Return the decision in a JSON file.

    Raises:
        DecisionError: not JSON, or not a decision; names the key.
        FileError: the file cannot be read.
    """
    data = files.read(path, _MAX_DECISION)
    try:
        value = json.loads(data[:_MAX_DECISION].decode("utf-8-sig"))
    except (ValueError, RecursionError) as err:
        raise DecisionError(
            "", Text("文件不是有效的 JSON", "the file is not JSON in UTF-8")
        ) from err
    return Decision.parse(value)


def _change(name: str, grounds: Grounds, change: Change, *, as_json: bool) -> None:
    at = clock.now()
    with open_workspace() as workspace:
        try:
            identifier = workspace.resolve(name)
        except AmbiguousNumberError as err:
            _list(workspace, err.identifiers, at)
            raise
        done = change(workspace, identifier, grounds, at)
        published = workspace.show(identifier, at).published
    event = done.event
    if as_json:
        report.json_line(
            {
                "identifier": done.identifier,
                "state": done.state.value,
                "changed": event is not None,
                "published": published,
                "event": None if event is None else event_json(event),
            }
        )
        return
    _print(done, published=published)


def _list(workspace: Workspace, identifiers: tuple[str, ...], at: datetime) -> None:
    """List the licenses that a number names."""
    for identifier in identifiers:
        shown = workspace.show(identifier, at)
        report.note(
            Text(
                f"{identifier}  {shown.state.text.zh}",
                f"{identifier}  {shown.state.text.en}",
            )
        )


def _print(done: Changed, *, published: bool) -> None:
    if done.event is None:
        report.note(Text("此前已如此，未作改动", "it was so already; nothing was done"))
    report.rows(
        [
            (Text("证照标识", "identifier"), done.identifier),
            (Text("状态", "state"), report.chosen(done.state.text)),
            (Text("已发布", "published"), report.yes_or_no(answer=published)),
        ]
    )
    if not published:
        report.note(
            Text(
                "他人须待发布后才能得知：elicense publish",
                "strangers learn of it with: elicense publish",
            )
        )
