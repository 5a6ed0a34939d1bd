"""The command ``reconcile``."""

import click

from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.cli.release import EXIT_AWAITING
from elicense.issuing import Reconciled
from elicense.model import Text


@click.command("reconcile")
@options.as_json
@options.common
@click.pass_context
def reconcile_command(ctx: click.Context, *, as_json: bool) -> None:
    """Collect seals from the seal platform and compare both books (签章对账).

    Every license that awaits its seal is queried, and issued where it is rightly sealed
    now. What only one side knows is listed. For every day. Exit code 0: nothing is
    left, 3: something is.
    """
    with open_workspace(signing=True) as workspace:
        done = workspace.reconcile()
    if as_json:
        report.json_line(_json(done))
    else:
        _print(done)
    ctx.exit(0 if done.is_settled else EXIT_AWAITING)


def _json(done: Reconciled) -> dict[str, object]:
    found, why = done.differences, done.why_unknown
    return {
        "issued": list(done.issued),
        "waiting": [
            {"identifier": one.identifier, "why": {"zh": one.why.zh, "en": one.why.en}}
            for one in done.waiting
        ],
        "unknown_there": None if found is None else list(found.unknown_there),
        "unknown_here": None if found is None else dict(found.unknown_here),
        "why_unknown": None if why is None else {"zh": why.zh, "en": why.en},
        "settled": done.is_settled,
    }


def _print(done: Reconciled) -> None:
    rows = [(Text("已签发", "issued"), one) for one in done.issued]
    rows += [
        (Text("待签章", "awaits its seal"), f"{one.identifier}  {_shown(one.why)}")
        for one in done.waiting
    ]
    if done.differences is not None:
        rows += [
            (Text("平台无此请求", "unknown to the platform"), one)
            for one in done.differences.unknown_there
        ]
        rows += [
            (Text("本库无此请求", "unknown to this register"), f"{request}  {state}")
            for request, state in done.differences.unknown_here.items()
        ]
    if done.why_unknown is not None:
        report.note(done.why_unknown)
    report.rows(rows)
    if done.is_settled:
        report.note(Text("无遗留", "nothing is left"))


def _shown(why: Text) -> str:
    return report.chosen(why)
