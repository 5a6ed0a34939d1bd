"""Construction permits (建筑工程施工许可证)."""

from datetime import timedelta
from functools import partial

from elicense.dates import period_end_of_months
from invention import people, words
from invention.building import changes, client
from invention.desk import Desk, Grant, several

_CLIENTS = (*(1,) * 6, 2, 2, 3, 5)
_UNITS = (*(1,) * 9, 2, 2, 3, 5)
_ENDS = {
    "survey": "勘察设计研究院有限公司",
    "design": "设计研究院有限公司",
    "contractor": "建设工程有限公司",
    "supervision": "工程监理有限公司",
    "general_contractor": "工程总承包有限公司",
}
_CHANGED = (
    ("施工单位项目负责人", "周示例", "赵示例"),
    ("建设单位名称", "示例市青禾置业有限公司", "示例市青禾城市建设发展集团有限公司"),
    (
        "建设规模",
        "总建筑面积12,345.67平方米，其中地上9,876.54平方米、地下2,469.13平方米",
        "总建筑面积13,000.00平方米，其中地上10,530.87平方米、地下2,469.13平方米",
    ),
    ("总监理工程师", "钱示例", "阿卜杜热合曼·买买提艾力·示例"),
)
_START = 3  # months within which work begins
_PROJECTS = (
    "青禾区示例小学迁建工程",
    "示例市云栖片区城中村改造项目一期（A-01、A-02地块）1#～12#楼及地下车库",
    "桑麻县示例大道K0+000～K8+326.5段市政道路及综合管廊工程",
    "示例厂房",
    "国家示例实验室青禾基地（一期）科研楼、动力中心、危化品库、门卫及室外配套工程施工总承包",
)
_SCALES = (
    "总建筑面积12,345.67平方米，其中地上9,876.54平方米、地下2,469.13平方米",
    "860㎡",
    "全长8.3265千米，红线宽36米，设计时速50km/h；桥梁2座，单跨最大40米",
    (
        "1#楼：18层，建筑高度53.9米，7,654.32平方米；2#楼：18层，7,654.32平方米；3#～12#楼：各11层，"
        "每栋4,321.09平方米；地下车库：2层，23,456.78平方米；室外给排水、道路、绿化及海绵城市设施；"
        "装配率不低于50%，绿色建筑二星级；结构形式：剪力墙、框架。"
    ),
)
_PRICES = ("34567800 CNY", "9876543210.98 CNY", "860000 CNY", "120000000 CNY")
_DURATIONS = ("365日历天", "2026年12月1日至2028年5月31日（548天）", "90天")
_REMARKS = (
    "单位工程一览表另附。",
    "本工程分期实施，本证为一期。",
    "工程总承包（EPC）项目。",
)


def construction_permit(desk: Desk) -> dict[str, object]:
    """Return an application for a construction permit."""
    chance = desk.chance
    grant = desk.grant(2)
    holders = several(
        min(chance.deal(_CLIENTS), desk.type.holders.max_count), lambda: client(desk)
    )
    return {
        "holders": holders,
        **desk.begun(grant),
        "valid_until": None,
        "number": desk.fresh(lambda: _permit_number(desk, grant)),
        "project_name": chance.deal(_PROJECTS),
        "site": words.address(desk, desk.room("site")),
        "scale": chance.deal(_SCALES),
        "price": chance.deal(_PRICES),
        "duration": chance.deal(_DURATIONS),
        **_units(desk),
        **desk.maybe(40, {"remarks": chance.deal(_REMARKS)}),
        **changes(desk, grant, _CHANGED),
        "project_code": f"{grant.first.year}-{desk.division}-83-01-{desk.serial:06d}",
        **_start(desk, grant),
    }


def _permit_number(desk: Desk, grant: Grant) -> str:
    chance = desk.chance
    kind = chance.one(("01", "02", "03", "99"))
    return f"{desk.division}{grant.numbered:%Y%m%d}{chance.between(1, 99):02d}{kind}"


def _units(desk: Desk) -> dict[str, object]:
    """Return who surveys, designs, builds and supervises, each with its leads."""
    kinds = ["survey", "design", "contractor"]
    names = {"supervision": "chief_supervisor", "general_contractor": "general_lead"}
    kinds += ["supervision"] if desk.chance.often(80) else []
    kinds += ["general_contractor"] if desk.chance.often(20) else []
    found: dict[str, object] = {}
    for kind in kinds:
        count = min(desk.chance.deal(_UNITS), desk.most(kind))
        found[kind] = several(count, partial(_unit, desk, kind))
        found[names.get(kind, f"{kind}_lead")] = several(count, lambda: _lead(desk))
    return found


def _unit(desk: Desk, kind: str) -> dict[str, object]:
    """Return a unit: what it is called, and often its code."""
    unit = {"name": words.organization(desk, _ENDS[kind])}
    return {**unit, **desk.maybe(60, {"uscc": desk.uscc()})}


def _lead(desk: Desk) -> dict[str, object]:
    born, sex = people.birth(desk), desk.chance.one("男女")
    lead = {"name": people.person(desk)}
    code = people.citizen_id(desk, sex, born)
    return {**lead, **desk.maybe(40, {"citizen_id": code})}


def _start(desk: Desk, grant: Grant) -> dict[str, object]:
    """Return when work began, where it had to begin already."""
    due = period_end_of_months(grant.first, _START)
    if grant.first == desk.day:
        extended = period_end_of_months(grant.first, 2 * _START).isoformat()
        return desk.maybe(10, {"start_extended_to": extended})
    begun = min(due - timedelta(days=desk.chance.between(1, 60)), desk.day)
    return {"started_on": begun.isoformat()}
