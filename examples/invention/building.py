"""What permits and certificates of the building trade have in common."""

from datetime import date, timedelta

from invention import words
from invention.desk import Desk, Grant

Changed = tuple[tuple[str, str, str], ...]
"""What may be changed: the item, before and after."""
_CHANGES = (1, 1, 2, 3, 5, 12, 30)


def client(desk: Desk) -> dict[str, str]:
    """Return an organization that builds or has something built."""
    return {"name": words.organization(desk, trade="建设"), "code": desk.uscc()}


def changes(desk: Desk, grant: Grant, changed: Changed) -> dict[str, object]:
    """Return what was changed, the oldest first; of a first grant nothing.

    Args:
        desk: whose chance decides.
        grant: since when there is something to change.
        changed: what it may be.
    """
    if grant.origin == "新发":
        return {}
    first = grant.numbered
    made = desk.many("changes", _CHANGES, lambda: _change(desk, first, changed))
    return {"changes": sorted(made, key=lambda row: row["date"])}


def _change(desk: Desk, first: date, changed: Changed) -> dict[str, str]:
    item, before, after = desk.chance.deal(changed)
    days = desk.chance.between(0, (desk.day - first).days)
    day = (desk.day - timedelta(days=days)).isoformat()
    told = {"before": before, "after": after} if desk.chance.often(85) else {}
    return {"date": day, "item": item, **told}
