"""Business licenses (营业执照): who is registered decides what stands there."""

from datetime import timedelta

from elicense.dates import period_end
from invention import people, words
from invention.desk import Desk, Grant

_CLASSES = (
    *("公司",) * 5,
    *("个体工商户",) * 4,
    *("合伙企业", "合伙企业", "个人独资企业", "分支机构", "农民专业合作社"),
)
_TYPES = {
    "公司": (
        *(
            "有限责任公司(自然人投资或控股)",
            "有限责任公司(自然人独资)",
            "股份有限公司(上市)",
        ),
        *(
            "有限责任公司(港澳台投资、非独资)",
            "有限责任公司(外国法人独资)",
            "国有独资公司",
        ),
    ),
    "个体工商户": ("个体工商户", "个体工商户(港澳居民)"),
    "合伙企业": (
        "有限合伙企业",
        "普通合伙企业",
        "特殊普通合伙企业",
        "外商投资有限合伙企业",
    ),
    "个人独资企业": ("个人独资企业",),
    "分支机构": ("有限责任公司分公司(自然人投资或控股)", "个人独资企业分支机构"),
    "农民专业合作社": ("农民专业合作社", "农民专业合作社联合社"),
}
_ENDS = {
    "公司": ("有限公司", "有限责任公司", "股份有限公司", "集团有限公司"),
    "合伙企业": (
        "合伙企业（有限合伙）",
        "事务所（普通合伙）",
        "事务所（特殊普通合伙）",
    ),
    "个人独资企业": ("厂", "工作室", "经营部"),
    "分支机构": ("有限公司云栖分公司", "股份有限公司第12营业部", "有限公司示例大道店"),
    "农民专业合作社": ("农民专业合作社", "种植专业合作社联合社"),
}
_KINDS = {"个体工商户": "92", "农民专业合作社": "93"}
_WITH_CAPITAL = ("公司", "合伙企业", "农民专业合作社")
CAPITALS = (
    *("1000000 CNY", "30000 CNY", "5000000 CNY", "100000000 CNY", "12345678.90 CNY"),
    *("2000000 USD", "10000000 HKD", "500000 CNY", "1500000.5 EUR", "300000000 JPY"),
    *("987654321098.76 CNY", "66000000 CNY", "8000000 SGD", "10010 CNY", "250000 GBP"),
)
_TERMS = (None, None, None, 10, 20, 30, 50)
_PARTNERS = (1, 2, 1, 3, 4)
_MOST = 40  # characters of a partner


def business_license(desk: Desk) -> dict[str, object]:
    """Return an application for a business license."""
    chance = desk.chance
    entity = chance.deal(_CLASSES)
    grant = desk.grant(10)
    years = chance.deal(_TERMS)
    until = None if years is None else period_end(grant.first, years).isoformat()
    return {
        "holders": [{"name": _name(desk, entity), "code": _code(desk, entity)}],
        **desk.begun(grant),
        "valid_until": until,
        "entity_class": entity,
        "entity_type": chance.deal(_TYPES[entity]),
        "principal": _principals(desk, entity),
        **_by_class(desk, entity),
        "established": _established(desk, grant),
        "address": words.address(desk, desk.room("address")),
        "scope": words.scope(desk),
        **desk.maybe(60, {"copy_no": chance.deal(("(1-1)", "(1-2)", "（2-1）"))}),
        **desk.maybe(40, {"remarks": words.remark(desk)}),
    }


def _name(desk: Desk, entity: str) -> str:
    if entity == "个体工商户":
        return words.shop(desk)
    return words.organization(desk, desk.chance.deal(_ENDS[entity]))


def _code(desk: Desk, entity: str) -> str:
    return desk.uscc(_KINDS.get(entity, "91"))


def _principals(desk: Desk, entity: str) -> list[str]:
    if entity != "合伙企业":
        return [people.person(desk)]
    return [_partner(desk) for _ in range(desk.chance.deal(_PARTNERS))]


def _partner(desk: Desk) -> str:
    """Return a managing partner: a person, or a company and whom it sends."""
    if desk.chance.often(60):
        return people.person(desk)
    name = words.organization(desk, limit=24)
    text = f"{name}（委派代表：{people.person(desk)}）"
    return text if len(text) <= _MOST else f"{name}（委派代表：李示例）"


def _by_class(desk: Desk, entity: str) -> dict[str, object]:
    if entity == "个体工商户":
        return {"form": desk.chance.deal(("个人经营", "家庭经营"))}
    if entity in _WITH_CAPITAL:
        return {"capital": desk.chance.deal(CAPITALS)}
    return {}


def _established(desk: Desk, grant: Grant) -> str:
    days = desk.chance.between(0, 19) * (grant.origin != "新发") * 365
    return (grant.first - timedelta(days=days)).isoformat()
