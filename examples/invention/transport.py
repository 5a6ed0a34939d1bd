"""Road transport business licenses (道路运输经营许可证)."""

from datetime import timedelta

from elicense.dates import period_end
from invention import people, words
from invention.desk import Desk

_DANGERS = tuple(
    f"{kind}类{part}项"
    for kind, parts in ((1, 6), (2, 3), (4, 3), (5, 2), (6, 2))
    for part in range(1, parts + 1)
)
_BEHIND = {
    "货物专用运输": ("集装箱", "冷藏保鲜", "罐式容器"),
    "大型物件运输": ("一类", "二类", "三类", "四类"),
    "危险货物运输": (*_DANGERS, "3类", "8类", "9类", "医疗废物", "危险废物"),
}
_COUNTS = (1, 1, 2, 2, 3, 4, 6, 10, 16, 23)
_NATURES = (
    *("159 其他有限责任(公司)", "151 国有独资(公司)", "160 股份有限(公司)"),
    *("171 私营独资", "410 个体户", "310 中外合资经营"),
)
_COUNTIES = ("青", "云栖", "桑麻", "鹿", "高新", "松涛自治")
_BRANCHES = (1, 1, 2, 4, 20)
_RECORDS = (1, 1, 2, 3, 5, 8, 12, 24)
_CONTENTS = {
    "审验": (
        "核发证件，车辆12辆",
        "年度审验合格",
        "车辆审验合格；新增车辆3辆，退出车辆1辆",
    ),
    "违章": (
        "未按规定维护车辆，责令改正",
        "超越许可的事项从事道路货物运输经营，责令停止经营，并按示例条例作出处理；已于规定期限内整改完毕",
    ),
}
_ORGANS = ("示例市交通运输局", "示例市交通运输综合行政执法支队青禾大队")


def road_transport(desk: Desk) -> dict[str, object]:
    """Return an application for a road transport license."""
    chance = desk.chance
    grant = desk.grant(4)
    scope = _scope(desk)
    carriers = any("客运" in item for item in scope) and chance.often(30)
    until = {"valid_until": period_end(grant.first, 8).isoformat()} if carriers else {}
    return {
        "holders": [
            {"name": words.organization(desk, trade="运输"), "code": desk.uscc()}
        ],
        **desk.begun(grant),
        **until,
        "number": desk.fresh(lambda: _number(desk)),
        "address": words.address(desk, desk.room("address")),
        "economic_type": chance.deal(_NATURES),
        **desk.maybe(70, {"principal": people.person(desk)}),
        "scope": scope,
        **desk.maybe(30, {"branches": _branches(desk)}),
        **desk.maybe(70, {"fleet": str(chance.deal((0, 1, 12, 86, 305, 1024, 12000)))}),
        **desk.maybe(50, {"records": _records(desk)}),
    }


def _number(desk: Desk) -> str:
    county = desk.chance.one(_COUNTIES)
    ordinal = desk.chance.one(("", "第"))
    serial = desk.chance.between(0, 999_999)
    return f"示交运管许可{county}字{ordinal}{desk.division}{serial:06d}号"


def _scope(desk: Desk) -> list[str]:
    chance = desk.chance
    choices = desk.choices("scope")
    first = chance.deal(choices)
    kinds = dict.fromkeys((first, *chance.some(choices, chance.deal(_COUNTS) - 1)))
    texts = [text for kind in kinds for text in _worded(desk, kind)]
    return texts[: desk.most("scope")]


def _worded(desk: Desk, kind: str) -> list[str]:
    """Return a kind of transport, once for each of what stands behind it."""
    behind = _BEHIND.get(kind)
    if behind is None:
        return [kind]
    chosen = desk.chance.some(behind, desk.chance.deal((1, 1, 2, 3, 6)))
    return [f"{kind}({remark})" for remark in chosen]


def _branches(desk: Desk) -> list[str]:
    end = "有限公司云栖分公司"
    limit = desk.room("branches")
    return desk.many(
        "branches", _BRANCHES, lambda: words.organization(desk, end, limit)
    )


def _records(desk: Desk) -> list[dict[str, str]]:
    made = desk.many("records", _RECORDS, lambda: _record(desk))
    return sorted(made, key=lambda row: row["date"])


def _record(desk: Desk) -> dict[str, str]:
    chance = desk.chance
    kind = chance.deal(("审验", "审验", "违章"))
    day = desk.day - timedelta(days=chance.between(0, 1400))
    record = {
        "date": day.isoformat(),
        "kind": kind,
        "content": chance.one(_CONTENTS[kind]),
    }
    return {**record, "organ": chance.one(_ORGANS)} if chance.often(70) else record
