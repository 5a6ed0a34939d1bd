"""All applications of a day, over every built-in type."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

from elicense.catalog import Catalog
from invention import (
    food,
    permits,
    persons,
    places,
    qualifications,
    registered,
    transport,
)
from invention.desk import Desk

_MAKERS: dict[str, Callable[[Desk], dict[str, object]]] = {
    "business-license": registered.business_license,
    "food-business": food.food_business,
    "construction-permit": permits.construction_permit,
    "construction-qualification": qualifications.construction_qualification,
    "road-transport": transport.road_transport,
    "hygiene": places.hygiene,
    "teacher": persons.teacher,
    "special-operation": persons.special_operation,
}
_ROUND = (
    *_MAKERS,
    *_MAKERS,
    *("business-license", "food-business", "teacher", "special-operation"),
)
"""The types in the order in which applications come in, again and again."""


def applications(
    seed: int, count: int, day: date, rare: str = ""
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield applications, each with the name of its type and with ``case`` beside it.

    Every application follows the rules of its type on the day, and may be issued on it
    or later. No two of a type have the same number.

    Args:
        seed: the same one gives the same applications.
        count: how many.
        day: on which they are issued.
        rare: characters for names that the built-in faces lack.
    """
    catalog = Catalog.builtin()
    desks = {name: Desk(catalog.get(name), seed, day, rare) for name in _MAKERS}
    for n in range(count):
        name = _ROUND[n % len(_ROUND)]
        desk = desks[name]
        desk.next()
        case = f"{day:%Y%m%d}-{seed}-{n + 1:06d}"
        yield name, {"case": case, **_MAKERS[name](desk)}


def write(
    folder: Path, made: Iterable[tuple[str, dict[str, object]]]
) -> dict[str, int]:
    """Write a file of JSON lines for each type, whole or not at all.

    Args:
        folder: is made if need be.
        made: as `applications` yields them.

    Returns:
        How many lines each type has.
    """
    lines: dict[str, list[str]] = {}
    for name, application in made:
        line = json.dumps(application, ensure_ascii=False, separators=(",", ":"))
        lines.setdefault(name, []).append(f"{line}\n")
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in lines.items():
        draft = folder / f".{name}.new"
        draft.write_text("".join(found), encoding="utf-8", newline="\n")
        draft.replace(folder / f"{name}.jsonl")
    return {name: len(found) for name, found in lines.items()}
