"""What a command tells of a change that is published at once, and its exit code."""

from collections.abc import Mapping

import click

from elicense.cli import report
from elicense.model import Text
from elicense.office import KeysChanged

EXIT_UNPUBLISHED = 3  # it is changed, and strangers do not know it yet


def tell(
    done: KeysChanged,
    rows: list[report.Row],
    answer: Mapping[str, object],
    *,
    as_json: bool,
) -> None:
    """Print a change; exit with 3 where it could not be published.

    Args:
        done: what became of it.
        rows: what people read.
        answer: members of the JSON object.
        as_json: one JSON object, in place of the rows.
    """
    number = None if done.publication is None else done.publication.number
    if as_json:
        report.json_line({**answer, "published": done.published, "number": number})
    else:
        published = report.yes_or_no(answer=done.published)
        report.rows([*rows, (Text("已发布", "published"), published)])
    if done.why_unpublished is None:
        return
    why = done.why_unpublished
    report.note(
        Text(
            f"已更改，但未能发布（{why.zh}）；请再执行 elicense publish",
            f"changed, and not published ({why.en}); run: elicense publish",
        )
    )
    click.get_current_context().exit(EXIT_UNPUBLISHED)
