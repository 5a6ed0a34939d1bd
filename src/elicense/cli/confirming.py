"""Asks a person whether a fingerprint is the one that they got by another way."""

import sys

import click

from elicense.cli import report
from elicense.cli.usage import WrongUsageError
from elicense.model import Text


def fingerprint(question: Text, *, refused: Text) -> None:
    """Ask; exit with 1 on any answer but yes.

    Args:
        question: what is asked; the fingerprint has been shown.
        refused: what a no means, for the note.

    Raises:
        WrongUsageError: there is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise WrongUsageError(
            Text(
                "没有终端可供确认：请用 --root 给出经其他途径得到的指纹",
                "no terminal to confirm on: give the fingerprint that you got by"
                " another way with --root",
            )
        )
    if not click.confirm(report.chosen(question), err=True):
        report.note(refused)
        click.get_current_context().exit(1)
