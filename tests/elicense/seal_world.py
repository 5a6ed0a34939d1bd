"""Seals of departments for tests: records, their events, a policy that says who may."""

from datetime import UTC, datetime, timedelta

from elicense.identifiers import organization_check_character, uscc_check_character
from elicense.sealing import (
    Scenario,
    SealEvent,
    SealEventKind,
    SealForm,
    SealReason,
    SealRecord,
    SealUse,
)

T0 = datetime(2026, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
END = datetime(2029, 1, 1, tzinfo=UTC)
FOOD, TRADE = "food-business", "business-license"


def code(n):
    """Return the USCC of an invented department."""
    organization = f"{n:08d}"
    body = f"11990100{organization}{organization_check_character(organization)}"
    return body + uscc_check_character(body)


def event(kind, at=T0, *, recorded=None, reason=SealReason.NONE, by="keeper", note=""):
    return SealEvent(
        kind=SealEventKind(kind),
        effective_at=at,
        recorded_at=recorded or at,
        by=by,
        reason=reason,
        note=note,
    )


def life(*kinds, at=T0):
    return [event(kind, at) for kind in kinds]


ENABLED = ("request", "make", "file", "enable")


def seal(n, id_="", owner="", **changes):
    given = {
        "id": id_ or f"9901{n:010d}",
        "owner": owner or code(n),
        "name": f"示范市第{n}局（测试印章，无法律效力）",
        "form": SealForm.SES,
        "valid_from": T0,
        "valid_until": END,
    }
    return SealRecord(**(given | changes))


def use(n, **changes):
    given = {
        "seal": f"9901{n:010d}",
        "organization": code(n),
        "type_name": FOOD,
        "scenario": Scenario.ISSUE,
        "operator": f"clerk-{n}",
        "approver": f"chief-{n}",
        "at": NOON,
    }
    return SealUse(**(given | changes))


def later(days=0, **more):
    return NOON + timedelta(days=days, **more)
