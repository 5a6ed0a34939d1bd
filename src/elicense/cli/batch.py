"""The command ``issue-batch``."""

import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import cast

import click

from elicense import files
from elicense.cli import batch_report, options, report
from elicense.cli.batch_report import Report
from elicense.cli.delivery import Delivery, Line, drafts
from elicense.cli.place import open_workspace
from elicense.cli.usage import WrongUsageError
from elicense.errors import ElicenseError
from elicense.issuing import Request
from elicense.issuing import rows as batch_rows
from elicense.lifecycle import State
from elicense.model import Text
from esign import clock

EXIT_REFUSED = 1


@click.command("issue-batch")
@click.argument("type_name", metavar="TYPE")
@click.argument("source", metavar="ROWS", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder for the sealed PDFs, each named by its identifier.",
)
@click.option(
    "--report",
    "report_file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What came of each row (结果清单), .jsonl or .csv.",
)
@options.takes_workers("Processes that issue.")
@options.seal_actors
@options.common
def issue_batch_command(
    *, type_name: str, source: Path, out: Path, report_file: Path, workers: int
) -> None:
    """Issue many licenses (批量签发), one for each row of a file.

    ROWS is a .csv, .jsonl, .xlsx or .parquet file. A row is keyed by its column case,
    else by id, else by its content: the same file again finishes a run that was broken
    off, and issues nothing twice. A row that cannot be issued is told in the report and
    stops nothing. Until the run ends, the report is called FILE.partial.

    Exit code: 0 each row has a license in force, 1 a row has none, 2 wrong usage, or
    the run stopped, 130 broken off (Ctrl-C).
    """
    _check_places(source, out, report_file)
    counts: Counter[str] = Counter()
    with (
        open_workspace(signing=True) as workspace,
        source.open("rb") as stream,
        closing(
            batch_rows.read(stream, source.suffix, workspace.catalog.get(type_name))
        ) as requests,
    ):
        begun = _begun(requests)
        files.make_folder(out)
        with drafts(out) as folder, batch_report.opened(report_file) as file:
            lines = workspace.issue_many(
                begun,
                Delivery(out, folder),
                workers=workers,
                actors=options.actors(),
            )
            # Closed before what it works with, wherever the run is broken off.
            with closing(cast("Generator[Line, None, None]", lines)):
                _run(lines, file, counts)
    _tell(counts, report_file)
    if counts["refused"] or counts["ended"] or not _rows(counts):
        click.get_current_context().exit(EXIT_REFUSED)


def _begun(requests: batch_rows.Rows) -> Iterator[Request | ElicenseError]:
    """Read the first row now, so that another kind of file is refused before all."""
    return chain(list(islice(requests, 1)), requests)


def _check_places(source: Path, out: Path, report_file: Path) -> None:
    """Refuse, before anything is issued, what could not be read or written."""
    if not source.is_file():
        raise WrongUsageError(Text(f"{source} 不是文件", f"{source} is not a file"))
    if report_file.suffix.lower() not in batch_report.ENDINGS:
        raise WrongUsageError(
            Text(
                "--report 应为 .jsonl 或 .csv 文件",
                "--report: expected a .jsonl or .csv file",
            )
        )
    _check_apart(source, report_file)
    if report_file.is_dir() or not os.access(report_file.parent, os.W_OK):
        raise WrongUsageError(
            Text(
                f"--report {report_file}：所在文件夹不存在或不可写",
                f"--report {report_file}: its folder is missing or not writable",
            )
        )
    if out.exists() and not (out.is_dir() and os.access(out, os.W_OK)):
        raise WrongUsageError(
            Text(
                f"--out {out}：不是可写的文件夹",
                f"--out {out}: not a folder that can be written",
            )
        )


def _check_apart(source: Path, report_file: Path) -> None:
    """Refuse a report that would take the place of the rows, by whatever name."""
    for name in (report_file, batch_report.partial(report_file)):
        if name.exists() and name.samefile(source):
            raise WrongUsageError(
                Text(
                    f"--report {report_file}：会覆盖 {source}，请换一个文件名",
                    f"--report {report_file}: would replace {source}; use another name",
                )
            )


def _run(lines: Iterable[Line], file: Report, counts: Counter[str]) -> None:
    """Write each line as it comes, and count; where the run stops, say how far it got.

    Raises:
        Whatever stops the run.
    """
    begun = clock.now()
    try:
        for line in lines:
            file.add(line)
            counts.update(_kinds(line))
            _progress(_rows(counts), begun)
    except BaseException:
        _tell_stopped(counts, file.path)
        raise


def _kinds(line: Line) -> list[str]:
    """Return what a row counts as: one of four, and whether it has a warning."""
    warned = ["warned"] if line.get("warnings_en") else []
    if "identifier" not in line:
        return ["refused", *warned]
    if line["state"] != State.ISSUED.value:
        return ["ended", *warned]
    return ["existed" if line["existed"] else "issued", *warned]


def _rows(counts: Counter[str]) -> int:
    return counts.total() - counts["warned"]


def _progress(done: int, begun: datetime) -> None:
    """Show on a terminal that a long run goes on."""
    if done % 100 == 0 and report.long_run(begun):
        click.echo(f"\r{done}\r", err=True, nl=False)


def _told(counts: Counter[str]) -> Text:
    """Return how many rows there were, and what became of them."""
    count, new, old = _rows(counts), counts["issued"], counts["existed"]
    zh = f"共 {count} 行：新签发 {new}，此前已签发 {old}，未签发 {counts['refused']}"
    en = (
        f"{count} {'row' if count == 1 else 'rows'}: {new} issued, {old} issued before,"
        f" {counts['refused']} refused"
    )
    if counts["ended"]:
        zh += f"，已不在有效状态 {counts['ended']}（未写出文件）"
        en += f", {counts['ended']} no longer in force (no file written)"
    if counts["warned"]:
        zh += f"；{counts['warned']} 行有提示"
        en += f"; {counts['warned']} with a warning"
    return Text(zh, en)


def _tell(counts: Counter[str], report_file: Path) -> None:
    told = _told(counts)
    report.note(Text(f"{told.zh}；见 {report_file}", f"{told.en}; see {report_file}"))


def _tell_stopped(counts: Counter[str], partial: Path) -> None:
    """Say what is done when a run stops, and how to go on."""
    if not _rows(counts):
        return
    told = _told(counts)
    report.note(
        Text(
            f"未全部办理；{told.zh}；见 {partial}。用同一命令再次运行即可继续",
            f"not all was done; {told.en}; see {partial}. The same command goes on",
        )
    )
