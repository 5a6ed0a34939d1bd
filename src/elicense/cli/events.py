"""The command ``events``."""

from itertools import islice

import click

from elicense import feed
from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.events import Event

_MAX_NUMBER = 2**53 - 1  # what JSON readers take for a whole number


@click.command("events")
@click.option(
    "--since",
    type=click.IntRange(0, _MAX_NUMBER),
    default=0,
    metavar="N",
    help="Only what follows event number N; 0 gives all.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, _MAX_NUMBER),
    metavar="M",
    help="At most M events; ask again with the last number for more.",
)
@options.as_json
@options.common
def events_command(*, since: int, limit: int | None, as_json: bool) -> None:
    """Print what happened, oldest first (事件流), for a supervisor's system.

    The stream only grows, and its numbers rise: keep the last number and ask for what
    follows it. It names licenses by their identifiers, and no person.
    """
    with open_workspace() as workspace:
        for event in islice(workspace.register.events_since(since), limit):
            if as_json:
                report.json_line(feed.entry(event))
            else:
                report.line(report.plain(_line(event)))


def _line(event: Event) -> str:
    parts = [
        f"{event.seq:>6}",
        report.moment(event.recorded_at),
        report.chosen(event.kind.text),
        event.identifier,
    ]
    if event.reason is not None:
        parts.append(f"{event.reason.code} {event.reason.text.zh}")
    if event.effective_at != event.recorded_at:
        parts.append(f"@ {report.moment(event.effective_at)}")
    if event.until is not None:
        parts.append(f"→ {event.until}")
    if event.successor is not None:
        parts.append(f"→ {event.successor}")
    return "  ".join(parts)
