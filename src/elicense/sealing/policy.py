"""Who may use which seal, on what, when: data that people write, and one rule.

docs/formats/seals.md, section 3. Reading is strict, so that a slip never grants.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from elicense import dates
from elicense.catalog.table import Table
from elicense.errors import CatalogError
from elicense.model import Text
from elicense.sealing.life import SealState
from elicense.sealing.record import SealRecord
from elicense.sealing.use import (
    Allowed,
    Refusal,
    Refused,
    Scenario,
    SealIdError,
    SealUse,
    check_id,
)

FORMAT = "elicense.seals/1"
MAX_BYTES = 1 << 20
OWN, ANY, ROLE = "own", "*", "role:"
_RANK = {refusal: rank for rank, refusal in enumerate(Refusal)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one rule allows; the fields are those of a ``[[grant]]``.

    Attributes:
        name: of the rule.
        seal: id of the seal, or ``own``.
        types: license types; ``*`` stands for all.
        scenarios: occasions.
        operators: ids, roles resolved; ``*`` stands for anybody.
        approvers: ids, roles resolved; empty where nobody has to approve.
        first: its first day, UTC+8; None for the beginning.
        last: its last day, inclusive; None for no end.
    """

    name: str
    seal: str
    types: frozenset[str]
    scenarios: frozenset[Scenario]
    operators: frozenset[str]
    approvers: frozenset[str] = frozenset()
    first: date | None = None
    last: date | None = None

    def covers(self, use: SealUse, own: str) -> bool:
        """Tell whether the rule is about this seal, type and occasion."""
        named = own if self.seal == OWN else self.seal
        typed = not self.types.isdisjoint({use.type_name, ANY})
        return use.seal == named and typed and use.scenario in self.scenarios

    def refusal(self, use: SealUse) -> Refusal | None:
        """Return what stands in the way of a use that the rule is about."""
        day = dates.day_of(use.at)
        # Whoever approves could be the same person as somebody without a name.
        nameless = bool(self.approvers) and not use.operator
        if nameless or self.operators.isdisjoint({use.operator, ANY}):
            return Refusal.OPERATOR
        if not (self.first or day) <= day <= (self.last or day):
            return Refusal.PERIOD
        if not self.approvers:
            return None
        if not use.approver:
            return Refusal.NO_APPROVER
        if use.approver == use.operator:
            return Refusal.SAME_PERSON
        allowed = not self.approvers.isdisjoint({use.approver, ANY})
        return None if allowed else Refusal.APPROVER


@dataclass(frozen=True, slots=True)
class SealPolicy:
    """A policy as it was read.

    Attributes:
        grants: its rules, in their order.
        owed: the scenarios that owe a seal; empty for the first issue of every type.
    """

    grants: tuple[Grant, ...]
    owed: tuple[tuple[str, Scenario], ...] = ()


def decide(
    policy: SealPolicy | None, seal: SealRecord | None, own: str, use: SealUse
) -> Allowed | Refused:
    """Answer whether a seal may be used as asked; no file, no clock.

    1. There is such a seal, it belongs to the organ that asks, is enabled at the
       instant, and the instant lies in its period.
    2. Without a policy it is the organ's own seal that signs now.
    3. With one, a grant is about the seal, the type and the occasion, names the
       operator, holds on that day in UTC+8, and has its approver, who is somebody else.
       An operator who is not named, and one who approves for himself, is refused there.

    Args:
        policy: None where there is none.
        seal: the seal of ``use.seal``, None for an unknown one.
        own: id of the own seal that signs now.
        use: what is asked, with the seal named.
    """
    stands = _stands(seal, use)
    if stands is not None:
        return Refused(use, stands)
    if policy is None:
        return Allowed(use) if use.seal == own else Refused(use, Refusal.NO_GRANT)
    nearest = Refusal.NO_GRANT
    for grant in policy.grants:
        if not grant.covers(use, own):
            continue
        refusal = grant.refusal(use)
        if refusal is None:
            return Allowed(use, grant.name)
        nearest = max(nearest, refusal, key=_RANK.__getitem__)
    return Refused(use, nearest)


