"""营业执照: the faces of 2019 and of 2022, and the six classes of entities."""

import pytest

from tests.elicense.builtin_types import bench as at

FIRM = {"name": "示例市青禾科技有限公司", "code": "91990100MA0000A193"}
SHOP = {"name": "示例市青禾区小禾面馆", "code": "92990100MA0000B234"}
GOOD = {
    "holders": [FIRM],
    "number": "91990100MA0000A193",
    "issue_date": "2026-11-21",
    "valid_until": None,
    "entity_class": "公司",
    "entity_type": "有限责任公司(自然人投资或控股)",
    "principal": ["买买提·示例"],
    "capital": "1000000 CNY",
    "established": "2026-11-02",
    "address": "示例省示例市青禾区示例路1号",
    "scope": "一般项目：软件开发；信息技术咨询服务。",
    "copy_no": "(1-1)",
    "remarks": "无",
}
VERSIONS = {
    "2019": at.bench("business-license", GOOD, version=1),
    "2022": at.bench("business-license", GOOD),
}
BOTH = pytest.mark.parametrize("version", VERSIONS)

ACCEPTED = {
    "a term that ends": {"valid_until": "2046-11-01"},
    "a term that ends today": {"valid_until": "2026-11-21"},
    "the number left out": {"number": ...},
    "capital in another currency": {"capital": "1500000.50 USD"},
    "no capital paid in": {"capital": "0 CNY"},
    "the largest capital": {"capital": "999999999999999.99 CNY"},
    "established on the issue date": {"established": "2026-11-21"},
    "established long ago, and changed": {
        "origin": "变更",
        "established": "1986-05-01",
    },
    "the second of three copies in full-width brackets": {"copy_no": "（2-3）"},
    "four principals": {"principal": ["张示例", "李示例", "王示例", "赵示例"]},
    "no copy number and no remark": {"copy_no": ..., "remarks": None},
    "any wording of the register": {"entity_type": "股份有限公司(上市、国有控股)"},
}
_CODE = ("应为 空前缀 加持证主体代码", "and the holder's code; it may be left out")
REFUSED = {
    "a number that is another's code": (
        {"number": "92990100MA0000B234"},
        ("number", *_CODE),
    ),
    "a number with a space": ({"number": "91990100MA0000A193 "}, ("number", *_CODE)),
    "a wrong check character": (
        {"holders": [FIRM | {"code": "91990100MA0000A194"}], "number": ...},
        ("holders[0].code", *at.BAD_USCC),
    ),
    "a wrong organization code inside": (
        {"holders": [FIRM | {"code": "91990100MA0000A180"}], "number": ...},
        ("holders[0].code", *at.BAD_ORGANIZATION),
    ),
    "a letter that no code has": (
        {"holders": [FIRM | {"code": "91990100MA0000I193"}], "number": ...},
        ("holders[0].code", "不含 I、O、S、V、Z", "without I, O, S, V, Z"),
    ),
    "a person": (
        {"holders": [{**at.MAN, "code_type": "111"}], "number": ...},
        ("holders[0].code_type", *at.among("001")),
    ),
    "no end is not nothing": ({"valid_until": ...}, ("valid_until", *at.NO_END)),
    "no end in words": ({"valid_until": "长期"}, ("valid_until", *at.NO_END)),
    "no end in other words": (
        {"valid_until": "无固定期限"},
        ("valid_until", *at.NO_END),
    ),
    "a stroke for no end": ({"valid_until": "/"}, ("valid_until", *at.NO_END)),
    "an end that means none": (
        {"valid_until": "9999-12-31"},
        ("valid_until", *at.NO_END),
    ),
    "ended yesterday": (
        {"valid_from": "2020-01-01", "valid_until": "2026-11-20", "origin": "变更"},
        ("valid_until", *at.ENDED),
    ),
    "an end before the beginning": (
        {"valid_from": "2027-06-01", "valid_until": "2027-05-31"},
        ("valid_until", *at.BACKWARDS),
    ),
    "established tomorrow": (
        {"established": "2026-11-22"},
        ("established", "不得晚于 issue_date（2026-11-21）", "later than issue_date"),
    ),
    "a day in words": ({"established": "2026年11月2日"}, ("established", *at.BAD_DAY)),
    "capital in words": ({"capital": "壹佰万元整"}, ("capital", *at.BAD_MONEY)),
    "capital in 万元": ({"capital": "100万元"}, ("capital", *at.BAD_MONEY)),
    "capital with separators": (
        {"capital": "1,000,000 CNY"},
        ("capital", *at.BAD_MONEY),
    ),
    "capital without a currency": ({"capital": "1000000"}, ("capital", *at.BAD_MONEY)),
    "capital in RMB": ({"capital": "1 RMB"}, ("capital", "ISO 4217 代码", "ISO 4217")),
    "capital below nothing": ({"capital": "-1 CNY"}, ("capital", *at.BAD_MONEY)),
    "a third decimal": ({"capital": "1.005 CNY"}, ("capital", *at.BAD_MONEY)),
    "capital as a number": (
        {"capital": 1000000},
        ("capital", "应为金额，例如 1000000 CNY（文本）", "expected an amount such as"),
    ),
    "a photo": ({"photo": at.PHOTO}, ("photo", "没有照片", "shows no photo")),
}
TOLD = {
    "the end that often means none": (
        {"valid_until": "2099-12-31"},
        ("valid_until", "常被用来表示长期", "often written to mean an open end"),
    ),
    "a copy number without brackets": (
        {"copy_no": "1-1"},
        ("copy_no", "形式应为：（n-m），例如 (1-1)", "the form: (n-m), such as (1-1)"),
    ),
    "a copy number in words": (
        {"copy_no": "副本一"},
        ("copy_no", "形式应为：（n-m）", "the form: (n-m)"),
    ),
    "a beginning before the issue date": (
        {"valid_from": "2026-11-02"},
        ("valid_from", *at.LOOK_AGAIN),
    ),
}
MISSING = {
    "entity_type": ("类型", "Type"),
    "principal": ("法定代表人", "Legal representative"),
    "established": ("成立日期", "Established"),
    "address": ("住所", "Address"),
    "scope": ("经营范围", "Scope of business"),
}
LENGTHS = {
    "holders[0].name": 80,
    "entity_type": 60,
    "principal[0]": 40,
    "address": 150,
    "scope": 3000,
    "remarks": 200,
}
COUNTS = {"principal": 4}


