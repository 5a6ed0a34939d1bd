"""What ``issue``, ``renew`` and ``import`` share: a request carried out, and told."""

import base64
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from elicense import files, photos
from elicense.catalog import parse_application
from elicense.catalog.application import MAX_APPLICATION, MAX_CASE_NUMBER
from elicense.cli import options, report
from elicense.cli.usage import WrongUsageError
from elicense.issuing import AwaitingSealError, Issued, Request
from elicense.issuing.request import check_number
from elicense.lifecycle import State
from elicense.model import Text
from elicense.policy import MAX_INPUT_BYTES
from elicense.register import Publication
from elicense.validating.verdict import summary
from elicense.workspace import Workspace
from esign import clock

Function = Callable[..., Any]
EXIT_AWAITING = 3  # as for INDETERMINATE: not done, and nothing is wrong with the data


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one run of the command did."""

    issued: Issued
    out: Path
    number: str
    is_case: bool
    existed: bool
    published: Publication | None


def takes_application(function: Function) -> Function:
    """Add the options of a license's data, its row id and its file."""
    decorators = (
        click.option(
            "--data",
            required=True,
            metavar="FILE|-",
            help="The application (申请数据) as JSON; see: elicense types TYPE"
            " --sample.",
        ),
        click.option(
            "--photo",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="The holder's photo (照片), JPEG or PNG; in place of the"
            " application's.",
        ),
        click.option(
            "--row",
            metavar="ID",
            help="Without a case: the id that an earlier run printed, to finish that"
            " run.",
        ),
        click.option(
            "--out",
            required=True,
            type=click.Path(path_type=Path),
            metavar="FILE.pdf",
            help="Where to write the sealed PDF.",
        ),
        click.option("--force", is_flag=True, help="Replace the file if it is there."),
        options.seal_actors,
    )
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


takes_case = click.option(
    "--case", metavar="NO", help="Number of the concluded case (办件编号)."
)


def read_application(name: str, photo: Path | None) -> dict[str, object]:
    """Return the application of ``--data``, with the photo of ``--photo``."""
    application = dict(parse_application(_read_data(name)))
    if photo is not None:
        application["photo"] = _base64(photo)
    return application


def numbered(case: str | None, row: str | None) -> str:
    """Return what makes the request the same request: a case, a row, a fresh row.

    Raises:
        WrongUsageError: both are given, or one that is no number.
    """
    if case is not None and row is not None:
        raise WrongUsageError(
            Text("--case 与 --row 只能用一个", "use one of --case and --row")
        )
    given, option = (row, "--row") if case is None else (case, "--case")
    if given is None:
        return options.random_row()
    try:
        check_number(given)
    except ValueError as err:
        limit = MAX_CASE_NUMBER
        raise WrongUsageError(
            Text(
                f"{option} 应为 1 至 {limit} 个可打印字符，首尾无空格",
                f"{option}: expected 1 to {limit} printable characters, without space"
                " at either end",
            )
        ) from err
    return given


def release(workspace: Workspace, request: Request, out: Path, *, force: bool) -> Done:
    """Carry out a request, write the file and tell what a person should know."""
    known = workspace.known(request)
    check_out(out, None if known is None else known.pdf, force=force)
    before = workspace.register.latest_publication()
    try:
        issued = workspace.carry_out(request, clock.now(), options.actors())
    except AwaitingSealError as err:
        _tell_awaiting(err)
        click.get_current_context().exit(EXIT_AWAITING)
    finally:
        _tell_row(workspace, request)
    after = workspace.register.latest_publication()
    _write(out, issued)
    report.warnings(issued.warnings)
    return Done(
        issued=issued,
        out=out,
        number=request.number,
        is_case=request.is_case,
        existed=known is not None and known.is_issued,
        published=None if after == before else after,
    )


