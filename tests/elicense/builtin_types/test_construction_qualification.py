"""建设工程企业资质证书: many qualifications on one certificate."""

import pytest

from tests.elicense.builtin_types import bench as at

FIRM = {"name": "示例市青禾建筑工程有限公司", "code": "91990100MA0000C38D"}
ROW = {
    "kind": "施工总承包",
    "field": "建筑工程",
    "degree": "贰级",
    "approved_on": "2026-11-21",
    "valid_until": "2031-11-20",
}
GOOD = {
    "holders": [FIRM],
    "number": "D399000001",
    "issue_date": "2026-11-21",
    "valid_until": "2031-11-20",
    "principal": "孙示例",
    "manager": "周示例",
    "engineer": "吴示例",
    "address": "示例省示例市青禾区示例路3号",
    "capital": "40000000 CNY",
    "economic_nature": "有限责任公司",
    "qualifications": [
        ROW,
        {
            "kind": "专业承包",
            "field": "钢结构工程",
            "degree": "贰级",
            "approved_on": "2026-11-21",
        },
    ],
    "changes": [{"date": "2026-11-21", "item": "法定代表人"}],
    "remarks": "无",
}
CERTIFICATE = at.bench("construction-qualification", GOOD)

ACCEPTED = {
    "one of design, from the ministry": {"number": "A199000001"},
    "one of survey, from a province": {"number": "B299000001"},
    "one of supervision, from a city": {"number": "E399000001"},
    "without a last day it is five years": {"valid_until": ...},
    "none of the fields that are optional": dict.fromkeys(
        ("manager", "engineer", "changes", "remarks"), ...
    ),
    "a change of the firm, with the days of before": {
        "origin": "变更",
        "issue_date": "2024-03-01",
        "valid_until": "2029-02-28",
    },
    "a lower grade by a decision": {
        "origin": "变更",
        "valid_from": "2024-03-01",
        "valid_until": "2029-02-28",
        "qualifications": [ROW | {"degree": "叁级"}],
    },
    "qualifications that end on days of their own": {
        "qualifications": [ROW, ROW | {"valid_until": "2028-01-31"}]
    },
    "one that ends with the certificate": {
        "qualifications": [{**ROW, "valid_until": None}]
    },
    "capital in another currency": {"capital": "5000000.5 EUR"},
}
_NUMBER = (
    "形式应为：A、B、D 或 E，发证层级 1 至 3",
    "the form: A, B, D or E, level of",
)
_YEARS = ("有效期 5 年，最晚为 2031-11-20", "at most 5 years: 2031-11-20 at the latest")
TOLD = {
    "another family": ({"number": "C399000001"}, ("number", *_NUMBER)),
    "another level": ({"number": "D499000001"}, ("number", *_NUMBER)),
    "a small letter": ({"number": "d399000001"}, ("number", *_NUMBER)),
    "a serial that is too short": ({"number": "D39900001"}, ("number", *_NUMBER)),
    "a number of before": ({"number": "A1014099010101"}, ("number", *_NUMBER)),
    "a last day that a notice put off": (
        {"valid_until": "2032-12-31"},
        ("valid_until", *_YEARS),
    ),
    "the end that often means none": (
        {"valid_until": "2099-12-31"},
        ("valid_until", *_YEARS),
    ),
    "a shorter one where five years are granted": (
        {"valid_until": "2027-12-31"},
        ("valid_until", "短于 5 年（应至 2031-11-20）", "shorter than 5 years"),
    ),
    "a number that may be a citizen id": (
        {"number": "990100199003070019"},
        ("number", *_NUMBER),
        ("number", "形似公民身份号码", "looks like a citizen id"),
    ),
}
REFUSED = {
    "no number": ({"number": ...}, ("number", "缺少证书编号", "number is missing")),
    "a number too long": (
        {"number": "D" * 21},
        ("number", "最多 20 个字符", "at most 20 characters"),
    ),
    "no end": ({"valid_until": None}, ("valid_until", "不能是长期", "not never")),
    "no end in words": ({"valid_until": "永久"}, ("valid_until", "不能是长期", "not")),
    "an end that means none": (
        {"valid_until": "9999-12-31"},
        ("valid_until", "有效期 5 年，不能是长期；可不填写", "ends after 5 years"),
    ),
    "ended yesterday": (
        {"origin": "变更", "valid_from": "2021-11-21", "valid_until": "2026-11-20"},
        ("valid_until", *at.ENDED),
    ),
    "capital in 万元": ({"capital": "4,000万元"}, ("capital", *at.BAD_MONEY)),
    "a person": (
        {"holders": [{**at.MAN, "code_type": "111"}]},
        ("holders[0].code_type", *at.among("001")),
    ),
    "two firms": (
        {"holders": [FIRM, FIRM]},
        ("holders", "应为持证主体列表，1 至 1 个", "a list of 1 to 1 holders"),
    ),
    "a wrong check character": (
        {"holders": [FIRM | {"code": "91990100MA0000C38E"}]},
        ("holders[0].code", *at.BAD_USCC),
    ),
    "a qualification that is a text": (
        {"qualifications": ["建筑工程施工总承包 贰级"]},
        ("qualifications[0]", "应为对象，含 kind、field、degree", "with kind, field"),
    ),
    "an unknown column": (
        {"qualifications": [ROW, ROW | {"scope": "全部"}]},
        ("qualifications[1]", "只能有这些项：kind、field", "has other keys than kind"),
    ),
    "no end of a qualification in words": (
        {"qualifications": [ROW | {"valid_until": "长期"}]},
        ("qualifications[0].valid_until", *at.BAD_DAY),
    ),
    "a qualification approved on no day": (
        {"qualifications": [ROW | {"approved_on": "2026-11-31"}]},
        ("qualifications[0].approved_on", "没有这一天", "no such day"),
    ),
    "all that is wrong in a row, at once": (
        {"qualifications": [{"kind": "施工总承包", "degree": "示" * 11}]},
        ("qualifications[0].field", *at.missing("资质类别", "Category")),
        ("qualifications[0].degree", "最多 10 个字符", "at most 10 characters"),
        ("qualifications[0].approved_on", *at.missing("批准日期", "Approved on")),
    ),
    "a photo": ({"photo": at.PHOTO}, ("photo", "没有照片", "shows no photo")),
}
MISSING = {
    "principal": ("法定代表人", "Legal representative"),
    "address": ("注册地址", "Registered address"),
    "capital": ("注册资本", "Registered capital"),
    "economic_nature": ("经济性质", "Economic nature"),
    "qualifications": ("资质类别及等级", "Qualifications"),
}
COLUMNS = {
    "kind": ("资质序列", "Sequence"),
    "field": ("资质类别", "Category"),
    "degree": ("资质等级", "Grade"),
    "approved_on": ("批准日期", "Approved on"),
}
LENGTHS = {
    "holders[0].name": 80,
    "principal": 30,
    "manager": 30,
    "engineer": 30,
    "address": 150,
    "economic_nature": 30,
    "qualifications[0].kind": 20,
    "qualifications[0].field": 40,
    "qualifications[0].degree": 10,
    "changes[0].item": 40,
    "changes[0].before": 100,
    "changes[0].after": 100,
    "remarks": 200,
}
COUNTS = {"qualifications": 30, "changes": 15}


@pytest.mark.parametrize("key", COLUMNS)
def test_a_column_that_every_qualification_has(key):
    short = {name: value for name, value in ROW.items() if name != key}
    expected = (f"qualifications[1].{key}", *at.missing(*COLUMNS[key]))
    CERTIFICATE.refuses({"qualifications": [ROW, short]}, expected)
    CERTIFICATE.refuses({"qualifications": [ROW, ROW | {key: None}]}, expected)
