"""The command ``seal log``."""

from datetime import date

import click

from elicense import dates
from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.dates import instant_text
from elicense.folder import load_seal_policy
from elicense.model import Text
from elicense.sealing import Coverage, UseLine, coverage

_HEADS = (
    Text("序号", "no."),
    Text("时间", "time"),
    Text("结果", "outcome"),
    Text("印章", "seal"),
    Text("类型", "type"),
    Text("场景", "scenario"),
    Text("经办", "operator"),
    Text("审核", "approver"),
    Text("证照标识或原因", "identifier or reason"),
)
_USED, _REFUSED = Text("用印", "used"), Text("拒绝", "refused")


@click.command("log")
@click.option("--from", "first", callback=options.day, metavar="DAY", help="First day.")
@click.option(
    "--until", "last", callback=options.day, metavar="DAY", help="Last day, inclusive."
)
@click.option(
    "--coverage",
    "only_figure",
    is_flag=True,
    help="The figure alone: in how many of the scenarios that owe a seal one was used"
    " (签章用印场景覆盖率).",
)
@options.as_json
@options.common
def log_command(
    *, first: date | None, last: date | None, only_figure: bool, as_json: bool
) -> None:
    """Print the seal-use log (用印日志): each use and each refusal, in order.

    Days are those of UTC+8. With --json one object for each line; with --coverage one
    object with the figure.
    """
    since = None if first is None else dates.start_of(first)
    until = None if last is None else dates.end_after(last)
    with open_workspace() as workspace:
        lines = workspace.seals.log(since, until)
        types = workspace.catalog.names()
        policy = load_seal_policy(workspace.folder, types)
    figure = coverage(policy, types, lines)
    if as_json:
        for one in [_figure(figure)] if only_figure else map(_json, lines):
            report.json_line(one)
        return
    if not only_figure:
        report.table(_HEADS, map(_cells, lines))
    rate = "-" if figure.rate is None else f"{figure.rate:.1%}"
    shown = f"{rate} ({len(figure.used)}/{len(figure.owed)})"
    report.rows([(Text("签章用印场景覆盖率", "coverage of scenarios"), shown)])


def _cells(line: UseLine) -> tuple[str, ...]:
    use, refusal = line.use, line.refusal
    return (
        str(line.number),
        report.moment(use.at),
        report.chosen(_USED if refusal is None else _REFUSED),
        use.seal,
        use.type_name,
        report.chosen(use.scenario.text),
        use.operator,
        use.approver,
        line.identifier if refusal is None else report.chosen(refusal.text),
    )


def _json(line: UseLine) -> dict[str, object]:
    use = line.use
    return {
        "number": line.number,
        "at": instant_text(use.at),
        "outcome": "used" if line.refusal is None else "refused",
        "seal": use.seal,
        "owner": line.owner,
        "organization": use.organization,
        "type": use.type_name,
        "scenario": str(use.scenario),
        "operator": use.operator,
        "approver": use.approver,
        "grant": line.rule,
        "reason": None if line.refusal is None else str(line.refusal),
        "identifier": line.identifier or None,
    }


def _figure(figure: Coverage) -> dict[str, object]:
    def named(places: tuple[tuple[str, object], ...]) -> list[dict[str, str]]:
        return [{"type": name, "scenario": str(one)} for name, one in places]

    return {
        "coverage": figure.rate,
        "used": named(figure.used),
        "owed": named(figure.owed),
    }
