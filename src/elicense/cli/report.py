"""What is printed: answers on standard output, all else on standard error."""

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from elicense.dates import CHINA
from elicense.errors import ApplicationError, Problem
from elicense.messages import Language, language, pick
from elicense.model import Text
from esign import clock

Row = tuple[Text, str]
_QUIET_SECONDS = 2.0  # a shorter run needs no progress
_PIPE_WIDTH = 160  # columns of a table that goes into a file

_NO_EFFECT = Text("无法律效力", "no legal effect")
_ANSWERS = {True: Text("是", "yes"), False: Text("否", "no")}


def user_language() -> Language:
    """Return the language of the person at the terminal."""
    return language(os.environ)


def chosen(text: Text) -> str:
    """Return a text in the user's language."""
    return pick(text, user_language())


def long_run(begun: datetime) -> float:
    """Return the seconds that a run takes so far, if somebody should see it go on.

    Args:
        begun: when it began.

    Returns:
        0 for a short run, and where standard error is no terminal.
    """
    spent = (clock.now() - begun).total_seconds()
    return spent if spent > _QUIET_SECONDS and sys.stderr.isatty() else 0.0


def specimen() -> Row:
    """Return the line that says what a license of a trial workspace is worth."""
    return (Text("样张", "specimen"), chosen(_NO_EFFECT))


def yes_or_no(*, answer: bool) -> str:
    """Return a yes or no in the user's language."""
    return chosen(_ANSWERS[answer])


def moment(at: datetime) -> str:
    """Return an instant as people in China read it: ``2026-11-22 03:35:20 +08:00``.

    The last hours of 9999, which have no day in UTC+8, stay in UTC.

    Args:
        at: an aware instant.
    """
    try:
        local = at.astimezone(CHINA).replace(tzinfo=None)
    except OverflowError:
        return at.astimezone(UTC).isoformat(" ", "seconds")
    return f"{local.isoformat(' ', 'seconds')} +08:00"


def prepare_streams() -> None:
    """Let a terminal that lacks a character show another one, not end the run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def plain(text: str) -> str:
    """Return a text that may come from a stranger as a terminal may show it.

    Control and direction characters could rewrite what a person sees.
    """
    return "".join(char if char.isprintable() else "�" for char in text)


def json_line(value: Mapping[str, object] | Sequence[object]) -> None:
    """Print one JSON value on one line."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    text = json.dumps(value, ensure_ascii=encoding != "utf8")
    # A file name may hold bytes that are no text; JSON cannot carry them.
    click.echo(text.encode(errors="replace").decode())


def line(text: str) -> None:
    """Print one line of an answer."""
    click.echo(text)


def note(text: Text) -> None:
    """Tell something beside the answer."""
    click.echo(plain_lines(chosen(text)), err=True)


def error(text: Text) -> None:
    """Tell why the command was not done."""
    head = click.style(chosen(Text("错误：", "Error: ")), fg="red")
    click.echo(head + plain_lines(chosen(text)), err=True)


def plain_lines(text: str) -> str:
    """Return a text of several lines as a terminal may show it."""
    return "\n".join(map(plain, text.split("\n")))


def problems(err: ApplicationError) -> None:
    """Tell every problem of an application, one on a line with its field."""
    count = len(err.problems)
    error(Text(f"申请数据有 {count} 处问题", f"{count} problem(s) in the application"))
    for problem in err.problems:
        note(_problem(problem, "  "))


def warnings(found: Iterable[Problem]) -> None:
    """Tell what a person should look at."""
    for problem in found:
        text = _problem(problem, "")
        note(Text(f"提示：{text.zh}", f"Warning: {text.en}"))


def _problem(problem: Problem, indent: str) -> Text:
    message = problem.message
    return Text(
        f"{indent}{problem.field}：{message.zh}",
        f"{indent}{problem.field}: {message.en}",
    )


def rows(found: Sequence[Row], indent: str = "") -> None:
    """Print labels and values in two columns; values are never cut."""
    shown = [(chosen(label), plain(value)) for label, value in found]
    width = max((cell_len(label) for label, _ in shown), default=0)
    for label, value in shown:
        click.echo(f"{indent}{label}{' ' * (width - cell_len(label))}  {value}")


def table(heads: Sequence[Text], body: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        made.add_column(chosen(head), overflow="fold")
    for cells in body:
        made.add_row(*(RichText(plain(cell)) for cell in cells))
    terminal = sys.stdout.isatty()
    width = None if terminal else _PIPE_WIDTH
    console = Console(width=width, force_terminal=terminal, highlight=False)
    with console.capture() as captured:
        console.print(made)
    # Cells of the last column are padded; a line does not need it.
    click.echo("\n".join(map(str.rstrip, captured.get().split("\n"))), nl=False)


def tell_unpublished() -> None:
    """Say that strangers do not know it yet, and how they will."""
    note(
        Text(
            "他人须待发布后才能得知：elicense publish",
            "strangers learn of it with: elicense publish",
        )
    )
