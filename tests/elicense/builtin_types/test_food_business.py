"""食品经营许可证: the faces of 2015 and of 2023."""

import pytest

from tests.elicense.builtin_types import bench as at

SHOP = {"name": "示例市青禾区小禾面馆", "code": "92990100MA0000B234"}
_GOOD = {
    "holders": [SHOP],
    "number": "JY29901010000018",
    "issue_date": "2026-11-21",
    "valid_from": "2026-11-21",
    "valid_until": "2031-11-20",
    "principal": "张示例",
    "domicile": "示例省示例市青禾区示例路2号",
    "premises": "示例省示例市青禾区示例路2号1层",
    "business_form": "餐饮服务经营者(小餐饮)",
    "items": ["热食类食品制售", "自制饮品制售"],
    "warehouses": ["示例省示例市青禾区示例路8号"],
    "remarks": "无",
}
OLD = at.bench(
    "food-business",
    _GOOD
    | {
        "supervisor_org": "示例市青禾区示例路市场监督管理所",
        "supervisor": ["李示例", "王示例"],
        "signatory": "赵示例",
    },
    version=1,
)
NEW = at.bench("food-business", _GOOD | {"complaint_phone": "12315"})
VERSIONS = {"2015": OLD, "2023": NEW}
BOTH = pytest.mark.parametrize("version", VERSIONS)

