"""A seal of the register as people and programs read it."""

from datetime import datetime

from elicense.cli import report
from elicense.dates import instant_text
from elicense.model import Text
from elicense.sealing import SealEvent, SealForm, SealRecord
from esign import ses
from esign.errors import MalformedError

HEADS = (
    Text("印章编号", "seal"),
    Text("所有者", "owner"),
    Text("名称", "name"),
    Text("形式", "form"),
    Text("状态", "state"),
    Text("有效期至", "valid until"),
)


def cells(seal: SealRecord, at: datetime) -> tuple[str, ...]:
    """Return a line of the list."""
    until = seal.valid_until
    return (
        seal.id,
        seal.owner,
        seal.name,
        str(seal.form),
        state_text(seal, at),
        "" if until is None else report.moment(until),
    )


def state_text(seal: SealRecord, at: datetime) -> str:
    """Return what a seal is, in the user's language."""
    state = seal.state_at(at)
    return "" if state is None else report.chosen(state.text)


def rows(seal: SealRecord, at: datetime) -> list[report.Row]:
    """Return a seal, and its history line by line."""
    until = seal.valid_until
    found = [
        (HEADS[0], seal.id),
        (HEADS[1], seal.owner),
        (HEADS[2], seal.name),
        (HEADS[3], str(seal.form)),
        (HEADS[4], state_text(seal, at)),
        (Text("有效期自", "valid from"), report.moment(seal.valid_from)),
        (HEADS[5], "" if until is None else report.moment(until)),
    ]
    held, picture = _held(seal), _picture(seal)
    if held is not None and held.identifier != seal.id:  # seal check gives this one
        found.insert(1, (Text("印章标识", "esID"), held.identifier))
    if picture is not None:
        size = f"{picture.type} {picture.width_mm} mm x {picture.height_mm} mm"
        found.append((Text("印模", "picture"), size))
    found += [(one.kind.text, _event_text(one)) for one in seal.history]
    return found


def _event_text(event: SealEvent) -> str:
    reason = report.chosen(event.reason.text) if event.reason else ""
    parts = (report.moment(event.effective_at), event.by, reason, event.note)
    return "  ".join(part for part in parts if part)


def _picture(seal: SealRecord) -> ses.Picture | None:
    held = _held(seal)
    return None if held is None else held.picture


def _held(seal: SealRecord) -> ses.Seal | None:
    """Return the electronic seal of a record; None where there is none."""
    if seal.form is not SealForm.SES or not seal.content:
        return None
    try:
        return ses.read_seal(seal.content, lenient=True)
    except MalformedError:
        return None  # what is stored was read once; seal check tells more


def to_json(seal: SealRecord, at: datetime) -> dict[str, object]:
    """Return a seal as a JSON object."""
    state, until, picture = seal.state_at(at), seal.valid_until, _picture(seal)
    return {
        "id": seal.id,
        "owner": seal.owner,
        "name": seal.name,
        "form": str(seal.form),
        "state": None if state is None else str(state),
        "test": seal.is_test,
        "valid_from": instant_text(seal.valid_from),
        "valid_until": None if until is None else instant_text(until),
        "picture": None
        if picture is None
        else {
            "type": picture.type,
            "width_mm": picture.width_mm,
            "height_mm": picture.height_mm,
        },
        "history": [
            {
                "event": str(one.kind),
                "effective_at": instant_text(one.effective_at),
                "recorded_at": instant_text(one.recorded_at),
                "by": one.by,
                "reason": str(one.reason) or None,
                "note": one.note,
            }
            for one in seal.history
        ],
    }


def show(seal: SealRecord, at: datetime, *, as_json: bool) -> None:
    """Print one seal."""
    if as_json:
        report.json_line(to_json(seal, at))
    else:
        report.rows(rows(seal, at))