def _stands(seal: SealRecord | None, use: SealUse) -> Refusal | None:
    """Return what is wrong with the seal itself."""
    if seal is None:
        return Refusal.UNKNOWN_SEAL
    if seal.owner != use.organization:
        return Refusal.OTHER_OWNER
    state = seal.state_at(use.at)
    if state is SealState.EXPIRED:
        return Refusal.EXPIRED
    if state is not SealState.ENABLED:
        return Refusal.NOT_ENABLED
    return Refusal.NOT_YET_VALID if use.at < seal.valid_from else None


def read_policy(
    data: bytes, types: Iterable[str], where: str = "seals.toml"
) -> SealPolicy:
    """Read a policy file.

    Args:
        data: the file.
        types: the license types of the catalog; a grant names no other.
        where: the file's name, for errors.

    Raises:
        CatalogError: what is wrong, with file and key.
    """
    known = tuple(types)
    table = Table(_parsed(data, where), where)
    if table.text("format") != FORMAT:
        table.fault("format", f"应为 {FORMAT}", f"expected {FORMAT}")
    roles = table.optional("roles", _roles) or {}
    grants = table.each("grant", lambda one: _grant(one, known, roles), required=False)
    owed = table.each("scenario", lambda one: _owed(one, known), required=False)
    table.end()
    names = [grant.name for grant in grants]
    if len(set(names)) != len(names):
        table.fault("grant", "name 不得重复", "two of one name")
    return SealPolicy(grants, tuple(dict.fromkeys(owed)))


def _parsed(data: bytes, where: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(data.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as err:
        raise CatalogError(
            Text(f"{where}：不是 TOML：{err}", f"{where}: not TOML: {err}")
        ) from err


def _roles(table: Table) -> Mapping[str, frozenset[str]]:
    return {name: _ids(table, name, {}) for name in table.names()}


def _grant(
    table: Table, types: tuple[str, ...], roles: Mapping[str, frozenset[str]]
) -> Grant:
    is_narrow = "scenarios" in table
    occasions = table.texts("scenarios", tuple(Scenario))
    if is_narrow and not occasions:
        table.fault("scenarios", "不得为空", "expected at least one")
    made = Grant(
        name=table.text("name"),
        seal=_id(table, "seal"),
        types=_some(table, "types", (*types, ANY)),
        scenarios=frozenset(map(Scenario, occasions or tuple(Scenario))),
        operators=_ids(table, "operators", roles),
        approvers=frozenset(),
    )
    if "approvers" in table:
        made = replace(made, approvers=_ids(table, "approvers", roles))
    first, last = _day(table, "from"), _day(table, "until")
    if first and last and last < first:
        table.fault("until", "不得早于 from", "before from")
    return replace(made, first=first, last=last)


def _owed(table: Table, types: tuple[str, ...]) -> tuple[str, Scenario]:
    name = table.text("type")
    if name not in types:
        table.fault("type", "没有该证照类型", "there is no such license type")
    return name, table.enum("operation", Scenario)


def _some(table: Table, key: str, allowed: tuple[str, ...]) -> frozenset[str]:
    found = table.texts(key, allowed)
    if not found:
        table.fault(key, "不得为空", "expected at least one")
    return frozenset(found)


def _id(table: Table, key: str) -> str:
    value = table.text(key)
    _check(table, key, value)
    return value


def _ids(table: Table, key: str, roles: Mapping[str, frozenset[str]]) -> frozenset[str]:
    found: set[str] = set()
    for value in table.texts(key):
        if value.startswith(ROLE):
            role = value.removeprefix(ROLE)
            if role not in roles:
                table.fault(key, f"没有角色 {role}", f"there is no role {role}")
            found |= roles[role]
        else:
            _check(table, key, value)
            found.add(value)
    if not found:
        table.fault(key, "不得为空", "expected at least one")
    return frozenset(found)


def _check(table: Table, key: str, value: str) -> None:
    if value == ANY:
        return
    try:
        check_id(key, value)
    except SealIdError as err:
        raise table.error(key, err.message.zh, err.message.en) from err


def _day(table: Table, key: str) -> date | None:
    if key not in table:
        return None
    value = table.take(key, date)
    if type(value) is not date:
        table.fault(
            key, "应为日期（如 2026-01-31）", "expected a day, such as 2026-01-31"
        )
    return value
