"""The commands ``seal list``, ``show``, ``enable``, ``disable`` and ``revoke``."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from elicense import seals
from elicense.cli import announced, options, report, seal_view
from elicense.cli.place import open_workspace
from elicense.cli.seal_making import by_option
from elicense.cli.usage import WrongUsageError
from elicense.model import Text
from elicense.sealing import SealEvent, SealEventKind, SealReason
from elicense.sealing.life import REASONS
from esign import clock

Function = TypeVar("Function", bound=Callable[..., Any])


def _reason(kind: SealEventKind) -> Callable[[Function], Function]:
    listed = REASONS[kind]
    told = ", ".join(f"{one} {one.text.zh}" for one in listed)
    return click.option(
        "--reason",
        required=True,
        type=click.Choice([str(one) for one in listed]),
        help=f"Why: {told}.",
    )


@click.command("list")
@click.option("--uscc", metavar="CODE", help="Only those of one organization.")
@options.as_json
@options.common
def list_command(*, uscc: str | None, as_json: bool) -> None:
    """List the seals of the register (印章清单), with what each is now."""
    at = clock.now()
    with open_workspace() as workspace:
        seals.join_own(workspace, at)
        found = workspace.seals.seals(uscc)
    if as_json:
        for one in found:
            report.json_line(seal_view.to_json(one, at))
        return
    report.table(seal_view.HEADS, [seal_view.cells(one, at) for one in found])


@click.command("show")
@click.argument("name", metavar="ID")
@options.as_json
@options.common
def show_command(*, name: str, as_json: bool) -> None:
    """Show one seal and all that happened to it (印章履历)."""
    at = clock.now()
    with open_workspace() as workspace:
        seals.join_own(workspace, at)
        found = workspace.seals.get(name)
    seal_view.show(found, at, as_json=as_json)


@click.command("enable")
@click.argument("name", metavar="ID")
@by_option
@options.as_json
@options.common
def enable_command(*, name: str, by: str, as_json: bool) -> None:
    """Enable a seal (启用); one that was only made is filed (备案) with it."""
    at = clock.now()
    with open_workspace() as workspace:
        found = seals.enable(workspace, name, at, by)
    seal_view.show(found, at, as_json=as_json)


@click.command("disable")
@click.argument("name", metavar="ID")
@_reason(SealEventKind.DISABLE)
@by_option
@options.as_json
@options.common
def disable_command(*, name: str, reason: str, by: str, as_json: bool) -> None:
    """Disable a seal (停用) until it is enabled again; nothing is sealed with it."""
    at = clock.now()
    with open_workspace() as workspace:
        found = seals.disable(workspace, name, SealReason(reason), at, by)
    seal_view.show(found, at, as_json=as_json)


@click.command("revoke")
@click.argument("name", metavar="ID")
@_reason(SealEventKind.REVOKE)
@click.option(
    "--from",
    "since",
    callback=options.instant,
    metavar="TIME",
    help="From when; an earlier instant for a seal that was found to be compromised.",
)
@click.option("--note", default="", metavar="TEXT", help="A remark; no personal data.")
@by_option
@options.as_json
@options.common
def revoke_command(
    *,
    name: str,
    reason: str,
    since: datetime | None,
    note: str,
    by: str,
    as_json: bool,
) -> None:
    """Revoke a seal (撤销印章) for ever.

    For the own seal that signs now a new one follows at once, or the key is marked as
    compromised, and the trust bundle says so to strangers; what it sealed in its time
    stays good, unless it was compromised. Exit code 3: revoked, and not published.
    """
    at = clock.now()
    if since is not None and since > at:
        raise WrongUsageError(Text("--from 不能晚于现在", "--from: not later than now"))
    event = SealEvent(
        kind=SealEventKind.REVOKE,
        effective_at=since or at,
        recorded_at=at,
        by=by,
        reason=SealReason(reason),
        note=note,
    )
    with open_workspace(signing=True) as workspace:
        done = seals.revoke(workspace, name, event)
    if done.published is None:
        seal_view.show(done.seal, at, as_json=as_json)
        return
    shown = seal_view.rows(done.seal, at)
    answer = seal_view.to_json(done.seal, at)
    announced.tell(done.published, shown, answer, as_json=as_json)
