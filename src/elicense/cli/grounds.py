"""The grounds of a change on the command line: reason, decision, note."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from elicense import files
from elicense.changing import Grounds
from elicense.cli import report
from elicense.errors import AmbiguousNumberError
from elicense.events import Decision, DecisionError, EventKind, Reason, reason
from elicense.lifecycle import state_at
from elicense.model import Text
from elicense.workspace import Workspace
from esign import clock

_MAX_DECISION = 1 << 16  # bytes of a decision file; eight texts of 200 characters

Function = Callable[..., Any]


def _reasons(kind: EventKind) -> str:
    """Return the reasons of a kind of event with their legal terms, as help text."""
    parts = [
        f"{item.code} ({item.text.zh}, {item.text.en}"
        f"{'; needs --decision' if item.needs_decision else ''})"
        for item in Reason
        if item.kind is kind
    ]
    return f"Why: {', '.join(parts)}."


def takes_grounds(kind: EventKind) -> Callable[[Function], Function]:
    """Add the license and the options of the grounds."""

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
        )
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return add


def read(
    kind: EventKind,
    code: str,
    decision: Path | None,
    note: str,
    until: date | None = None,
) -> Grounds:
    """Return the grounds that the options give.

    Raises:
        EventError: the reason is not one of this kind.
        DecisionError: the file is no decision.
    """
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
        value = json.loads(
            data[:_MAX_DECISION].decode("utf-8-sig"), object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as err:
        raise DecisionError(
            "", Text("文件不是有效的 JSON", "the file is not JSON in UTF-8")
        ) from err
    return Decision.parse(value)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return a JSON object; JSON itself would let the last of two values win."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DecisionError(
            "", Text("同一个键出现多次", "a key stands in it more than once")
        )
    return found


def resolve(
    workspace: Workspace,
    name: str,
    find: Callable[[Workspace, str], str] = Workspace.resolve,
) -> str:
    """Return the one identifier that a name means; list them where it means several.

    Args:
        workspace: where to look.
        name: an identifier or a license number.
        find: the rule by which one is found.

    Raises:
        NotFoundError, AmbiguousNumberError: there is none, or several.
    """
    try:
        return find(workspace, name)
    except AmbiguousNumberError:
        now = clock.now()
        for item in workspace.register.named(name):
            state = state_at(item.plan, now).text
            report.note(
                Text(f"{item.identifier}  {state.zh}", f"{item.identifier}  {state.en}")
            )
        raise
