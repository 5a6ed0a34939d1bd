"""Rules on the rows of a field: an array of objects with the keys of its columns."""

from collections.abc import Mapping
from types import MappingProxyType

from elicense.catalog.kinds import FieldRule
from elicense.catalog.single import EXPECTED, check_single
from elicense.catalog.values import Findings


def check_row(
    found: Findings, rule: FieldRule, where: str, value: object
) -> Mapping[str, str] | None:
    """Return one row with the columns that it has, in their order.

    A null is a column that is left out.

    Args:
        found: takes problems and warnings.
        rule: of the field that the row belongs to.
        where: name of the row in a problem.
        value: what the application holds there.
    """
    keys = [column.key for column in rule.columns]
    if not isinstance(value, Mapping):
        found.problem(
            where,
            f"应为对象，含 {'、'.join(keys)}",
            f"expected an object with {', '.join(keys)}",
        )
        return None
    if not set(value) <= set(keys):
        found.problem(
            where,
            f"只能有这些项：{'、'.join(keys)}",
            f"has other keys than {', '.join(keys)}",
        )
        return None
    before = len(found.problems)
    row = _columns(found, rule, where, value)
    if not row and len(found.problems) == before:
        found.problem(where, "没有任何内容", "nothing is given")
    return MappingProxyType(row) if len(found.problems) == before else None


def _columns(
    found: Findings, rule: FieldRule, where: str, value: Mapping[str, object]
) -> dict[str, str]:
    row: dict[str, str] = {}
    for column in rule.columns:
        place = f"{where}.{column.key}"
        given = value.get(column.key)
        if given is not None:
            text = check_single(found, column, place, given)
            if text is not None:
                row[column.key] = text
        elif column.required:
            expected = EXPECTED[column.kind]
            found.problem(
                place,
                f"缺少“{column.label.zh}”，应为{expected.zh}",
                f"{column.label.en} is missing; expected {expected.en}",
            )
    return row