@BOTH
def test_a_copy_number_has_twelve_characters(version):
    VERSIONS[version].refuses(
        {"copy_no": "(1-1)(1-1)(1-1)"},
        (
            "copy_no",
            "最多 12 个字符，现有 15 个",
            "at most 12 characters, there are 15",
        ),
    )


# -- classes of entities -------------------------------------------------------------

CAPITAL, FORM = "capital", "form"
_COMMON = {
    "principal": "法定代表人",
    "established": "成立日期",
    "address": "住所",
}
CLASSES = {
    # class: what it must have besides, the labels of what it has
    "公司": ({CAPITAL: "1000000 CNY"}, _COMMON | {CAPITAL: "注册资本"}),
    "个人独资企业": ({}, _COMMON | {"principal": "投资人"}),
    "合伙企业": (
        {CAPITAL: "500000 CNY"},
        _COMMON
        | {
            "principal": "执行事务合伙人",
            CAPITAL: "出资额",
            "address": "主要经营场所",
        },
    ),
    "分支机构": ({}, _COMMON | {"principal": "负责人", "address": "经营场所"}),
    "个体工商户": (
        {FORM: "个人经营"},
        {
            "principal": "经营者",
            FORM: "组成形式",
            "established": "注册日期",
            "address": "经营场所",
        },
    ),
    "农民专业合作社": (
        {CAPITAL: "300000 CNY"},
        _COMMON | {CAPITAL: "成员出资总额"},
    ),
}
ENGLISH = {
    "注册资本": "Registered capital",
    "出资额": "Contributions",
    "成员出资总额": "Members' contributions",
    "组成形式": "Form",
    "法定代表人": "Legal representative",
    "投资人": "Investor",
    "执行事务合伙人": "Managing partner",
    "负责人": "Person in charge",
    "经营者": "Operator",
    "成立日期": "Established",
    "注册日期": "Registered",
    "住所": "Address",
    "主要经营场所": "Principal place of business",
    "经营场所": "Place of business",
}
_ONLY = {
    CAPITAL: (
        "公司、合伙企业、农民专业合作社",
        "公司, 合伙企业, 农民专业合作社",
        "1 CNY",
    ),
    FORM: ("个体工商户", "个体工商户", "家庭经营"),
}


def of_class(name):
    more, _ = CLASSES[name]
    return {"entity_class": name, CAPITAL: ..., FORM: ...} | more


@BOTH
@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_its_labels(version, name):
    held = VERSIONS[version]
    draft = held.accepts(of_class(name)).draft
    for key, label in CLASSES[name][1].items():
        told = held.kind.label_of(held.kind.field(key), draft.fields)
        assert (told.zh, told.en) == (label, ENGLISH[label])


@BOTH
@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_what_it_must_have(version, name):
    held = VERSIONS[version]
    for key, label in CLASSES[name][1].items():
        changes = of_class(name) | {key: ...}
        held.refuses(changes, (key, *at.missing(label, ENGLISH[label])))


@BOTH
@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_not_what_it_must_not_have(version, name):
    held = VERSIONS[version]
    for key, (zh, en, value) in _ONLY.items():
        if key not in CLASSES[name][0]:
            held.refuses(
                of_class(name) | {key: value},
                (
                    key,
                    f"只在 entity_class 为{zh}时填写",
                    f"is for a entity_class of {en} alone; leave it out",
                ),
            )


OF_CLASSES = {
    "one run by a family": ("个体工商户", {"form": "家庭经营"}),
    "one without a name": ("个体工商户", {"holders": [SHOP | {"name": "*****"}]}),
    "one with a name of its own": ("个体工商户", {"holders": [SHOP]}),
    "a partner that is an organization, and its delegate": (
        "合伙企业",
        {"principal": ["示例市青禾投资有限公司（委派代表：张示例）", "李示例"]},
    ),
    "a cooperative with a foreign contribution": (
        "农民专业合作社",
        {"capital": "300000.00 HKD"},
    ),
}


@BOTH
@pytest.mark.parametrize("case", OF_CLASSES)
def test_accepted_of_a_class(version, case):
    name, changes = OF_CLASSES[case]
    VERSIONS[version].accepts(of_class(name) | {"number": ...} | changes)


@BOTH
def test_the_choices(version):
    held = VERSIONS[version]
    held.refuses(
        of_class("个体工商户") | {"form": "合伙经营"},
        ("form", *at.among("个人经营", "家庭经营")),
    )
    held.refuses(
        of_class("公司") | {"entity_class": "公司(外资)"},
        ("entity_class", *at.among(*CLASSES)),
    )
    # Nothing else follows where the class is not known.
    missing = ("entity_class", *at.missing("主体类别", "Class of entity"))
    held.refuses({"entity_class": ..., "capital": ...}, missing)
