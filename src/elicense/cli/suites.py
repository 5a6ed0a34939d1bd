"""The option that chooses a signature suite by its name."""

from collections.abc import Callable

import click

from elicense.cli.usage import WrongUsageError
from elicense.model import Text
from esign.algorithms import Suite, suite_by_label

TOKENS = (Suite.ES256, Suite.SM2, Suite.ED25519)
LISTS = (Suite.ES256, Suite.SM2, Suite.ED25519, Suite.ML_DSA_44)
ALL_KEYS = (Suite.ES256, Suite.SM2)
"""Suites with which everything of a place can be signed."""

Callback = Callable[[click.Context, click.Parameter, str | None], Suite | None]


def among(*offered: Suite) -> Callback:
    """Return a callback that takes the name of one of these suites, or None.

    It raises WrongUsageError for a name that is not on offer.
    """
    names = [suite.label for suite in offered]

    def taken(
        _ctx: click.Context, _param: click.Parameter, value: str | None
    ) -> Suite | None:
        if value is None:
            return None
        if value not in names:
            raise WrongUsageError(
                Text(
                    f"没有这种签名算法，可用：{'、'.join(names)}",
                    f"unknown algorithm; expected one of: {', '.join(names)}",
                )
            )
        return suite_by_label(value)

    return taken


def metavar(*offered: Suite) -> str:
    """Return the names for a help text."""
    return "|".join(suite.label for suite in offered)
