"""What a hub's table lets a department say, of what its bundle says.

docs/formats/hub.md, sections 2.5 and 2.8. Something is only ever left out or limited,
and nothing is added.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from elicense import dates
from elicense.trust.hub_model import DepartmentGrant
from elicense.trust.model import Bundle, KeyGrant, OrganizationEntry, Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the table grants of a bundle.

    Attributes:
        bundle: it.
        types: license types that stay, each once.
        types_left_out: those that do not.
        backfill_left_out: whether a backfill was left out.
        keys_raised: kids, hexadecimal, of token keys that sign from a later day on than
            the department says.
        keys_left_out: kids of token keys whose whole period lies before that day.
    """

    bundle: Bundle
    types: tuple[str, ...]
    types_left_out: tuple[str, ...]
    backfill_left_out: bool
    keys_raised: tuple[str, ...]
    keys_left_out: tuple[str, ...]


def granted(
    bundle: Bundle, grant: DepartmentGrant, floors: Mapping[str, datetime]
) -> Granted:
    """Return what a table grants of a department's bundle.

    Args:
        bundle: as the department signed it.
        grant: what the table says of it.
        floors: organization -> the earliest instant from which its token keys may sign;
            the day of the table counts before it.
    """
    if grant.since is not None:
        floors = {**floors, grant.organization: dates.start_of(grant.since)}
    claimed = _types(bundle)
    keys = {item.key.kid.hex(): _limited(item, grant, floors) for item in bundle.keys}
    return Granted(
        bundle=replace(
            bundle,
            organizations=tuple(_succeeded(o, grant) for o in bundle.organizations),
            keys=tuple(item for item in keys.values() if item is not None),
            seals=tuple(
                replace(seal, types=_common(seal.types, grant)) for seal in bundle.seals
            ),
        ),
        types=tuple(name for name in claimed if name in grant.types),
        types_left_out=tuple(name for name in claimed if name not in grant.types),
        backfill_left_out=not grant.backfill
        and any(item.backfill for item in bundle.keys),
        keys_raised=tuple(
            kid
            for item in bundle.keys
            if (after := keys[kid := item.key.kid.hex()]) is not None
            and after.period != item.period
        ),
        keys_left_out=tuple(kid for kid, item in keys.items() if item is None),
    )


def first_signing(keys: Iterable[KeyGrant]) -> dict[str, datetime]:
    """Return from when the token keys of each organization sign, the earliest one."""
    found: dict[str, datetime] = {}
    for item in keys:
        if item.purpose == "token":
            at = item.period.signs_from
            found[item.organization] = min(at, found.get(item.organization, at))
    return found


def strangers(bundle: Bundle, organization: str) -> Iterator[str]:
    """Give the organizations of a bundle that do not name a department as successor.

    One may name another one of the bundle that does.
    """
    successors = {
        entry.code: {item.code for item in entry.successors}
        for entry in bundle.organizations
    }
    heirs = {organization}
    while more := {
        code
        for code, named in successors.items()
        if code not in heirs and not heirs.isdisjoint(named)
    }:
        heirs |= more
    return (code for code in successors if code not in heirs)


def _limited(
    item: KeyGrant, grant: DepartmentGrant, floors: Mapping[str, datetime]
) -> KeyGrant | None:
    """Return a key as the table has it; None where nothing is left of its period."""
    backfill = item.backfill if grant.backfill else None
    floor = floors.get(item.organization)
    period = item.period
    if item.purpose == "token" and floor is not None and period.signs_from < floor:
        if period.signs_until is not None and period.signs_until <= floor:
            return None
        period = Period(floor, period.signs_until)
    return replace(
        item, types=_common(item.types, grant), backfill=backfill, period=period
    )


def _succeeded(entry: OrganizationEntry, grant: DepartmentGrant) -> OrganizationEntry:
    """Return an organ with its successions limited to the types of the table."""
    successors = tuple(
        replace(item, types=_common(item.types, grant)) for item in entry.successors
    )
    return replace(entry, successors=successors)


def _common(types: Iterable[str], grant: DepartmentGrant) -> tuple[str, ...]:
    return tuple(name for name in types if name in grant.types)


def _types(bundle: Bundle) -> tuple[str, ...]:
    """Return the license types that a department grants itself, each once."""
    listed = [item.types for item in bundle.keys]
    listed += [item.types for item in bundle.seals]
    return tuple(dict.fromkeys(name for types in listed for name in types))