SALES = {"business_form": "食品销售经营者", "number": "JY19901010000015"}
CANTEEN = "JY39901010000019"
ACCEPTED = {
    "sellers of food have a number that begins with 1": SALES,
    "caterers have a number that begins with 2": {"business_form": "餐饮服务经营者"},
    "a remark in full-width brackets": {"business_form": "餐饮服务经营者（中央厨房）"},
    "another serial and its check digit": {"number": "JY29901010000026"},
    "an item without what it holds": {"items": ["冷食类食品制售（不含凉拌菜）"]},
    "an item with what it holds": {"items": ["糕点类食品制售(含裱花蛋糕)"]},
    "no warehouse and no remark": {"warehouses": ..., "remarks": ...},
    "nulls for them": {"warehouses": None, "remarks": None},
    "a change keeps number and last day": {
        "origin": "变更",
        "valid_from": "2024-01-10",
        "valid_until": "2029-01-09",
    },
    "a renewal has the same number and five new years": {"origin": "延续"},
    "a copy for a lost one keeps issue date and last day": {
        "origin": "补发",
        "issue_date": "2024-01-10",
        "valid_from": "2024-01-10",
        "valid_until": "2029-01-09",
    },
    "the last day is today": {
        "origin": "补发",
        "valid_from": "2021-11-22",
        "valid_until": "2026-11-21",
    },
    "shorter, as a change or a copy may be": {
        "origin": "换发",
        "valid_until": "2027-01-01",
    },
}
_FORM = (
    "形式应为：JY、13 位数字和 1 位校验码",
    "JY, 13 digits, the first of them 1, 2 or 3",
)
_CHECK = ("校验位错误，请核对每一位", "the check digit is wrong; compare every digit")
_TOO_LONG = (
    "有效期 5 年，最晚为 2031-11-20",
    "at most 5 years: 2031-11-20 at the latest",
)
_ENDLESS = ("有效期 5 年，不能是长期", "this type ends after 5 years, not never")
REFUSED = {
    "no number": ({"number": ...}, ("number", "缺少许可证编号", "License number is")),
    "a wrong check digit": ({"number": "JY29901010000019"}, ("number", *_CHECK)),
    "two digits in another order": (
        {"number": "JY29901100000018"},
        ("number", *_CHECK),
    ),
    "the number of a 备案": ({"number": "YB29901010000018"}, ("number", *_FORM)),
    "the number of a producer": ({"number": "SC29901010000018"}, ("number", *_FORM)),
    "small letters": ({"number": "jy29901010000018"}, ("number", *_FORM)),
    "a form of business of 4": ({"number": "JY49901010000018"}, ("number", *_FORM)),
    "a digit too few": ({"number": "JY2990101000001"}, ("number", *_FORM)),
    "a digit too many": (
        {"number": "JY299010100000180"},
        ("number", "最多 16 个字符", "at most 16 characters"),
    ),
    "full-width digits": ({"number": "JY２9901010000018"}, ("number", *_FORM)),
    "a space inside": ({"number": "JY 2990101000001"}, ("number", *_FORM)),
    "a seller with a caterer's number": (
        {"business_form": "食品销售经营者"},
        ("number", "第 3 位应为 1，与“主体业态”一致", "agree with: Form of business"),
    ),
    "a caterer with a seller's number, whatever the remark": (
        {"number": "JY19901010000015"},
        ("number", "第 3 位应为 2，与“主体业态”一致", "expected 2 from character 3"),
    ),
    "a day more than five years": (
        {"valid_until": "2031-11-21"},
        ("valid_until", *_TOO_LONG),
    ),
    "the end that often means none": (
        {"valid_until": "2099-12-31"},
        ("valid_until", *_TOO_LONG),
    ),
    "no end": ({"valid_until": None}, ("valid_until", *_ENDLESS)),
    "no end in words": ({"valid_until": "长期"}, ("valid_until", *_ENDLESS)),
    "an end that means none": (
        {"valid_until": "9999-12-31"},
        ("valid_until", *_ENDLESS),
    ),
    "ended yesterday": (
        {"origin": "补发", "valid_from": "2021-11-21", "valid_until": "2026-11-20"},
        ("valid_until", *at.ENDED),
    ),
    "a wrong check character of the holder": (
        {"holders": [SHOP | {"code": "92990100MA0000B235"}]},
        ("holders[0].code", *at.BAD_USCC),
    ),
    "an item in a text": (
        {"items": "热食类食品制售"},
        ("items", "应为列表，1 至 30 项", "a list of 1 to 30"),
    ),
    "a form of business with an open bracket": (
        {"business_form": "餐饮服务经营者(小餐饮"},
        ("business_form", "只能取：食品销售经营者", "one of: 食品销售经营者"),
    ),
    "a photo": ({"photo": at.PHOTO}, ("photo", "没有照片", "shows no photo")),
}
TOLD = {
    "shorter than five years where they are granted": (
        {"valid_until": "2031-11-19"},
        (
            "valid_until",
            "短于 5 年（应至 2031-11-20），请核对",
            "shorter than 5 years, which end on 2031-11-20",
        ),
    ),
    "a renewal that is shorter": (
        {"origin": "延续", "valid_until": "2030-11-20"},
        ("valid_until", "短于 5 年", "shorter than 5 years"),
    ),
    "five years from a day before the issue date": (
        {"valid_from": "2026-11-01", "valid_until": "2031-10-31"},
        ("valid_from", *at.LOOK_AGAIN),
    ),
    "an item outside the list, by its place": (
        {"items": ["热食类食品制售", "烧烤"]},
        ("items[1]", "只能取：", "expected one of: "),
    ),
    "an item with two remarks": (
        {"items": ["糕点类食品制售(含裱花蛋糕)(含冷加工)"]},
        ("items[0]", "糕点类食品制售", "糕点类食品制售"),
    ),
}
MISSING = {
    "principal": ("法定代表人（负责人）", "Legal representative"),
    "domicile": ("住所", "Domicile"),
    "premises": ("经营场所", "Premises"),
    "items": ("经营项目", "Items"),
}
OF_ONE_VERSION = {
    "supervisor_org": (OLD, NEW, "日常监督管理机构", "Supervised by"),
    "supervisor": (OLD, NEW, "日常监督管理人员", "Supervisors"),
    "signatory": (OLD, NEW, "签发人", "Signed off by"),
    "complaint_phone": (NEW, OLD, "投诉举报电话", "Complaints"),
}
LENGTHS = {
    "holders[0].name": 80,
    "principal": 30,
    "domicile": 150,
    "premises": 150,
    "business_form": (40, "餐饮服务经营者({})"),
    "items[0]": (60, "热食类食品制售（{}）"),
    "warehouses[0]": 150,
    "remarks": 200,
}
COUNTS = {"items": 30, "warehouses": 10}


