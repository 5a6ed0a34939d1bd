"""The command ``issue``."""

import base64
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from elicense import files, photos
from elicense.catalog import parse_application
from elicense.catalog.application import MAX_APPLICATION
from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.cli.usage import WrongUsageError
from elicense.issuing import Issued
from elicense.lifecycle import State
from elicense.model import Text
from elicense.policy import MAX_INPUT_BYTES
from elicense.register import Publication, Row
from elicense.validating.verdict import summary
from elicense.workspace import Workspace
from esign import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What one run of the command did."""

    issued: Issued
    out: Path
    number: str
    is_case: bool
    existed: bool
    published: Publication | None


@click.command("issue")
@click.argument("type_name", metavar="TYPE")
@click.option(
    "--data",
    required=True,
    metavar="FILE|-",
    help="The application (申请数据) as JSON; see: elicense types TYPE --sample.",
)
@click.option(
    "--photo",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The holder's photo (照片), JPEG or PNG; in place of the application's.",
)
@click.option("--case", metavar="NO", help="Number of the concluded case (办件编号).")
@click.option(
    "--row",
    metavar="ID",
    help="Without a case: the id that an earlier run printed, to finish that run.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.pdf",
    help="Where to write the sealed PDF.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@options.as_json
@options.common
def issue_command(
    *,
    type_name: str,
    data: str,
    photo: Path | None,
    case: str | None,
    row: str | None,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Issue one license (签发证照) as a sealed PDF.

    The same case number with the same data gives the same license and the same bytes;
    with other data it is refused. Without --case a random row id is drawn and told. A
    file that is there already is replaced only with --force, or by the same bytes.
    """
    if case is not None and row is not None:
        raise WrongUsageError(
            Text("--case 与 --row 只能用一个", "use one of --case and --row")
        )
    at = clock.now()
    application = parse_application(_read_data(data))
    if photo is not None:
        application["photo"] = _base64(photo)
    number = case or row or options.random_row() if case != "" else ""
    is_case = case is not None
    with open_workspace(signing=True) as workspace:
        known = workspace.known(type_name, number=number, is_case=is_case)
        _check_out(out, known, force=force)
        before = workspace.register.latest_publication()
        try:
            issued = workspace.issue(
                type_name, application, number=number, is_case=is_case, at=at
            )
        finally:
            _tell_row(workspace, type_name, number, is_case=is_case)
        after = workspace.register.latest_publication()
    _write(out, issued)
    report.warnings(issued.warnings)
    done = _Done(
        issued=issued,
        out=out,
        number=number,
        is_case=is_case,
        existed=known is not None and known.state is not State.RESERVED,
        published=None if after == before else after,
    )
    _print(done, as_json=as_json)


def _tell_row(
    workspace: Workspace, type_name: str, number: str, *, is_case: bool
) -> None:
    """Tell the id of a row that has no case, once there is something to finish.

    Also where issuing broke off: whoever runs again with it gets the same license.
    """
    if is_case or workspace.known(type_name, number=number, is_case=False) is None:
        return
    report.note(Text(f"行号 {number}", f"row id {number}"))


def _read_data(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(MAX_APPLICATION + 1)
    return files.read(Path(name), MAX_APPLICATION)


def _base64(path: Path) -> str:
    return base64.b64encode(files.read(path, photos.MAX_INPUT_BYTES)).decode()


def _check_out(out: Path, known: Row | None, *, force: bool) -> None:
    """Refuse, before anything is issued, a file that could not be written."""
    if out.is_dir() or not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise WrongUsageError(
            Text(
                f"--out {out}：所在文件夹不存在或不可写，或它本身是文件夹",
                f"--out {out}: its folder is missing or not writable, or it is one",
            )
        )
    if force or not out.exists():
        return
    if known is None or known.pdf != files.read(out, MAX_INPUT_BYTES):
        raise WrongUsageError(
            Text(
                f"{out} 已存在且内容不同；未签发。可换名，或用 --force 覆盖",
                f"{out} is there with other content, and nothing was issued;"
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


def _license(done: _Done) -> dict[str, object]:
    claims = done.issued.verdict.claims
    return {} if claims is None else dict(summary(claims))


def _print(done: _Done, *, as_json: bool) -> None:
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


def _tell(done: _Done) -> None:
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
