"""Certificates of persons: teachers (教师资格) and special operations (特种作业)."""

from datetime import date, timedelta

from elicense.dates import period_end
from invention import people, portraits
from invention.desk import Desk, Grant

_CODE_TYPES = (*("111",) * 8, "414", "516", "511", "999")
_PREFIXES = {"414": "EX", "516": "H00", "511": "T0", "999": "9901"}
_SUBJECTS = {
    "高等学校教师资格": ("计算机科学与技术", "马克思主义理论", "材料加工工程（焊接）"),
    "中等职业学校实习指导教师资格": (
        "汽车运用与维修",
        "数控技术应用",
        "中餐烹饪与营养膳食",
    ),
}
_SCHOOL = (
    *("语文", "数学", "英语", "道德与法治", "物理", "化学", "生物学", "历史", "地理"),
    *("音乐", "美术", "体育与健康", "信息科技", "维吾尔语", "心理健康教育", "藏语文"),
)
_REMARKS = ("本证书为补发", "换发，原证书号码不变", "普通话水平：二级甲等。")
_REVIEW = 3  # years
_YEAR = 365  # days


def _holder(desk: Desk, sex: str, born: date) -> dict[str, str]:
    kind = desk.chance.deal(_CODE_TYPES)
    if kind == "111":
        code = people.citizen_id(desk, sex, born)
        name = people.person(desk, citizen=True)
        return {"name": name, "code": code, "code_type": kind}
    name = people.foreigner(desk) if kind == "414" else people.person(desk)
    number = desk.chance.between(0, 999_999)
    code = desk.fresh(lambda: f"{_PREFIXES[kind]}{number:07d}")
    return {"name": name, "code": code, "code_type": kind}


def teacher(desk: Desk) -> dict[str, object]:
    """Return an application for a teacher's certificate."""
    chance = desk.chance
    sex, born = chance.deal(("男", "女")), people.birth(desk)
    grant = desk.grant(2)
    kind = chance.deal(desk.choices("kind"))
    return {
        "holders": [_holder(desk, sex, born)],
        **desk.begun(grant),
        "valid_until": None,
        "number": desk.fresh(lambda: _number(desk, kind, sex, grant)),
        "sex": sex,
        "birth": born.isoformat(),
        "ethnicity": chance.deal(desk.choices("ethnicity")),
        "kind": kind,
        **_subject(desk, kind),
        **desk.maybe(40, {"remarks": chance.deal(_REMARKS)}),
        "photo": portraits.portrait(chance, sex),
    }


def _number(desk: Desk, kind: str, sex: str, grant: Grant) -> str:
    chance = desk.chance
    digit = desk.choices("kind").index(kind) + 1
    begin = f"{grant.numbered.year}99{chance.between(10, 19):03d}{digit}"
    return f"{begin}{1 if sex == '男' else 2}{chance.between(0, 999_999):06d}"


def _subject(desk: Desk, kind: str) -> dict[str, object]:
    if kind == "幼儿园教师资格":
        return {}
    return {"subject": desk.chance.deal(_SUBJECTS.get(kind, _SCHOOL))}


def special_operation(desk: Desk) -> dict[str, object]:
    """Return an application for a special operation certificate."""
    chance = desk.chance
    sex, born = chance.deal(("男", "男", "女")), people.birth(desk)
    grant = desk.grant(6)
    category, item = chance.deal(_work(desk))
    return {
        "holders": [_holder(desk, sex, born)],
        **desk.begun(grant),
        "sex": sex,
        "category": category,
        "item": item,
        "first_issued": _first(desk, grant).isoformat(),
        **_reviewed(desk, grant),
        "photo": portraits.portrait(chance, sex),
    }


def _work(desk: Desk) -> list[tuple[str, str]]:
    """Return every category with each of its items."""
    by = desk.type.field("item").choices_by
    lists = {} if by is None else by.lists
    return [
        (category, item)
        for category in desk.choices("category")
        for item in lists.get(category, ("示例作业",))
    ]


def _first(desk: Desk, grant: Grant) -> date:
    years = 0 if grant.origin == "新发" else desk.chance.between(0, 12)
    return grant.first - timedelta(days=years * _YEAR)


def _reviewed(desk: Desk, grant: Grant) -> dict[str, object]:
    """Return the day of the review, where one was due already."""
    due = period_end(grant.first, _REVIEW)
    if due > desk.day:
        return {}
    days = desk.chance.between(0, 90)
    return {"reviewed_on": (due - timedelta(days=days)).isoformat()}
