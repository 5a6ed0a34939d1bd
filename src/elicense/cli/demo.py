"""The command ``demo``."""

from collections.abc import Sequence
from pathlib import Path

import click

from elicense import files
from elicense.cli import options, report, story_page, suites
from elicense.cli import story as stories
from elicense.cli.story import Story
from elicense.errors import WorkspaceError
from elicense.model import Text
from esign import clock
from esign.algorithms import Suite

REPORT = "report.html"
_DEFAULT = Path("elicense-demo")
_MAX_RUNS = 1000


@click.command("demo")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=_DEFAULT,
    show_default=True,
    metavar="DIR",
    help="Where to put everything; a second run goes into DIR/run-2, and so on.",
)
@click.option(
    "--algorithm",
    callback=suites.among(*suites.ALL_KEYS),
    default=Suite.ES256.label,
    show_default=True,
    metavar=suites.metavar(*suites.ALL_KEYS),
    help="Suite of every key; with SM2 (extra gm) of the seals too (国密).",
)
@options.common
def demo_command(*, folder: Path, algorithm: Suite) -> None:
    """Tell the whole story on invented data (演示): found, issue, change, verify.

    Leaves a workspace, PDFs, QR pictures, forgeries and report.html. Nothing of it has
    legal effect: the department, the holders and their codes are invented.

    Exit code: 0 if every answer is the expected one, else 1.
    """
    folder = free_folder(folder)
    draft = files.make_sibling(folder.absolute())
    try:
        told = stories.tell(draft, clock.now(), report.note, algorithm)
        files.write(draft / REPORT, story_page.html(told).encode())
        files.move_folder(draft, folder.absolute())
    finally:
        files.remove_folder(draft)
    _print(told, folder)
    click.get_current_context().exit(0 if all(s.holds for s in told.steps) else 1)


def free_folder(folder: Path) -> Path:
    """Return a folder that is free: this one, or the next run in an earlier demo's.

    Args:
        folder: what the user named.

    Raises:
        WorkspaceError: it holds something, and that is no demo.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return folder
    if (folder / REPORT).is_file():
        runs = (folder / f"run-{number}" for number in range(2, _MAX_RUNS))
        for run in runs:
            if not run.exists():
                return run
    raise WorkspaceError(
        Text(
            f"{folder} 已存在且不是演示文件夹，请用 --dir 另选一个",
            f"{folder} is there and is not a demo's: choose another with --dir",
        )
    )


def _print(told: Story, folder: Path) -> None:
    heads = (
        Text("场景", "act"),
        Text("对象", "what"),
        Text("应为", "expected"),
        Text("结果", "got"),
        Text("范围", "scope"),
        Text("", ""),
    )
    report.table(heads, _body(told))
    wrong = sum(not step.holds for step in told.steps)
    right = len(told.steps) - wrong
    report.line("")
    report.line(
        report.chosen(
            Text(
                f"{right} 项符合预期，{wrong} 项不符",
                f"{right} answers as expected, {wrong} not",
            )
        )
    )
    report.rows(
        [
            (Text("文件", "files"), str(folder)),
            (Text("报告", "report"), str(folder / REPORT)),
            (Text("信任根指纹", "root"), told.root),
            (
                Text("试一试", "try"),
                (
                    f"elicense verify {folder}/licenses/*.pdf --trust"
                    f" {folder}/outside/trust.elt --root {told.root}"
                ),
            ),
        ]
    )


def _body(told: Story) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    act = ""
    for step in told.steps:
        name = report.chosen(step.act)
        scope = step.verdict.scope
        rows.append(
            (
                "" if name == act else name,
                report.chosen(step.subject),
                step.expected.text,
                step.verdict.code.text,
                "" if scope is None else scope.value,
                "✔" if step.holds else "✘",
            )
        )
        act = name
    return rows
