"""公共场所卫生许可证: a place, what it offers, and a number in many brackets."""

import pytest

from tests.elicense.builtin_types import bench as at

INN = {"name": "示例市青禾区云栖宾馆", "code": "92990100MA0000E57L"}
GOOD = {
    "holders": [INN],
    "number": "示卫公证字〔2026〕第000123号",
    "issue_date": "2026-11-21",
    "valid_from": "2026-11-21",
    "valid_until": "2030-11-20",
    "principal": "吴示例",
    "premises": "示例省示例市青禾区示例路5号",
    "items": ["宾馆"],
    "aircon": "无",
    "area": "860",
    "beds": "48",
}
LICENSE = at.bench("hygiene", GOOD)

ITEMS = (
    *("宾馆", "旅店", "招待所", "公共浴室", "理发店", "美容店", "影剧院", "录像厅(室)"),
    *("游艺厅(室)", "舞厅", "音乐厅", "体育场(馆)", "游泳场(馆)", "展览馆", "博物馆"),
    *("美术馆", "图书馆", "商场(店)", "书店", "候诊室", "候车(机、船)室"),
)
ACCEPTED = {
    "a serial of four digits": {"number": "示卫公证字〔2026〕第0123号"},
    "a serial of five digits": {"number": "示卫公证字〔2026〕第00123号"},
    "the short name of a district": {"number": "示青禾区卫公证字〔2026〕第0123号"},
    "every item of the list": {"items": list(ITEMS)},
    "an item with a remark": {"items": ["宾馆(含游泳池)", "美容店（不含医疗美容）"]},
    "an item that has brackets itself, and a remark": {"items": ["体育场(馆)(室内)"]},
    "none of the fields that are optional": dict.fromkeys(
        ("aircon", "area", "beds"), ...
    ),
    "air conditioning, and a fraction of a square metre": {
        "aircon": "有",
        "area": "860.5",
    },
    "an area of two decimals": {"area": "860.25"},
    "no beds": {"beds": "0"},
    "beds of six digits": {"beds": "100000"},
    "without days it is four years": dict.fromkeys(
        ("issue_date", "valid_from", "valid_until"), ...
    ),
    "a renewal keeps the number of its first year": {
        "origin": "延续",
        "number": "示卫公证字〔2018〕第000123号",
    },
    "a change keeps number and days": {
        "origin": "变更",
        "number": "示卫公证字〔2023〕第000123号",
        "valid_from": "2023-05-06",
        "valid_until": "2027-05-05",
    },
}
_AREA = ("形式应为：平方米数，不带单位", "a number of square metres without the unit")
_BEDS = ("形式应为：整数，不带单位", "a whole number without a unit")
REFUSED = {
    "no number": ({"number": ...}, ("number", "缺少许可证编号", "License number is")),
    "a number too long": (
        {"number": "示卫公证字〔2026〕第00000000000123号"},
        ("number", "最多 24 个字符，现有 27 个", "at most 24 characters"),
    ),
    "no end": (
        {"valid_until": None},
        ("valid_until", "有效期 4 年，不能是长期", "ends after 4 years, not never"),
    ),
    "no end in words": (
        {"valid_until": "长期"},
        ("valid_until", "有效期 4 年，不能是长期", "ends after 4 years, not never"),
    ),
    "an end that means none": (
        {"valid_until": "9999-12-31"},
        ("valid_until", "有效期 4 年，不能是长期", "ends after 4 years, not never"),
    ),
    "ended yesterday": (
        {"origin": "补发", "valid_from": "2022-11-21", "valid_until": "2026-11-20"},
        ("valid_until", *at.ENDED),
    ),
    "an end before the beginning": (
        {"valid_from": "2027-01-01", "valid_until": "2026-12-31"},
        ("valid_until", *at.BACKWARDS),
    ),
    "a wrong check character": (
        {"holders": [INN | {"code": "92990100MA0000E57M"}]},
        ("holders[0].code", *at.BAD_USCC),
    ),
    "no code, though the face need not show it": (
        {"holders": [{"name": "示例市青禾区云栖宾馆"}]},
        ("holders[0].code", "缺少代码，应为文本", "the code is missing"),
    ),
    "a person": (
        {"holders": [{**at.MAN, "code_type": "111"}]},
        ("holders[0].code_type", *at.among("001")),
    ),
    "air conditioning in other words": (
        {"aircon": "否"},
        ("aircon", *at.among("有", "无")),
    ),
    "an area with its unit": ({"area": "860㎡"}, ("area", *_AREA)),
    "an area with separators": ({"area": "1,860"}, ("area", *_AREA)),
    "an area of three decimals": ({"area": "860.125"}, ("area", *_AREA)),
    "an area in full-width digits": ({"area": "８６０"}, ("area", *_AREA)),
    "an area that is a number": (
        {"area": 860},
        ("area", "应为文本", "expected a text"),
    ),
    "an area of ten characters": (
        {"area": "1234567890"},
        ("area", "最多 9 个字符", "at most 9 characters"),
    ),
    "beds with a unit": ({"beds": "48张"}, ("beds", *_BEDS)),
    "beds of seven digits": (
        {"beds": "1000000"},
        ("beds", "最多 6 个字符", "at most 6 characters"),
    ),
    "half a bed": ({"beds": "48.5"}, ("beds", *_BEDS)),
    "a photo": ({"photo": at.PHOTO}, ("photo", "没有照片", "shows no photo")),
}
_FORM = ("形式应为：地方简称、卫公证字、〔年份〕", "the form: short name of the place")
_ITEM = ("只能取：宾馆、旅店、招待所", "expected one of: 宾馆, 旅店, 招待所")
TOLD = {
    "a number of another form": (
        {"number": "示例卫生许可2026第123号"},
        ("number", *_FORM),
    ),
    "a serial of three digits": (
        {"number": "示卫公证字〔2026〕第123号"},
        ("number", *_FORM),
    ),
    "a serial of seven digits": (
        {"number": "示卫公证字〔2026〕第0000123号"},
        ("number", *_FORM),
    ),
    "no 第": ({"number": "示卫公证字〔2026〕000123号"}, ("number", *_FORM)),
    "a number of another year": (
        {"number": "示卫公证字〔2025〕第000123号"},
        (
            "number",
            "第 7 至 10 位应为 2026，与“issue_date”一致",
            "expected 2026 from character 7 on, to agree with: issue_date",
        ),
    ),
    "five years": (
        {"valid_until": "2031-11-20"},
        (
            "valid_until",
            "有效期 4 年，最晚为 2030-11-20",
            "at most 4 years: 2030-11-20 at the latest",
        ),
    ),
    "the end that often means none": (
        {"valid_until": "2099-12-31"},
        ("valid_until", "最晚为 2030-11-20", "2030-11-20 at the latest"),
    ),
    "two years": (
        {"valid_until": "2028-11-20"},
        ("valid_until", "短于 4 年（应至 2030-11-20）", "shorter than 4 years"),
    ),
    "a restaurant, which has the license for food": (
        {"items": ["宾馆", "饭馆"]},
        ("items[1]", *_ITEM),
    ),
    "a café": ({"items": ["咖啡馆"]}, ("items[0]", *_ITEM)),
    "a bar": ({"items": ["酒吧"]}, ("items[0]", *_ITEM)),
    "a teahouse": ({"items": ["茶座"]}, ("items[0]", *_ITEM)),
    "brackets of another width in a name of the list": (
        {"items": ["录像厅（室）"]},
        ("items[0]", *_ITEM),
    ),
}
MISSING = {
    "principal": ("法定代表人（负责人）", "Legal representative"),
    "premises": ("经营场所地址", "Premises"),
    "items": ("许可项目", "Items"),
}
LENGTHS = {
    "holders[0].name": 80,
    "principal": 30,
    "premises": 150,
    "items[0]": (40, "宾馆({})"),
}
COUNTS = {"items": 30}
BRACKETS = ("[]", "()", "［］", "（）", "【】")


def test_the_list_has_what_the_law_lists():
    assert len(ITEMS) == 21
    for item in ITEMS:
        LICENSE.accepts({"items": [item]})


@pytest.mark.parametrize("pair", BRACKETS)
def test_brackets_of_the_number_are_written_in_one_way(pair):
    left, right = pair
    LICENSE.folds(
        {"number": f"示卫公证字{left}2026{right}第000123号"},
        {"number": "示卫公证字〔2026〕第000123号"},
        ("number", f"“{left}”已统一为“〔”", f"'{left}' was changed to '〔'"),
        ("number", f"“{right}”已统一为“〕”", f"'{right}' was changed to '〕'"),
    )


def test_there_is_no_review_unless_a_place_asks_for_it():
    assert LICENSE.accepts({}).draft.checkpoints == ()
