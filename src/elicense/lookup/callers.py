"""Who may ask a register for what: ``callers.toml`` (docs/formats/lookup.md, 1)."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from elicense.errors import MalformedCodeError
from elicense.identifiers import check_uscc
from elicense.lookup.model import LookupRefusedError
from elicense.model import Text

FORMAT = "elicense.callers/1"
MAX_BYTES = 1 << 20
_MEMBERS = {"organization", "departments", "types"}


@dataclass(frozen=True, slots=True)
class CallerGrant:
    """What an organ may ask for.

    Attributes:
        organization: its USCC.
        departments: issuers that it may ask for; None for all of its own register.
        types: license types, likewise.
    """

    organization: str
    departments: frozenset[str] | None
    types: frozenset[str] | None

    def covers(self, issuer: str, type_name: str) -> bool:
        """Tell whether a license of this issuer and type may be told."""
        return (self.departments is None or issuer in self.departments) and (
            self.types is None or type_name in self.types
        )


def own(organization: str) -> CallerGrant:
    """Return the grant of the organ whose register it is: everything."""
    return CallerGrant(organization, None, None)


def read(data: bytes) -> tuple[CallerGrant, ...]:
    """Return who is granted what.

    Total: any bytes give grants or this error.

    Raises:
        LookupRefusedError: not TOML, another format, something missing, unknown, empty
            or twice; says where.
    """
    try:
        content = tomllib.loads(data.decode()) if len(data) <= MAX_BYTES else {}
    except (ValueError, RecursionError) as err:
        raise _error("不是有效的 TOML", "not valid TOML") from err
    if content.keys() != {"format", "caller"} or content["format"] != FORMAT:
        _wrong(
            f'应有 format = "{FORMAT}" 和 [[caller]]',
            f'expected format = "{FORMAT}" and [[caller]], and nothing else',
        )
    listed = content["caller"]
    if not isinstance(listed, list):
        _wrong("应为 [[caller]]", "expected [[caller]]")
    grants = tuple(_grant(place, item) for place, item in enumerate(listed, 1))
    codes = [grant.organization for grant in grants]
    if len(set(codes)) != len(codes):
        _wrong("同一机构出现两次", "an organization is listed twice")
    return grants


def _grant(place: int, item: object) -> CallerGrant:
    if not isinstance(item, dict) or item.keys() != _MEMBERS:
        names = ", ".join(sorted(_MEMBERS))
        _wrong(f"第 {place} 个 [[caller]] 应有 {names}", f"caller {place}: {names}")
    codes = _texts(place, [item["organization"]])
    departments = _texts(place, item["departments"])
    types = _texts(place, item["types"])
    try:
        for code in (*codes, *departments):
            check_uscc(code)
    except MalformedCodeError as err:
        raise _error(
            f"第 {place} 个 [[caller]] 的机构代码不正确",
            f"caller {place}: not the code of an organization",
        ) from err
    return CallerGrant(codes[0], frozenset(departments), frozenset(types))


def _texts(place: int, items: object) -> tuple[str, ...]:
    found = items if isinstance(items, list) else []
    texts = tuple(item for item in found if isinstance(item, str) and item)
    if not texts or len(texts) != len(found):
        _wrong(
            f"第 {place} 个 [[caller]] 有空的或不是文本的项",
            f"caller {place}: an item is empty, or is no text",
        )
    return texts


def grant_of(
    organization: str, owner: str, grants: Iterable[CallerGrant]
) -> CallerGrant | None:
    """Return what a caller is granted, None for nothing.

    Args:
        organization: USCC of who asks.
        owner: USCC of whose register it is.
        grants: of the others.
    """
    if organization == owner:
        return own(owner)
    return next((item for item in grants if item.organization == organization), None)


def _error(zh: str, en: str) -> LookupRefusedError:
    return LookupRefusedError(Text(f"callers.toml：{zh}", f"callers.toml: {en}"))


def _wrong(zh: str, en: str) -> NoReturn:
    raise _error(zh, en)
