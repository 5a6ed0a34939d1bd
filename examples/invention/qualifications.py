"""Qualification certificates of the building trade (建设工程企业资质证书)."""

from datetime import timedelta

from invention import people, words
from invention.building import changes, client
from invention.desk import Desk, Grant
from invention.registered import CAPITALS

_CHANGED = (
    ("企业名称", "示例市青禾建筑有限公司", "示例市青禾城市建设发展集团有限公司"),
    ("法定代表人", "郑示例", "阿卜杜热合曼·买买提艾力·示例"),
    (
        "注册地址",
        "示例省示例市青禾区示例路3号",
        "示例省示例市云栖区桑麻巷2026号A座18层",
    ),
    ("注册资本", "1,000万元", "12,345.67万元"),
)
_GENERAL = (
    *("建筑工程", "公路工程", "铁路工程", "港口与航道工程", "水利水电工程", "电力工程"),
    *("矿山工程", "冶金工程", "石油化工工程", "市政公用工程", "通信工程", "机电工程"),
)
_SPECIAL = (
    *(
        "地基基础工程",
        "起重设备安装工程",
        "预拌混凝土",
        "电子与智能化工程",
        "消防设施工程",
    ),
    *("防水防腐保温工程", "桥梁工程", "隧道工程", "钢结构工程", "模板脚手架"),
    *("建筑装修装饰工程", "建筑机电安装工程", "建筑幕墙工程", "古建筑工程", "环保工程"),
    *("城市及道路照明工程", "公路路面工程", "公路路基工程", "河湖整治工程", "特种工程"),
    *(
        "公路交通工程（公路安全设施分项）",
        "输变电工程",
        "核工程",
        "水工金属结构制作与安装工程",
    ),
)
_OTHERS = {
    "A": ("工程设计", tuple(f"{name}行业" for name in _GENERAL)),
    "B": ("工程勘察", ("岩土工程", "工程测量", "水文地质勘察", "工程钻探（劳务类）")),
    "E": ("工程监理", (*_GENERAL, "房屋建筑工程")),
}
_DEGREES = {
    "施工总承包": ("特级", "壹级", "贰级", "叁级"),
    "专业承包": ("壹级", "贰级", "叁级", "不分等级"),
    "施工劳务": ("不分等级",),
}
_OTHER_DEGREES = ("甲级", "乙级", "丙级")
_ROWS = (1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)
_NATURES = (
    "有限责任公司",
    "股份有限公司(非上市)",
    "有限责任公司(国有独资)",
    "全民所有制",
)


def construction_qualification(desk: Desk) -> dict[str, object]:
    """Return an application for a qualification certificate."""
    chance = desk.chance
    grant = desk.grant(5)
    family = chance.deal(("D", "D", "D", "A", "B", "E"))
    return {
        "holders": [client(desk)],
        **desk.begun(grant),
        "number": desk.fresh(lambda: _certificate_number(desk, family)),
        "principal": people.person(desk),
        **desk.maybe(60, {"manager": people.person(desk)}),
        **desk.maybe(60, {"engineer": people.person(desk)}),
        "address": words.address(desk, desk.room("address")),
        "capital": chance.deal(CAPITALS),
        "economic_nature": chance.deal(_NATURES),
        "qualifications": _qualifications(desk, family, grant),
        **changes(desk, grant, _CHANGED),
        **desk.maybe(40, {"remarks": words.remark(desk)}),
    }


def _certificate_number(desk: Desk, family: str) -> str:
    serial = desk.chance.between(0, 999_999)
    return f"{family}{desk.chance.one('123')}99{serial:06d}"


def _qualifications(desk: Desk, family: str, grant: Grant) -> list[dict[str, str]]:
    chance = desk.chance
    kind, fields = _OTHERS.get(family, ("", ()))
    rows = [(kind, field) for field in fields] or [
        *(("施工总承包", field) for field in _GENERAL),
        *(("专业承包", field) for field in _SPECIAL),
        ("施工劳务", "施工劳务"),
    ]
    ends = chance.often(60)
    return [
        _row(desk, row, grant, ends=ends)
        for row in chance.some(rows, chance.deal(_ROWS))
    ]


def _row(
    desk: Desk, row: tuple[str, str], grant: Grant, *, ends: bool
) -> dict[str, str]:
    approved = grant.first - timedelta(days=desk.chance.between(0, 1000))
    degree = desk.chance.deal(_DEGREES.get(row[0], _OTHER_DEGREES))
    found = {"kind": row[0], "field": row[1], "degree": degree}
    found["approved_on"] = approved.isoformat()
    if ends:
        until = desk.day + timedelta(days=desk.chance.between(30, 1800))
        found["valid_until"] = until.isoformat()
    return found
