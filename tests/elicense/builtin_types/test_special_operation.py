"""特种作业操作证: the number is T and the id, and a review keeps it alive."""

from datetime import date

import pytest

from elicense.model import Checkpoint
from tests.elicense.builtin_types import bench as at

GOOD = {
    "holders": [at.MAN],
    "number": "T990100199003070019",
    "issue_date": "2026-11-21",
    "valid_from": "2026-11-21",
    "valid_until": "2032-11-20",
    "sex": "男",
    "category": "电工作业",
    "item": "低压电工作业",
    "first_issued": "2026-11-21",
    "photo": at.PHOTO,
}
CARD = at.bench("special-operation", GOOD)


def foreign(code_type, code):
    """Return the change to a holder without a citizen id."""
    holder = {"name": "陈示例", "code": code, "code_type": code_type}
    return {"holders": [holder], "number": f"T{code}"}


ACCEPTED = {
    "a woman": {
        "holders": [at.WOMAN],
        "number": "T990100198506120028",
        "sex": "女",
    },
    "the number left out": {"number": ...},
    "with a passport": foreign("414", "E12345678"),
    "from Taiwan, by a travel permit": foreign("511", "01234567"),
    "by a permit of residence": foreign("516", "810000199003070019"),
    "with another document, and any sex": foreign("999", "AB12345") | {"sex": "女"},
    "issued first years ago": {"first_issued": "2014-05-06"},
    "without days it is six years": dict.fromkeys(
        ("issue_date", "valid_from", "valid_until"), ...
    ),
    "a category without a list of items": {"category": "其他", "item": "示例作业"},
}
_YEARS = ("有效期 6 年，最晚为 2032-11-20", "at most 6 years: 2032-11-20 at the latest")
_ENDLESS = ("有效期 6 年，不能是长期", "ends after 6 years, not never")
REFUSED = {
    "another's id as the number": (
        {"number": "T990100198506120028"},
        ("number", "应为 T 加持证主体代码，可不填写", "expected 'T' and the holder's"),
    ),
    "the id without T": (
        {"number": "990100199003070019"},
        ("number", "应为 T 加持证主体代码", "expected 'T' and the holder's code"),
    ),
    "a small t": (
        {"number": "t990100199003070019"},
        ("number", "应为 T 加持证主体代码", "expected 'T' and the holder's code"),
    ),
    "a wrong check digit": (
        {"holders": [at.MAN | {"code": "990100199003070018"}], "number": ...},
        ("holders[0].code", *at.BAD_ID),
    ),
    "a small x": (
        {"holders": [at.MAN | {"code": "99010020261122002x"}], "number": ...},
        ("holders[0].code", "末位应为大写 X", "write the last X as a capital"),
    ),
    "born on no day": (
        {"holders": [at.MAN | {"code": "990100199002300011"}], "number": ...},
        ("holders[0].code", "出生日期不存在", "not a real day"),
    ),
    "born tomorrow": (
        {
            "holders": [at.MAN | {"code": "99010020261122002X"}],
            "number": ...,
            "sex": "女",
        },
        ("holders[0].code", "出生日期晚于签发当日", "after the day of issuing"),
    ),
    "an organization": (
        {"holders": [at.MAN | {"code_type": "001"}]},
        ("holders[0].code_type", *at.among("111", "414", "511", "516", "999")),
    ),
    "a document with a hyphen": (
        foreign("414", "E-1234567"),
        ("holders[0].code", *at.BAD_OTHER),
    ),
    "a document of 25 characters": (
        foreign("999", "1" * 25),
        ("holders[0].code", *at.BAD_OTHER),
    ),
    "the other sex": (
        {"sex": "女"},
        ("sex", "与公民身份号码不一致", "does not agree with the holder's citizen id"),
    ),
    "a sex that is none": ({"sex": "M"}, ("sex", *at.among("男", "女"))),
    "no photo": ({"photo": ...}, ("photo", "缺少照片", "the photo is missing")),
    "a null for the photo": ({"photo": None}, ("photo", "缺少照片", "is missing")),
    "a photo that is a link": (
        {"photo": "https://zz.example.org/1.jpg"},
        ("photo", "不是规范的 base64", "not canonical base64"),
    ),
    "issued first after the beginning": (
        {"first_issued": "2026-11-22"},
        ("first_issued", "不得晚于 valid_from（2026-11-21）", "later than valid_from"),
    ),
    "a day more than six years": (
        {"valid_until": "2032-11-21"},
        ("valid_until", *_YEARS),
    ),
    "the end that often means none": (
        {"valid_until": "2099-12-31"},
        ("valid_until", *_YEARS),
    ),
    "no end": ({"valid_until": None}, ("valid_until", *_ENDLESS)),
    "no end in words": ({"valid_until": "长期"}, ("valid_until", *_ENDLESS)),
    "an end that means none": (
        {"valid_until": "9999-12-31"},
        ("valid_until", *_ENDLESS),
    ),
}
_CATEGORY = ("只能取：电工作业、焊接与热切割作业", "one of: 电工作业, 焊接与热切割作业")
TOLD = {
    "a shorter one": (
        {"valid_until": "2031-11-20"},
        ("valid_until", "短于 6 年（应至 2032-11-20）", "shorter than 6 years"),
    ),
    "an item of another category": (
        {"category": "高处作业"},
        ("item", *at.among("登高架设作业", "高处安装、维护、拆除作业")),
    ),
    "an item that no list has": (
        {"item": "防爆电气作业(煤矿)"},
        ("item", "只能取：低压电工作业、高压电工作业", "one of: 低压电工作业"),
    ),
    "a category that the law has added": (
        {"category": "建筑施工作业"},
        ("category", *_CATEGORY),
    ),
    "brackets of another width in a category": (
        {"category": "冶金（有色）生产安全作业", "item": "煤气作业"},
        ("category", *_CATEGORY),
    ),
}
MISSING = {
    "sex": ("性别", "Sex"),
    "category": ("作业类别", "Category"),
    "item": ("操作项目", "Item"),
    "first_issued": ("初领日期", "First issued"),
}
LENGTHS = {"holders[0].name": 30}
COUNTS = {}
ITEMS = {
    # category: how many items its list has, and some of them
    "电工作业": (6, ["低压电工作业", "高压电工作业", "防爆电气作业"]),
    "焊接与热切割作业": (3, ["熔化焊接与热切割作业", "压力焊作业", "钎焊作业"]),
    "高处作业": (2, ["登高架设作业", "高处安装、维护、拆除作业"]),
    "制冷与空调作业": (2, ["制冷与空调设备安装修理作业"]),
    "煤矿安全作业": (10, ["煤矿瓦斯检查作业", "煤矿采煤机(掘进机)操作作业"]),
    "金属非金属矿山安全作业": (8, ["尾矿作业", "金属非金属矿山爆破作业"]),
    "石油天然气安全作业": (1, ["司钻作业"]),
    "冶金(有色)生产安全作业": (1, ["煤气作业"]),
    "危险化学品安全作业": (16, ["裂解(裂化)工艺作业", "化工自动化控制仪表作业"]),
    "烟花爆竹安全作业": (5, ["烟火药制造作业", "烟花爆竹储存作业"]),
}


