"""Public place hygiene licenses (公共场所卫生许可证)."""

from invention import people, words
from invention.desk import Desk

_BEHIND = {
    "宾馆": "(含游泳池)",
    "美容店": "（不含医疗美容）",
    "商场(店)": "",
    "公共浴室": "（含足浴）",
    "影剧院": "（3个放映厅）",
}
_COUNTS = (0, 0, 0, 1, 2, 4, 8, 21)
_COUNTIES = ("示", "示青", "示云栖", "示桑麻县")
_ENDS = (
    "宾馆",
    "酒店管理有限公司",
    "美容美发店",
    "电影城有限公司",
    "体育健身中心",
    "购物广场",
)


def hygiene(desk: Desk) -> dict[str, object]:
    """Return an application for a hygiene license."""
    chance = desk.chance
    grant = desk.grant(4)
    year = grant.numbered.year
    name = words.organization(desk, chance.deal(_ENDS))
    kind = "91" if name.endswith("公司") else "92"
    return {
        "holders": [{"name": name, "code": desk.uscc(kind)}],
        **desk.begun(grant),
        "number": desk.fresh(lambda: _number(desk, year)),
        "principal": people.person(desk),
        "premises": words.address(desk, desk.room("premises")),
        "items": _items(desk),
        **desk.maybe(60, {"aircon": chance.deal(("有", "无"))}),
        **desk.maybe(60, {"area": chance.deal(("12", "860", "12345.67", "86.5"))}),
        **desk.maybe(40, {"beds": chance.deal(("0", "48", "312", "1200"))}),
    }


def _number(desk: Desk, year: int) -> str:
    chance = desk.chance
    digits = chance.one((4, 5, 6))
    serial = chance.between(0, 10**digits - 1)
    return f"{chance.one(_COUNTIES)}卫公证字〔{year}〕第{serial:0{digits}d}号"


def _items(desk: Desk) -> list[str]:
    chance = desk.chance
    choices = desk.choices("items")
    first = chance.deal(choices)
    others = chance.some(choices, chance.deal(_COUNTS))
    return [
        item + (_BEHIND.get(item, "") if chance.often(50) else "")
        for item in dict.fromkeys((first, *others))
    ]
