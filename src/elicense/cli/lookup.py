"""The command ``lookup``."""

import json
import sys
from pathlib import Path

import click

from elicense import files
from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.cli.usage import WrongUsageError
from elicense.lookup import (
    CallLog,
    Days,
    FoundLicense,
    HolderAsked,
    LookupAnswer,
    LookupDesk,
    Question,
    check,
    lookup,
)
from elicense.lookup import callers as granted
from elicense.model import Text
from esign import clock

EXIT_NOT_FOUND = 1
CALLERS_FILE, CALLS_FILE = "callers.toml", "calls.jsonl"
_MAX_HOLDER_BYTES = 1 << 16
_DAYS = {
    Days.BEFORE: Text("有效期尚未开始", "before its period"),
    Days.WITHIN: Text("在有效期内", "within its period"),
    Days.AFTER: Text("已过有效期", "after its period"),
    Days.LAPSED: Text("逾期未复审", "a checkpoint was missed"),
}
_MATCHES = {
    True: Text("一致", "matches"),
    False: Text("不一致", "does not match"),
}
_NO_VERDICT = Text(
    "以上为登记库记载，不是对所持证照的核验结论",
    "this is what the register says; no license that anybody showed was verified",
)


@click.command("lookup")
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@click.option("--purpose", required=True, help="What for (查询目的); kept in the log.")
@click.option(
    "--caller",
    metavar="USCC",
    help="On whose behalf, as callers.toml lists it; else the organ's own.",
)
@click.option(
    "--holder",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE|-",
    help='JSON with the holder to compare: {"name": ..., "code": ...}, or one of them.',
)
@options.as_json
@options.common
@click.pass_context
def lookup_command(  # click calls with keywords
    ctx: click.Context,
    *,
    numbers: tuple[str, ...],
    purpose: str,
    caller: str | None,
    holder: Path | None,
    as_json: bool,
) -> None:
    """Say what the register has of license numbers (按证照编号查询).

    For case files without a QR. It is no verification: nothing that anybody showed was
    authenticated. Every number is one line of the call log. Exit code 0: all were
    found, 1: one was not.
    """
    at = clock.now()
    asked = None if holder is None else _holder(holder)
    with open_workspace() as workspace:
        code = workspace.settings.code
        desk = LookupDesk(
            register=workspace.register,
            organization=code,
            callers=_callers(workspace.folder / CALLERS_FILE),
            log=CallLog(workspace.folder / CALLS_FILE),
        )
        questions = [
            Question(
                number=number, caller=caller or code, purpose=purpose, holder=asked
            )
            for number in numbers
        ]
        for question in questions:
            check(question)  # before any is answered
        missing = False
        for question in questions:
            answer = lookup(desk, question, at)
            missing = missing or not answer.found
            if as_json:
                report.json_line(dict(answer.to_json()))
            else:
                _print(answer)
    report.note(_NO_VERDICT)
    ctx.exit(EXIT_NOT_FOUND if missing else 0)


def _callers(path: Path) -> tuple[granted.CallerGrant, ...]:
    if not files.is_file(path):
        return ()
    return granted.read(files.read_whole(path, granted.MAX_BYTES))


def _holder(path: Path) -> HolderAsked:
    """Return the holder that a file or standard input names."""
    data = (
        sys.stdin.buffer.read(_MAX_HOLDER_BYTES)
        if str(path) == "-"
        else files.read_whole(path, _MAX_HOLDER_BYTES)
    )
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        told = None  # told below, like any other shape
    is_holder = isinstance(told, dict) and told.keys() <= {"name", "code"}
    if (
        is_holder
        and told
        and all(isinstance(each, str) and each for each in told.values())
    ):
        return HolderAsked(**told)
    raise WrongUsageError(
        Text(
            '--holder：应为 {"name": "…", "code": "…"}，或其中之一，不得为空',
            '--holder: expected {"name": "...", "code": "..."}, or one of them, none'
            " empty",
        )
    )


def _print(answer: LookupAnswer) -> None:
    heading = Text("未找到", "not found")
    if answer.found:
        heading = Text(
            f"{len(answer.licenses)} 个证照", f"{len(answer.licenses)} license(s)"
        )
    report.rows(
        [
            (Text("证照编号", "number"), answer.number),
            (Text("截至", "as of"), report.moment(answer.as_of)),
            (Text("结果", "result"), report.chosen(heading)),
        ]
    )
    for item in answer.licenses:
        _print_license(item)


def _print_license(item: FoundLicense) -> None:
    last = item.valid_until
    until = report.chosen(Text("长期", "no end")) if last is None else str(last)
    rows = [
        (Text("证照标识", "identifier"), item.identifier),
        (Text("类型", "type"), item.type_name),
        (Text("状态", "state"), report.chosen(item.state.text)),
        (Text("有效期", "period"), f"{item.valid_from} – {until}"),
        (Text("期限", "days"), report.chosen(_DAYS[item.days])),
    ]
    if item.holder_matches is not None:
        match = report.chosen(_MATCHES[item.holder_matches])
        rows.append((Text("持证主体", "holder"), match))
    report.rows(rows, "  ")
