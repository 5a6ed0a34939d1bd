"""One event as other systems read it (docs/formats/event.md).

The register's stream is append-only and numbered, so a reader asks for what follows the
last number that it has. Names of persons and free text stay with the issuing organ.
"""

from elicense.dates import instant_text
from elicense.events import Decision, Event

FORMAT = "elicense.event/1"


def entry(event: Event) -> dict[str, object]:
    """Return an event of the stream as a JSON object.

    Without its note, and without handler and reviewer of its decision.

    Args:
        event: as the register gives it, with its number.
    """
    why, until = event.reason, event.until
    return {
        "format": FORMAT,
        "seq": event.seq,
        "identifier": event.identifier,
        "kind": event.kind.value,
        "reason": None if why is None else why.code,
        "effective_at": instant_text(event.effective_at),
        "recorded_at": instant_text(event.recorded_at),
        "until": None if until is None else until.isoformat(),
        "decision": None if event.decision is None else _decision(event.decision),
        "successor": event.successor,
    }


def _decision(decision: Decision) -> dict[str, str | None]:
    since = decision.effective_at
    return {
        "document": decision.document,
        "number": decision.number,
        "organ": decision.organ,
        "legal_basis": decision.legal_basis,
        "date": decision.date.isoformat(),
        "effective_at": None if since is None else instant_text(since),
    }
