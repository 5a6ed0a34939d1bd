"""The command ``publish``."""

from collections import Counter
from datetime import UTC, datetime

import click

from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.cli.usage import WrongUsageError
from elicense.dates import instant_text
from elicense.events import Event
from elicense.model import Text
from elicense.pending import Pending, StatusChange
from esign import clock

EXIT_PENDING = 1  # of --check: there is something to publish
_MAX_AFTER = 2**53 - 2 - 2**32  # below the highest number, with room to go on


def _after(_ctx: click.Context, _param: click.Parameter, value: int) -> int:
    """Check ``--after``: the numbers that follow have room."""
    if not 0 <= value <= _MAX_AFTER:
        raise WrongUsageError(
            Text(
                f"--after 应为 0 至 {_MAX_AFTER}",
                f"--after: expected a number from 0 to {_MAX_AFTER}",
            )
        )
    return value


@click.command("publish")
@click.option(
    "--check",
    is_flag=True,
    help="Only say what would change; sign and write nothing. Exit code 0: nothing to"
    " publish, 1: something.",
)
@click.option(
    "--after",
    type=int,
    default=0,
    callback=_after,
    metavar="N",
    help="Go on after number N, which was published from a register that is lost.",
)
@options.as_json
@options.common
@click.pass_context
def publish_command(
    ctx: click.Context, *, check: bool, after: int, as_json: bool
) -> None:
    """Sign status lists and trust bundle (发布状态列表与信任包) and write the file.

    The file is public/trust.elt of the workspace; strangers take it from there. What
    was revoked or suspended since the last time is known to them from now on.
    """
    if check and after:
        raise WrongUsageError(
            Text(
                "--check 与 --after 不能同用", "--check and --after exclude each other"
            )
        )
    at = clock.now()
    if check:
        with open_workspace() as workspace:
            found = workspace.pending(at)
        if as_json:
            report.json_line(_pending_json(found))
        else:
            _print_pending(found)
        ctx.exit(0 if found.is_nothing else EXIT_PENDING)
    _publish(at, after, as_json=as_json)


def _publish(at: datetime, after: int, *, as_json: bool) -> None:
    with open_workspace(signing=True) as workspace:
        publication = workspace.publish(
            at, after, lambda done, of: _progress(done, of, at)
        )
        lists = sorted(
            workspace.trust().lists.values(),
            key=lambda item: (item.issuer, item.number),
        )
        path = workspace.trust_file
    expires = datetime.fromtimestamp(min(item.expires_at for item in lists), UTC)
    if as_json:
        report.json_line(
            {
                "number": publication.number,
                "issued_at": instant_text(at),
                "expires_at": instant_text(expires),
                "lists": [item.number for item in lists],
                "file": str(path),
            }
        )
        return
    report.rows(
        [
            (Text("期号", "number"), str(publication.number)),
            (Text("状态列表", "status lists"), str(len(lists))),
            (Text("下次发布不迟于", "publish again by"), report.moment(expires)),
            (Text("文件", "file"), str(path)),
        ]
    )


def _progress(done: int, of: int, begun: datetime) -> None:
    """Show on a terminal that a long publication goes on."""
    if report.long_run(begun):
        click.echo(f"\r{done * 100 // of} %\r", err=True, nl=False)


def _pending_json(found: Pending) -> dict[str, object]:
    change = found.next_change
    return {
        "format": "elicense.pending/1",
        "at": instant_text(found.at),
        "nothing": found.is_nothing,
        "number": found.number,
        "is_out": found.is_out,
        "events": {
            kind: [event.identifier for event in found.events if event.kind == kind]
            for kind in sorted({event.kind.value for event in found.events})
        },
        "statuses": [_status_json(item) for item in found.statuses],
        "ending": [
            {
                "issuer": issuer,
                "list": number,
                "ends_at": None if end is None else instant_text(end),
            }
            for issuer, number, end in found.ending
        ],
        "grants": [
            {"purpose": item.purpose, "key": item.name, "change": item.change}
            for item in found.grants
        ],
        "other": found.other,
        "next_change": None if change is None else instant_text(change),
    }


def _status_json(item: StatusChange) -> dict[str, object]:
    return {
        "issuer": item.issuer,
        "list": item.number,
        "index": item.index,
        "before": None if item.before is None else item.before.name,
        "after": item.after.name,
    }


_ANSWERS = {
    True: Text("没有待发布的内容", "nothing to publish"),
    False: Text(
        "有待发布的内容：elicense publish", "to be published: elicense publish"
    ),
}
_CHANGES = {"new": Text("新增", "new"), "changed": Text("变更", "changed")}


def _print_pending(found: Pending) -> None:
    change = found.next_change
    number = "-" if found.number is None else str(found.number)
    rows = [
        (Text("现有期号", "number out"), number),
        (Text("事件", "events"), _counted(found.events)),
        (Text("状态变化", "statuses"), str(len(found.statuses))),
        (Text("将到期的列表", "lists that end"), str(len(found.ending))),
        (Text("密钥与印章", "keys and seals"), str(len(found.grants))),
    ]
    if not found.is_out:
        text = Text("上次发布未写出", "the last publication was not put out")
        rows.append((Text("文件", "file"), report.chosen(text)))
    if change is not None:
        rows.append(
            (Text("下次自动变化", "next change by itself"), report.moment(change))
        )
    report.rows(rows)
    for event in found.events:
        report.line(f"  {report.chosen(event.kind.text)}  {event.identifier}")
    for item in found.grants:
        word = report.chosen(_CHANGES[item.change])
        report.line(f"  {item.purpose} {item.name}  {word}")
    report.line(report.chosen(_ANSWERS[found.is_nothing]))


def _counted(events: tuple[Event, ...]) -> str:
    counts = Counter(event.kind for event in events)
    return (
        ", ".join(
            f"{report.chosen(kind.text)} {count}" for kind, count in counts.items()
        )
        or "0"
    )
