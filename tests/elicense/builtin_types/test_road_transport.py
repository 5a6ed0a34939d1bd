"""道路运输经营许可证: what may be carried, the fleet, and what was reviewed."""

from tests.elicense.builtin_types import bench as at

FIRM = {"name": "示例市青禾物流有限公司", "code": "91990100MA0000D42H"}
REVIEW = {
    "date": "2026-11-21",
    "kind": "审验",
    "content": "车辆12辆",
    "organ": "示例站",
}
GOOD = {
    "holders": [FIRM],
    "number": "示交运管许可青字990101000001号",
    "issue_date": "2026-11-21",
    "valid_from": "2026-11-21",
    "valid_until": "2030-11-20",
    "address": "示例省示例市青禾区示例路4号",
    "economic_type": "159 其他有限责任(公司)",
    "principal": "周示例",
    "scope": ["道路普通货物运输", "货物专用运输(冷藏保鲜)"],
    "branches": ["示例市青禾物流有限公司云栖分公司"],
    "fleet": "12",
    "records": [REVIEW],
}
LICENSE = at.bench("road-transport", GOOD)

ACCEPTED = {
    "a county of several characters": {
        "number": "示交运管许可青禾云栖字990101000001号"
    },
    "第 before the digits, as some print it": {
        "number": "示交运管许可青字第990101000001号"
    },
    "another province": {"number": "粤交运管许可青字990101000001号"},
    "without days it is four years": dict.fromkeys(
        ("issue_date", "valid_from", "valid_until"), ...
    ),
    "none of the fields that are optional": dict.fromkeys(
        ("principal", "branches", "fleet", "records"), ...
    ),
    "no vehicle yet": {"fleet": "0"},
    "a company of another type": {"economic_type": "110 国有"},
    "dangerous goods by class and item": {"scope": ["危险货物运输(2类1项)"]},
    "goods in containers, and large ones of a class": {
        "scope": ["货物专用运输(集装箱)", "大型物件运输(一类)"]
    },
    "radioactive goods": {"scope": ["放射性物品运输（Ⅰ类）"]},
    "passengers": {"scope": ["道路旅客运输", "省际班车客运", "网络预约出租汽车客运"]},
    "an offence, without an organ": {
        "records": [{"date": "2025-03-01", "kind": "违章", "content": "超限运输"}]
    },
    "a change keeps the days": {
        "origin": "变更",
        "valid_from": "2023-05-06",
        "valid_until": "2027-05-05",
    },
}
_FORM = (
    "形式应为：省简称、交运管许可、县市简称、字",
    "the form: short name of the province",
)
REFUSED = {
    "no number": ({"number": ...}, ("number", "缺少编号", "License number is missing")),
    "the digits alone": ({"number": "990101000001"}, ("number", *_FORM)),
    "no 字": ({"number": "示交运管许可青990101000001号"}, ("number", *_FORM)),
    "no 号": ({"number": "示交运管许可青字990101000001"}, ("number", *_FORM)),
    "no county": ({"number": "示交运管许可字990101000001号"}, ("number", *_FORM)),
    "no province": ({"number": "交运管许可青字990101000001号"}, ("number", *_FORM)),
    "eleven digits": ({"number": "示交运管许可青字99010100001号"}, ("number", *_FORM)),
    "thirteen digits": (
        {"number": "示交运管许可青字9901010000012号"},
        ("number", *_FORM),
    ),
    "thirty characters": ({"number": "示" * 30}, ("number", *_FORM)),
    "thirty-one characters": (
        {"number": "示" * 31},
        ("number", "最多 30 个字符，现有 31 个", "at most 30 characters"),
    ),
    "full-width digits": (
        {"number": "示交运管许可青字99010100000１号"},
        ("number", *_FORM),
    ),
    "the number of a vehicle's certificate": (
        {"number": "示交运管青字990101000001号"},
        ("number", *_FORM),
    ),
    "no end": (
        {"valid_until": None},
        ("valid_until", "有效期 4 年，不能是长期", "ends after 4 years, not never"),
    ),
    "an end that means none": (
        {"valid_until": "9999-12-31"},
        ("valid_until", "有效期 4 年，不能是长期", "ends after 4 years, not never"),
    ),
    "ended yesterday": (
        {"origin": "变更", "valid_from": "2022-11-21", "valid_until": "2026-11-20"},
        ("valid_until", *at.ENDED),
    ),
    "a wrong check character": (
        {"holders": [FIRM | {"code": "91990100MA0000D42J"}]},
        ("holders[0].code", *at.BAD_USCC),
    ),
    "a person": (
        {"holders": [{**at.MAN, "code_type": "111"}]},
        ("holders[0].code_type", *at.among("001")),
    ),
    "a fleet with a unit": (
        {"fleet": "12辆"},
        ("fleet", "形式应为：整数，不带单位", "a whole number without a unit"),
    ),
    "a fleet that begins with 0": (
        {"fleet": "012"},
        ("fleet", "整数，不带单位", "a whole number without a unit"),
    ),
    "a fleet that is a number": (
        {"fleet": 12},
        ("fleet", "应为文本", "expected a text"),
    ),
    "a fleet of seven digits": (
        {"fleet": "1000000"},
        ("fleet", "最多 6 个字符", "at most 6 characters"),
    ),
    "a scope in one text": (
        {"scope": "道路普通货物运输;货物专用运输"},
        ("scope", "应为列表，1 至 40 项", "a list of 1 to 40"),
    ),
    "a record without its content": (
        {"records": [{"date": "2026-11-21", "kind": "审验"}]},
        ("records[0].content", *at.missing("内容", "Content")),
    ),
    "a record of no day": (
        {"records": [REVIEW, REVIEW | {"date": "2026年11月"}]},
        ("records[1].date", *at.BAD_DAY),
    ),
    "a record of no kind": (
        {"records": [{**REVIEW, "kind": None}]},
        ("records[0].kind", *at.missing("类别", "Kind")),
    ),
    "a photo": ({"photo": at.PHOTO}, ("photo", "没有照片", "shows no photo")),
}
_TYPE = (
    "形式应为：三位代码、空格和名称",
    "a code of three digits, a space and the name",
)
TOLD = {
    "eight years, as carriers of passengers may have": (
        {"valid_until": "2034-11-20"},
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
    "an economic type without its code": (
        {"economic_type": "有限责任公司"},
        ("economic_type", *_TYPE),
    ),
    "an economic type without a space": (
        {"economic_type": "159其他有限责任(公司)"},
        ("economic_type", *_TYPE),
    ),
    "the repair of vehicles, only filed now": (
        {"scope": ["道路普通货物运输", "机动车维修"]},
        ("scope[1]", "只能取：道路普通货物运输", "one of: 道路普通货物运输"),
    ),
    "the training of drivers, only filed now": (
        {"scope": ["机动车驾驶员培训(一级)"]},
        ("scope[0]", "只能取：", "expected one of: "),
    ),
    "a record of another kind": (
        {"records": [REVIEW | {"kind": "信誉考核"}]},
        ("records[0].kind", *at.among("审验", "违章")),
    ),
}
MISSING = {
    "address": ("地址", "Address"),
    "economic_type": ("经济类型", "Economic type"),
    "scope": ("经营范围", "Scope of business"),
}
LENGTHS = {
    "holders[0].name": 80,
    "address": 150,
    "economic_type": (40, "159 {}"),
    "principal": 30,
    "scope[0]": (50, "货物专用运输({})"),
    "branches[0]": 60,
    "records[0].content": 80,
    "records[0].organ": 30,
}
COUNTS = {"scope": 40, "branches": 20, "records": 24}


SCOPE = (
    *("道路普通货物运输", "货物专用运输", "大型物件运输", "危险货物运输"),
    *("放射性物品运输", "道路旅客运输", "班车客运", "县内班车客运", "县际班车客运"),
    *("市际班车客运", "省际班车客运", "包车客运", "县内包车客运", "县际包车客运"),
    *("市际包车客运", "省际包车客运", "旅游客运", "国际道路旅客运输"),
    *("国际道路货物运输", "客运站经营", "货运站经营", "巡游出租汽车客运"),
    "网络预约出租汽车客运",
)


def test_the_list_of_what_may_be_carried():
    LICENSE.accepts({"scope": list(SCOPE)})
    LICENSE.tells({"scope": ["示例运输"]}, ("scope[0]", *at.among(*SCOPE)))