@pytest.mark.parametrize("category", ITEMS)
def test_the_items_of_a_category(category):
    count, items = ITEMS[category]
    listed = CARD.kind.field("item").choices_by.lists[category]
    assert len(listed) == count
    assert set(items) <= set(listed)
    for item in listed:
        CARD.accepts({"category": category, "item": item})
    told = ("item", *at.among(*listed))
    CARD.tells({"category": category, "item": "示例作业"}, told)


def test_an_item_that_no_list_has_has_forty_characters():
    long = {"category": "其他", "item": "示" * 40}
    CARD.accepts(long)
    CARD.refuses(
        long | {"item": "示" * 41},
        ("item", "最多 40 个字符，现有 41 个", "at most 40 characters, there are 41"),
    )


def test_the_number_is_derived():
    assert CARD.accepts({"number": ...}).draft.number == "T990100199003070019"


# -- the review ----------------------------------------------------------------------

CHANGED = {"origin": "变更", "first_issued": "2020-01-01"}
_SIX = {"valid_until": ..., "number": ...}
DUE = {
    "after three years": ({}, date(2029, 11, 20)),
    "put off to the end of six years, after ten in the trade": (
        {"review_extended_to": "2032-11-20"},
        date(2032, 11, 20),
    ),
    "put off by a day": ({"review_extended_to": "2029-11-21"}, date(2029, 11, 21)),
    "due today": (CHANGED | {"valid_from": "2023-11-22"} | _SIX, date(2026, 11, 21)),
    "late, but put off before": (
        CHANGED
        | {"valid_from": "2022-01-01", "review_extended_to": "2027-12-31"}
        | _SIX,
        date(2027, 12, 31),
    ),
    "done in time": (
        CHANGED | {"valid_from": "2022-01-01", "reviewed_on": "2024-11-30"} | _SIX,
        None,
    ),
    "done on the last day": (
        CHANGED | {"valid_from": "2022-01-01", "reviewed_on": "2024-12-31"} | _SIX,
        None,
    ),
    "done today": ({"reviewed_on": "2026-11-21"}, None),
    "none, where the card ends before": (
        {"origin": "换发", "valid_until": "2028-11-20"},
        None,
    ),
}
_PERIOD = ("应在有效期起始日与签发当日之间", "from valid_from to the day of issuing")
LAPSED = {
    "not reviewed in three years": (
        CHANGED | {"valid_from": "2023-11-21"} | _SIX,
        (
            "reviewed_on",
            "应于 2026-11-20 前复审，已逾期失效",
            "lapsed: 复审 was due by 2026-11-20",
        ),
    ),
    "reviewed too late": (
        CHANGED | {"valid_from": "2022-01-01", "reviewed_on": "2025-01-01"} | _SIX,
        ("reviewed_on", "不在应复审的期限内", "not within a period in which 复审"),
    ),
    "reviewed tomorrow": ({"reviewed_on": "2026-11-22"}, ("reviewed_on", *_PERIOD)),
    "reviewed before the card": (
        {"reviewed_on": "2026-11-20"},
        ("reviewed_on", *_PERIOD),
    ),
    "put off for more than six years": (
        {"review_extended_to": "2032-11-21"},
        (
            "review_extended_to",
            "应晚于 2029-11-20，且不晚于 2032-11-20（最多延期 1 次）",
            "after 2029-11-20 and not after 2032-11-20: it may be put off once",
        ),
    ),
    "put off to the day itself": (
        {"review_extended_to": "2029-11-20"},
        ("review_extended_to", "应晚于 2029-11-20", "a day after 2029-11-20"),
    ),
}


@pytest.mark.parametrize("case", DUE)
def test_the_review_is_due(case):
    changes, due = DUE[case]
    expected = () if due is None else (Checkpoint("复审", due),)
    assert CARD.accepts(changes).draft.checkpoints == expected


@pytest.mark.parametrize("case", LAPSED)
def test_a_card_without_its_review_is_void(case):
    changes, *expected = LAPSED[case]
    CARD.refuses(changes, *expected)