def _tell_awaiting(err: AwaitingSealError) -> None:
    """Tell that a license awaits its seal; nothing was written."""
    if click.get_current_context().params.get("as_json"):
        report.json_line(
            {
                "identifier": err.identifier,
                "state": State.AWAITING_SEAL.value,
                "request_id": err.request_id,
                "task": err.task,
                "why": {"zh": err.why.zh, "en": err.why.en},
            }
        )
    report.note(err.message)


def _tell_row(workspace: Workspace, request: Request) -> None:
    """Tell the id of a row that has no case, once there is something to finish.

    Also where issuing broke off: whoever runs again with it gets the same license.
    """
    if request.is_case or workspace.known(request) is None:
        return
    report.note(Text(f"行号 {request.number}", f"row id {request.number}"))


def _read_data(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(MAX_APPLICATION + 1)
    return files.read(Path(name), MAX_APPLICATION)


def _base64(path: Path) -> str:
    return base64.b64encode(files.read(path, photos.MAX_INPUT_BYTES)).decode()


def check_out(out: Path, known: bytes | None, *, force: bool) -> None:
    """Refuse, before anything is issued, a file that could not be written.

    Args:
        out: the file.
        known: what may stand there already, None for nothing.
        force: replace whatever it is.

    Raises:
        WrongUsageError: it can not be written, or something else is there.
    """
    if out.is_dir() or not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise WrongUsageError(
            Text(
                f"--out {out}：所在文件夹不存在或不可写，或它本身是文件夹",
                f"--out {out}: its folder is missing or not writable, or it is one",
            )
        )
    if force or not out.exists():
        return
    if known is None or known != files.read(out, MAX_INPUT_BYTES):
        raise WrongUsageError(
            Text(
                f"{out} 已存在且内容不同，未作任何更改。可换名，或用 --force 覆盖",
                f"{out} is there with other content, and nothing was done;"
                " use another name, or --force to replace it",
            )
        )


def _write(out: Path, issued: Issued) -> None:
    try:
        files.write(out, issued.pdf)
    except files.FileError as err:
        raise files.FileError(
            Text(
                f"{err.message.zh}；证照已签发，请用同一编号重新运行以取得文件",
                f"{err.message.en}; the license is issued: run the same command with"
                " the same case number or --row again to get the file",
            )
        ) from err


def _license(done: Done) -> dict[str, object]:
    claims = done.issued.verdict.claims
    return {} if claims is None else dict(summary(claims))


def show(
    done: Done, *, as_json: bool, more: Mapping[str, object] | None = None
) -> None:
    """Print what was done.

    Args:
        done: what.
        as_json: one JSON object.
        more: members that the command adds to it.
    """
    issued, shown, number = done.issued, _license(done), done.published
    if as_json:
        report.json_line(
            {
                "identifier": issued.license.identifier,
                "number": shown.get("number"),
                "type": issued.license.draft.type_name,
                "state": issued.state.value,
                "file": str(done.out),
                "case" if done.is_case else "row": done.number,
                "existed": done.existed,
                "qr_text": issued.qr_text,
                "published": None if number is None else number.number,
                "verdict": issued.verdict.to_json(str(done.out)),
                "warnings": [
                    {"field": item.field, "zh": item.message.zh, "en": item.message.en}
                    for item in issued.warnings
                ],
                **(more or {}),
            }
        )
        return
    _tell(done)
    report.rows(
        [
            (Text("证照标识", "identifier"), issued.license.identifier),
            (Text("证照编号", "number"), str(shown.get("number", ""))),
            (Text("持证主体", "holder"), str(shown.get("holder", ""))),
            (Text("自检", "own check"), issued.verdict.code.text),
            (Text("文件", "file"), str(done.out)),
        ]
    )


def _tell(done: Done) -> None:
    """Tell what a person should know beside the license."""
    if done.existed:
        report.note(
            Text(
                f"该编号已签发过（{done.issued.state.text.zh}），文件内容相同",
                f"was issued before ({done.issued.state.text.en}); the same bytes",
            )
        )
    if done.published is not None:
        number = done.published.number
        report.note(Text(f"已自动发布第 {number} 期", f"published number {number}"))
