"""The command ``issue-batch``."""

import csv
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

import click

from elicense import files
from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.cli.usage import WrongUsageError
from elicense.issuing import BatchPolicy, Outcome
from elicense.issuing import rows as batch_rows
from elicense.issuing.workers import MAX_WORKERS
from elicense.masking import contains_citizen_id, mask_code
from elicense.model import Text
from elicense.validating.verdict import summary
from esign import clock

EXIT_REFUSED = 1
_QUIET_SECONDS = 2  # a shorter run needs no progress
_COLUMNS = (
    *("row", "key", "identifier", "number", "file", "code"),
    *("existed", "error_zh", "error_en"),
)
Line = Mapping[str, object]


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
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_WORKERS),
    default=1,
    show_default=True,
    metavar="N",
    help="Processes that issue.",
)
@options.common
def issue_batch_command(
    *, type_name: str, source: Path, out: Path, report_file: Path, workers: int
) -> None:
    """Issue many licenses (批量签发), one for each row of a file.

    ROWS is a .csv, .jsonl, .xlsx or .parquet file. A row is keyed by its column case,
    else by id, else by its content: the same file again finishes a run that was broken
    off, and issues nothing twice. A row that cannot be issued is told in the report and
    stops nothing.

    Exit code: 0 all issued, 1 a row was refused, 2 wrong usage, or the run stopped.
    """
    _check_places(source, out, report_file)
    with open_workspace(signing=True) as workspace, source.open("rb") as stream:
        license_type = workspace.catalog.get(type_name)
        requests = batch_rows.read(stream, source.suffix, license_type)
        lines = workspace.issue_many(
            requests, _Delivery(out), policy=BatchPolicy(), workers=workers
        )
        with _written(report_file) as file:
            counts = _report(lines, file, report_file.suffix.lower())
    _tell(counts, report_file)
    if counts["refused"] or not counts.total():
        click.get_current_context().exit(EXIT_REFUSED)


def _check_places(source: Path, out: Path, report_file: Path) -> None:
    """Refuse, before anything is issued, what could not be read or written."""
    if not source.is_file():
        raise WrongUsageError(Text(f"{source} 不是文件", f"{source} is not a file"))
    if report_file.suffix.lower() not in (".jsonl", ".csv"):
        raise WrongUsageError(
            Text(
                "--report 应为 .jsonl 或 .csv 文件",
                "--report: expected a .jsonl or .csv file",
            )
        )
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
    files.make_folder(out)


@dataclass(frozen=True, slots=True)
class _Delivery:
    """Writes the PDFs of a chunk, and tells of each row what the report says.

    The bytes are safe in the register already. They are written under other names, put
    on disk with one call for all of them, and only then get their own: neither a run
    that is killed nor a machine that stops leaves half of a file under its name.
    """

    folder: Path

    def __call__(self, outcomes: Sequence[Outcome]) -> list[Line]:
        waiting: list[tuple[str, Path]] = []
        try:
            for outcome in outcomes:
                if outcome.issued is not None:
                    target = self._target(outcome)
                    if not _holds(target, outcome.issued.pdf):
                        waiting.append((self._draft(outcome.issued.pdf), target))
            if waiting:
                os.sync()
            while waiting:
                name, target = waiting[-1]
                Path(name).replace(target)
                waiting.pop()
        except OSError as err:
            reason = err.strerror or type(err).__name__
            raise files.FileError(
                Text(
                    f"无法写入 {self.folder}：{reason}；已签发的都已入库，请重新运行",
                    f"cannot write to {self.folder}: {reason}; what was issued is"
                    " stored: run the same again",
                )
            ) from err
        finally:
            for name, _ in waiting:
                Path(name).unlink(missing_ok=True)
        return [self._line(outcome) for outcome in outcomes]

    def _target(self, outcome: Outcome) -> Path:
        issued = outcome.issued
        return self.folder / f"{issued.license.identifier if issued else ''}.pdf"

    def _draft(self, pdf: bytes) -> str:
        handle, name = tempfile.mkstemp(prefix=".new-", dir=self.folder)
        with os.fdopen(handle, "wb") as file:
            file.write(pdf)
            os.fchmod(file.fileno(), files.PUBLIC)
        return name

    def _line(self, outcome: Outcome) -> Line:
        issued, error = outcome.issued, outcome.error
        if issued is None:
            return {
                "row": outcome.place,
                "key": _key(outcome.number),
                "code": "refused" if error is None else type(error).__name__,
                "error_zh": "" if error is None else error.message.zh,
                "error_en": "" if error is None else error.message.en,
            }
        claims = issued.verdict.claims
        return {
            "row": outcome.place,
            "key": _key(outcome.number),
            "identifier": issued.license.identifier,
            "number": "" if claims is None else summary(claims)["number"],
            "file": str(self._target(outcome)),
            "code": issued.verdict.code.text,
            "existed": outcome.existed,
        }


def _key(number: str) -> str:
    """Return a case number or row id as a report may show it."""
    return mask_code(number) if contains_citizen_id(number) else number


def _holds(path: Path, pdf: bytes) -> bool:
    """Tell whether a file is there with these bytes."""
    try:
        return path.stat().st_size == len(pdf) and path.read_bytes() == pdf
    except FileNotFoundError:
        return False


@contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    """Give a file that appears whole, or not at all where the run is broken off."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        # The mark lets spreadsheets see that a table is UTF-8.
        encoding = "utf-8-sig" if path.suffix.lower() == ".csv" else "utf-8"
        with os.fdopen(handle, "w", encoding=encoding, newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _report(lines: Iterable[Line], file: TextIO, ending: str) -> Counter[str]:
    """Write a line for each row as it comes, and count what came of them."""
    counts: Counter[str] = Counter()
    table = csv.DictWriter(file, _COLUMNS) if ending == ".csv" else None
    if table is not None:
        table.writeheader()
    begun = clock.now()
    for line in lines:
        if table is None:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        else:
            table.writerow(line)
        existed = "existed" if line.get("existed") else "issued"
        counts[existed if "identifier" in line else "refused"] += 1
        _progress(counts.total(), begun)
    return counts


def _progress(done: int, begun: datetime) -> None:
    """Show on a terminal that a long run goes on."""
    if not sys.stderr.isatty() or done % 100:
        return
    if (clock.now() - begun).total_seconds() > _QUIET_SECONDS:
        click.echo(f"\r{done}", err=True, nl=False)


def _tell(counts: Counter[str], report_file: Path) -> None:
    new, old, refused = (counts[name] for name in ("issued", "existed", "refused"))
    report.note(
        Text(
            f"共 {counts.total()} 行：新签发 {new}，此前已签发 {old}，"
            f"未签发 {refused}；见 {report_file}",
            f"{counts.total()} rows: {new} issued, {old} issued before, {refused}"
            f" refused; see {report_file}",
        )
    )