@BOTH
def test_without_a_form_of_business_the_number_agrees_with_nothing(version):
    expected = ("business_form", *at.missing("主体业态", "Form of business"))
    VERSIONS[version].refuses({"business_form": ...}, expected)


@pytest.mark.parametrize("key", OF_ONE_VERSION)
def test_a_field_of_one_version_alone(key):
    has, has_not, zh, en = OF_ONE_VERSION[key]
    has.refuses({key: ...}, (key, *at.missing(zh, en)))
    told = (key, "不认识该项", "unknown key")
    has_not.refuses({key: has.good[key]}, told)


def test_lengths_of_one_version():
    OLD.keeps_to_length("supervisor_org", 60)
    OLD.keeps_to_length("supervisor[0]", 30)
    OLD.keeps_to_length("signatory", 30)
    NEW.keeps_to_length("complaint_phone", 20)


def test_up_to_three_supervisors():
    OLD.keeps_to_count("supervisor", 3)


def test_without_days_it_is_five_years_from_today():
    for version in VERSIONS.values():
        days = dict.fromkeys(("issue_date", "valid_from", "valid_until"), ...)
        validity = version.accepts(days).draft.validity
        assert str(validity.valid_from) == "2026-11-21"
        assert str(validity.valid_until) == "2031-11-20"


def test_canteens_are_called_otherwise_since_2023():
    before, since = "单位食堂", "集中用餐单位食堂"
    OLD.accepts({"business_form": before, "number": CANTEEN})
    NEW.accepts({"business_form": since, "number": CANTEEN})
    NEW.accepts({"business_form": f"{since}(学校食堂)", "number": CANTEEN})
    OLD.refuses(
        {"business_form": since, "number": CANTEEN},
        ("business_form", *at.among("食品销售经营者", "餐饮服务经营者", before)),
    )
    NEW.refuses(
        {"business_form": before, "number": CANTEEN},
        ("business_form", *at.among("食品销售经营者", "餐饮服务经营者", since)),
    )
    OLD.refuses(
        {"business_form": before},
        ("number", "第 3 位应为 3，与“主体业态”一致", "expected 3 from character 3"),
    )
    NEW.refuses(
        {"business_form": since},
        ("number", "第 3 位应为 3，与“主体业态”一致", "expected 3 from character 3"),
    )


LISTED = {
    1: (
        *("预包装食品销售", "散装食品销售", "特殊食品销售", "其他类食品销售"),
        *("热食类食品制售", "冷食类食品制售", "生食类食品制售", "糕点类食品制售"),
        *("自制饮品制售", "其他类食品制售"),
    ),
    2: (
        *("散装食品销售", "特殊食品销售", "热食类食品制售", "冷食类食品制售"),
        *("生食类食品制售", "半成品制售", "自制饮品制售", "糕点类食品制售"),
        *("食品销售连锁管理", "餐饮服务连锁管理", "餐饮服务管理"),
    ),
}
ITEMS = {
    "the sale of prepacked food, only filed since": ("预包装食品销售", True, False),
    "other food": ("其他类食品制售", True, False),
    "food in bulk": ("散装食品销售", True, True),
    "raw food": ("生食类食品制售(含刺身)", True, True),
    "half-finished food, new then": ("半成品制售", False, True),
    "the management of a chain, new then": ("餐饮服务连锁管理", False, True),
}


@pytest.mark.parametrize("case", ITEMS)
def test_the_list_of_items_is_that_of_its_law(case):
    item, *known = ITEMS[case]
    for version, good in zip((OLD, NEW), known, strict=True):
        if good:
            version.accepts({"items": [item]})
        else:
            told = ("items[0]", *at.among(*LISTED[version.kind.version]))
            version.tells({"items": [item]}, told)


def test_a_natural_person_held_the_license_of_2015_alone():
    person = {"name": "张示例", "code": "990100199003070019", "code_type": "111"}
    draft = OLD.accepts({"holders": [person]}).draft
    assert draft.holders[0].is_person
    OLD.refuses(
        {"holders": [person | {"code": "990100199003070018"}]},
        ("holders[0].code", *at.BAD_ID),
    )
    NEW.refuses({"holders": [person]}, ("holders[0].code_type", *at.among("001")))
