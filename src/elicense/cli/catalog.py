"""The group ``types``: a list or one type without more, and ``types check``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from elicense import files
from elicense.catalog import Catalog, LicenseType
from elicense.catalog.reader import MAX_FILE, read_type
from elicense.cli import options, report
from elicense.cli.types import types_command as show_command
from elicense.model import Text
from esign import clock

if TYPE_CHECKING:
    from elicense import proof
    from elicense.fonts import FontSet

EXIT_FAULTS = 1
_SHOW = "show"
_MAX_BESIDE = 1 << 20  # bytes of a background PDF


class _Types(click.Group):
    """A group whose usual command need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the usual command in front unless another one, or help, is asked for."""
        positional = [
            word
            for word, before in zip(args, ["", *args], strict=False)
            if not word.startswith("-") and not before.startswith("--")
        ]
        asks_help = bool(args) and args[0] in ctx.help_option_names
        if not asks_help and (not positional or positional[0] not in self.commands):
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


@click.group("types", cls=_Types)
@options.common
def types_command() -> None:
    """List the license types (证照类型), show one of them, or check one of your own.

    `elicense types [TYPE]` is short for: elicense types show [TYPE].
    """


types_command.add_command(show_command, _SHOW)


@types_command.command("check")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.pdf",
    help="Where the proof sheet (校样) goes; FILE with the ending .proof.pdf by"
    " default.",
)
@options.as_json
@options.common
def check(*, file: Path, out: Path | None, as_json: bool) -> None:
    """Check a license type of your own (校验证照类型), and print its proof sheet.

    FILE is its TOML file; a background PDF is looked for beside it. Fields and rules
    are read, invented applications with the least, the usual and the greatest content
    are printed in every presentation, and what does not fit its box, lies over
    something else, has no glyph or can not be scanned is told. Warnings and notes say
    what no page shows. Nothing is issued and no workspace is needed; one that is there
    lends its faces. Exit code 1 where a page is wrong, 2 where the file is.
    """
    # Printing is heavy, and the list of types is not.
    from elicense import proof  # noqa: PLC0415  see above

    found = read_type(
        files.read_whole(file, MAX_FILE),
        file.name,
        lambda name: files.read_whole(file.parent / name, _MAX_BESIDE),
    )
    _check_names(found)
    trials = []
    for trial in proof.prove(found, clock.now(), faces=_faces()):
        trials.append(trial)
        if not as_json:
            _tell(trial)
    remarks = proof.remarks(found, trials)
    target = out or file.with_suffix(".proof.pdf")
    printed = any(trial.pdf for trial in trials)
    if printed:
        files.write(target, proof.sheet_of(trials))
    if as_json:
        report.json_line(
            {
                "type": found.name,
                "version": found.version,
                "proof": str(target) if printed else None,
                "trials": [_json(trial) for trial in trials],
                "remarks": [
                    {"level": str(item.level), **_both(item.message)}
                    for item in remarks
                ],
            }
        )
    else:
        for remark in remarks:
            level = report.chosen(_LEVEL[str(remark.level)])
            report.line(f"{level}{report.chosen(remark.message)}")
        report.line("")
        none = report.chosen(
            Text("无：没有能打印的版面", "none: no page can be printed")
        )
        report.rows([(Text("校样", "proof sheet"), str(target) if printed else none)])
    _end({(trial.presentation, told) for trial in trials for told in trial.faults})


def _check_names(found: LicenseType) -> None:
    """Refuse a type that could not stand beside the built-in ones.

    Raises:
        CatalogError: one of them has its name and version, or its type code.
    """
    # A built-in type may itself be checked; its equal is told by all that it says.
    others = [item for item in Catalog.builtin().types() if repr(item) != repr(found)]
    Catalog([*others, found])


def _end(faults: set[tuple[str, Text]]) -> None:
    """Say how many faults there are, and leave with the exit code."""
    if not faults:
        return
    count = len(faults)
    noun = "fault" if count == 1 else "faults"
    report.error(Text(f"共 {count} 处问题", f"{count} {noun}"))
    click.get_current_context().exit(EXIT_FAULTS)


def _faces() -> "FontSet":
    """Return the faces of the workspace, or the built-in ones where there is none."""
    # As heavy as printing.
    from elicense import fonts  # noqa: PLC0415  see above
    from elicense.folder import load_faces, load_settings  # noqa: PLC0415  see above

    folder = options.own_folder()
    if folder is None:
        return fonts.STANDARD
    return load_faces(folder, load_settings(folder))


def _tell(trial: "proof.Trial") -> None:
    """Print what came of one trial."""
    mark = "✘" if trial.faults else "✔"
    name = f"{trial.presentation} " if trial.presentation else ""
    content = report.chosen(_CONTENT[str(trial.content)])
    measures = report.chosen(
        Text(
            f"{len(trial.pages)} 页，二维码版本 {trial.qr_version}，"
            f"{trial.token_size} 字节",
            f"pages {len(trial.pages)}, QR version {trial.qr_version},"
            f" token {trial.token_size} bytes",
        )
    )
    report.line(f"{mark} {name}{content}  {measures if trial.pages else ''}".rstrip())
    for fault in trial.faults:
        report.line(f"    {report.chosen(fault)}")


_LEVEL = {
    "warning": Text("警告：", "warning: "),
    "note": Text("提示：", "note: "),
}
_CONTENT = {
    "minimum": Text("最少内容", "least content"),
    "typical": Text("通常内容", "usual content"),
    "maximum": Text("最多内容", "greatest content"),
}


def _json(trial: "proof.Trial") -> dict[str, object]:
    return {
        "presentation": trial.presentation or None,
        "content": str(trial.content),
        "pages": len(trial.pages),
        "token_size": trial.token_size,
        "qr_version": trial.qr_version or None,
        "faults": [_both(item) for item in trial.faults],
    }


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
