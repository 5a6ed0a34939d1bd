"""The page docs/cli.md, made from the commands themselves.

Regenerate it with: python -m elicense.cli.manual > docs/cli.md
"""

from collections.abc import Iterator

import click

from elicense.cli.program import HELP_OPTIONS, program

_WIDTH = 80
_HEAD = """# Command line

This page is generated from the program's own help (`python -m elicense.cli.manual`).
Help is in English with the Chinese legal terms; answers and errors follow
`ELICENSE_LANG`, `LC_ALL`, `LC_MESSAGES` or `LANG`: Chinese for `zh`, else English.

## What holds for every command

- `--workspace` and `--passphrase-file` may stand before or after the command's name.
- Answers go to standard output, all else to standard error. With `--json`, and `show`
  with `--gbt36903`, standard output carries nothing but JSON; `verify` and `show` print
  one object on a line.
- An ID is an identifier (证照标识) or a license number (证照编号). A number can name
  several licenses: `show` then shows all of them, oldest first; `revoke`, `suspend`,
  `reinstate` and `renew` list them and change none (exit code 2).
- People read times in UTC+8 (`2026-11-22 03:35:20 +08:00`); JSON has them in UTC.
- A file that is written appears whole or not at all.
- Only `show`, the PDFs and what `types --sample` prints carry names and codes of
  persons in clear; elsewhere they are masked.

| exit code | meaning |
|---|---|
| 0 | done; for `verify` and `seal check`: every input PASSED, and there was one; for `demo`: every answer is the expected one |
| 1 | `verify`, `seal check`: an input FAILED; `issue-batch`: a row was refused, or its license is not in force; `types check`: a page is wrong; `demo`: an answer is not the expected one; `trust pin`, `trust grant`: the answer was no; `publish --check`: there is something to publish; `trust merge`: a source was refused |
| 2 | wrong usage, wrong data, wrong passphrase, or a place that cannot be used; nothing was done |
| 3 | `verify`, `seal check`: no input FAILED, and one is INDETERMINATE; `issue`, `reconcile`: a license awaits its seal; `keys`, `seal revoke`, `seal use`, `adopt`, `rename`: changed, and not published; `trust merge`: a department is in with its last bundle, or left out |
| 130 | broken off by the user (Ctrl-C) |
| 141 | the reader of standard output went away |

`verify -` reads QR texts, one on a line. Nothing but the line's end is trimmed; an
empty line is an empty input, and no line at all is one empty input called `-`: both are
UNREADABLE. A file that cannot be read is UNREADABLE with the reason, and the run goes
on. `--at` with a day means 00:00 UTC+8 of it; an instant needs its offset.

| variable | meaning |
|---|---|
| `ELICENSE_WORKSPACE` | the workspace, where `--workspace` is not given |
| `ELICENSE_PASSPHRASE` | passphrase of the keys, where `--passphrase-file` is not given |
| `ELICENSE_HOME` | where `trust pin` keeps its pins, and `verify` what it has seen; else the system's folder for settings |
| `ELICENSE_LANG` | `zh` or `en` |
"""  # noqa: E501  rows of a table in Markdown are one line


def markdown() -> str:
    """Return the page: what holds everywhere, then the help of every command."""
    root = click.Context(
        program,
        info_name="elicense",
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        help_option_names=list(HELP_OPTIONS),
    )
    sections = (
        f"## {ctx.command_path}\n\n```text\n{ctx.get_help()}\n```\n"
        for ctx in _contexts(root)
    )
    return "\n".join([_HEAD, *sections])


def _contexts(ctx: click.Context) -> Iterator[click.Context]:
    """Give a command and all below it, in the order of the help."""
    yield ctx
    if not isinstance(ctx.command, click.Group):
        return
    for name in ctx.command.list_commands(ctx):
        command = ctx.command.get_command(ctx, name)
        if command is not None:
            yield from _contexts(
                click.Context(
                    command,
                    ctx,
                    name,
                    terminal_width=_WIDTH,
                    max_content_width=_WIDTH,
                )
            )


if __name__ == "__main__":
    click.echo(markdown(), nl=False)
