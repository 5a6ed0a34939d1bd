"""Food business licenses (食品经营许可证)."""

from elicense.identifiers import check_mod_11_10
from invention import people, words
from invention.desk import Desk

_REMARKS_BEHIND = {
    "食品销售经营者": ("", "(网络经营)", "(批发、零售)", "（含自动售货）"),
    "餐饮服务经营者": (
        "",
        "(小餐饮)",
        "(中央厨房)",
        "(集体用餐配送单位)",
        "（网络经营）",
    ),
    "集中用餐单位食堂": ("", "(学校食堂)", "（养老机构食堂）", "(职工食堂)"),
}
_BEHIND_ITEMS = {
    "自制饮品制售": "（不含自酿酒）",
    "冷食类食品制售": "（仅简单处理）",
    "散装食品销售": "（含冷藏冷冻食品，含散装熟食）",
    "糕点类食品制售": "（含裱花蛋糕）",
    "特殊食品销售": "（保健食品、特殊医学用途配方食品、婴幼儿配方乳粉）",
}
_COUNTS = (1, 1, 2, 2, 3, 4, 5, 7, 11)
_WAREHOUSES = (1, 1, 2, 3, 10)
_PHONES = ("12315", "12345", "0990-12345678", "0990-1234567转810", "400-000-0000")


def food_business(desk: Desk) -> dict[str, object]:
    """Return an application for a food business license."""
    chance = desk.chance
    form = chance.deal(desk.choices("business_form"))
    individual = chance.often(50)
    name = words.shop(desk) if individual else words.organization(desk)
    domicile = words.address(desk, desk.room("domicile"))
    return {
        "holders": [{"name": name, "code": desk.uscc("92" if individual else "91")}],
        **desk.begun(desk.grant(5)),
        "number": desk.fresh(lambda: _number(desk, form)),
        "principal": people.person(desk),
        "domicile": domicile,
        "premises": domicile
        if chance.often(60)
        else words.address(desk, desk.room("premises")),
        "business_form": form + chance.deal(_REMARKS_BEHIND[form]),
        "items": _items(desk),
        "complaint_phone": chance.deal(_PHONES),
        **desk.maybe(30, {"warehouses": _warehouses(desk)}),
        **desk.maybe(40, {"remarks": words.remark(desk)}),
    }


def _number(desk: Desk, form: str) -> str:
    digit = desk.choices("business_form").index(form) + 1
    serial = desk.chance.between(0, 999_999)
    body = f"{digit}{desk.division}{serial:06d}"
    return f"JY{body}{check_mod_11_10(body)}"


def _items(desk: Desk) -> list[str]:
    chance = desk.chance
    first = chance.deal(desk.choices("items"))
    others = chance.some(desk.choices("items"), chance.deal(_COUNTS))
    return [
        item + (_BEHIND_ITEMS.get(item, "") if chance.often(60) else "")
        for item in dict.fromkeys((first, *others))
    ]


def _warehouses(desk: Desk) -> list[str]:
    return desk.many(
        "warehouses", _WAREHOUSES, lambda: words.address(desk, desk.room("warehouses"))
    )
