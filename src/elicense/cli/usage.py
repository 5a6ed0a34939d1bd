"""What is wrong with a command line, in the user's language."""

import re

import click

from elicense.masking import contains_citizen_id
from elicense.model import Text


class WrongUsageError(click.UsageError):
    """A command line that cannot be followed, told in both languages.

    Attributes:
        text: what is wrong and what is expected.
    """

    def __init__(self, text: Text) -> None:
        """Keep the text."""
        super().__init__(text.en)
        self.text = text


def usage_text(err: click.ClickException) -> Text:
    """Return what is wrong and where help is, for any error of the parser."""
    ctx = getattr(err, "ctx", None)
    path = "elicense" if ctx is None else ctx.command_path
    if isinstance(err, WrongUsageError):
        return err.text
    english = _in_one_line(err.format_message())
    if contains_citizen_id(english):  # the parser repeats what it does not understand
        return Text(
            f"命令行有误（用法见 {path} --help）",
            f"the command line is wrong (see: {path} --help)",
        )
    return Text(
        f"命令行有误：{_chinese(err, english)}（用法见 {path} --help）",
        f"{english} (see: {path} --help)",
    )


def _chinese(err: click.ClickException, english: str) -> str:
    if isinstance(err, click.NoSuchOption):
        return f"没有选项 {err.option_name}"
    if isinstance(err, click.MissingParameter):
        name = "" if err.param is None or err.ctx is None else _name(err.param, err.ctx)
        choices = _choices(err.param)
        return f"缺少 {name}" + (f"，只能取：{choices}" if choices else "")
    if isinstance(err, click.BadParameter) and err.param and err.ctx:
        return f"{_name(err.param, err.ctx)} 的值不对：{err.message.rstrip('.')}"
    if english.startswith("No such command"):
        return f"没有命令{english.removeprefix('No such command')}"
    return english


def _in_one_line(said: str) -> str:
    """Return what the parser says without its lists of one choice a line."""
    return re.sub(r"\s*\n\s*", " ", said).strip().rstrip(".")


def _choices(param: click.Parameter | None) -> str:
    """Return the values that an option may have, empty where any are taken."""
    if param is None or not isinstance(param.type, click.Choice):
        return ""
    return ", ".join(map(str, param.type.choices))


def _name(param: click.Parameter, ctx: click.Context) -> str:
    return param.get_error_hint(ctx)
