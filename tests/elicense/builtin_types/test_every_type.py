"""What the built-in types have in common, each of them held to it from both sides."""

import base64

import pytest

from elicense.catalog import Catalog
from elicense.identifiers import Identifier
from elicense.masking import mask_code
from elicense.model import License, Organization
from elicense.payload import StatusReference, claims_of, encode
from tests.elicense.builtin_types import bench as at
from tests.elicense.builtin_types import test_construction_qualification
from tests.elicense.builtin_types.benches import BENCHES, EVERY

PERSONS = ("special-operation.1", "teacher.1")
TWO_SHEETS = [name for name in BENCHES if not name.startswith(("c", "s", "t"))]
TWO_SHEETS.append("construction-qualification.1")


def test_every_built_in_type_is_on_a_bench():
    kinds = Catalog.builtin().types()
    assert [f"{kind.name}.{kind.version}" for kind in kinds] == list(BENCHES)
    assert [held.kind for held in BENCHES.values()] == list(kinds)


TITLES = {
    "business-license": ("营业执照", "统一社会信用代码", "名称"),
    "construction-permit": ("建筑工程施工许可证", "编号", "建设单位"),
    "construction-qualification": ("建设工程企业资质证书", "证书编号", "企业名称"),
    "food-business": ("食品经营许可证", "许可证编号", "经营者名称"),
    "hygiene": ("公共场所卫生许可证", "许可证编号", "单位名称"),
    "road-transport": ("道路运输经营许可证", "编号", "业户名称"),
    "special-operation": ("特种作业操作证", "证号", "姓名"),
    "teacher": ("教师资格证书", "证书号码", "姓名"),
}


@EVERY
def test_the_example_of_the_reference_passes_without_a_word(name):
    held = BENCHES[name]
    given = {key: value for key, value in held.good.items() if key != "photo"}
    draft = held.accepts(given).draft
    title, number, holder = TITLES[held.kind.name]
    assert draft.title == title
    assert held.kind.number_label.zh == number
    assert held.kind.holder_label.zh == holder
    assert (draft.type_name, draft.type_version) == (held.kind.name, held.kind.version)
    assert (draft.origin, draft.case_number) == ("新发", None)
    assert draft.fields.keys() == held.good.keys() - {
        *("holders", "number", "photo", "issue_date", "valid_from", "valid_until")
    }


# -- what the QR tells ---------------------------------------------------------------

TOLD_IN_QR = {
    "business-license.1": {"principal": "买买提·示例"},
    "business-license.2": {"principal": "买买提·示例"},
    "construction-permit.1": {
        "project_name": "青禾区示例小学迁建工程",
        "contractor": "示例市青禾建筑工程有限公司",
    },
    "construction-qualification.1": {
        "qualifications": "施工总承包 建筑工程 贰级 2026-11-21 2031-11-20 等2项",
    },
    "food-business.1": {
        "premises": "示例省示例市青禾区示例路2号1层",
        "business_form": "餐饮服务经营者(小餐饮)",
    },
    "food-business.2": {
        "premises": "示例省示例市青禾区示例路2号1层",
        "business_form": "餐饮服务经营者(小餐饮)",
    },
    "hygiene.1": {"items": "宾馆"},
    "road-transport.1": {},
    "special-operation.1": {"category": "电工作业", "item": "低压电工作业"},
    "teacher.1": {"kind": "高级中学教师资格", "subject": "数学"},
}


def claims(held, changes):
    draft = held.check(changes).draft
    identifier = Identifier.build(held.kind.code, "11990100000000027A", "20260000001")
    license_ = License(
        draft=draft,
        identifier=identifier.text,
        issuer=Organization("11990100000000027A", "示例市行政审批局"),
        specimen=True,
    )
    return claims_of(
        license_,
        held.kind,
        record_digest=bytes(32),
        status=StatusReference(1, 1),
        signed_at=at.AT,
    )


@EVERY
def test_the_qr_tells_what_a_person_compares_and_no_more(name):
    told = claims(BENCHES[name], {})
    assert dict(told.fields) == TOLD_IN_QR[name]
    assert len(encode(told)) <= 380  # bytes, of the reference


@EVERY
def test_codes_of_persons_are_masked_in_the_qr(name):
    told = claims(BENCHES[name], {})
    code = BENCHES[name].good["holders"][0]["code"]
    assert told.holder_code == (mask_code(code) if name in PERSONS else code)
    assert told.holder_is_person is (name in PERSONS)
    number = BENCHES[name].good["number"]
    assert told.number == ("****0019" if name == "special-operation.1" else number)


LONG_IN_QR = {
    "the second principal has no room": (
        "business-license",
        {"principal": ["示" * 20, "例" * 20]},
        ("principal", f"{'示' * 20};例例…"),
    ),
    "a project": (
        "construction-permit",
        {"project_name": "示" * 150},
        ("project_name", f"{'示' * 19}…"),
    ),
    "a contractor and its code": (
        "construction-permit",
        {"contractor": [{"name": "示例建筑公司", "uscc": "91990100MA0000C38D"}] * 2},
        ("contractor", "示例建筑公司 91990100MA00…"),
    ),
    "the first of many qualifications": (
        "construction-qualification",
        {
            "qualifications": [
                test_construction_qualification.ROW | {"field": "示" * 40},
                test_construction_qualification.ROW,
            ]
        },
        ("qualifications", f"施工总承包 {'示' * 33}…"),
    ),
    "premises": (
        "food-business",
        {"premises": "示" * 150},
        ("premises", f"{'示' * 23}…"),
    ),
    "a form of business with its remark": (
        "food-business",
        {"business_form": "餐饮服务经营者(集体用餐配送单位)"},
        ("business_form", "餐饮服务经营者(集体用餐配…"),
    ),
    "items of a place": (
        "hygiene",
        {"items": ["宾馆", "游泳场(馆)", "美容店", "理发店", "公共浴室"]},
        ("items", "宾馆;游泳场(馆);美容店;理发店;公…"),
    ),
}


@pytest.mark.parametrize("case", LONG_IN_QR)
def test_long_values_are_cut_in_the_qr(case):
    kind, changes, (key, told) = LONG_IN_QR[case]
    versions = [held for held in BENCHES.values() if held.kind.name == kind]
    assert versions
    for held in versions:
        assert claims(held, changes).fields[key] == told


# -- origin, copy, photo, another code -----------------------------------------------

ORIGINS = ("新发", "变更", "延续", "补发", "换发", "更正", "存量补录", "转入")


@EVERY
@pytest.mark.parametrize("origin", ORIGINS)
def test_every_origin(name, origin):
    BENCHES[name].accepts({"origin": origin})


@EVERY
def test_no_other_origin(name):
    for wrong in ("注销", "new", "", ["新发"], 1):
        BENCHES[name].refuses({"origin": wrong}, ("origin", *at.among(*ORIGINS)))


@EVERY
def test_one_holder_unless_several_build(name):
    most = 5 if name == "construction-permit.1" else 1
    BENCHES[name].keeps_to_count_of_holders(most)


CODE_TYPES = {
    # code of GB/T 36903, Annex A: a code of that type
    **dict.fromkeys(("001", "099"), "91990100MA0000A193"),
    **dict.fromkeys(("111", "516"), "990100199003070019"),
    **dict.fromkeys(("114", "115", "118", "119", "120", "122"), "AB12345"),
    **dict.fromkeys(("411", "412", "413", "414", "511", "999", "112"), "E12345678"),
}


@EVERY
@pytest.mark.parametrize("code_type", CODE_TYPES)
def test_who_may_hold_it(name, code_type):
    held = BENCHES[name]
    if name in PERSONS:
        allowed = ["111", "414", "511", "516", "999"]
    else:
        allowed = ["001", "111"] if name == "food-business.1" else ["001"]
    holder = {"name": "示例", "code": CODE_TYPES[code_type], "code_type": code_type}
    changes = {"holders": [holder]} | ({"number": ...} if numberless(name) else {})
    changes |= {key: OLD_PERSON[key] for key in OLD_PERSON if key in held.good}
    if code_type in allowed:
        assert held.accepts(changes).draft.holders[0].code_type == code_type
    else:
        held.refuses(changes, ("holders[0].code_type", "只能取：", "expected one of: "))


@EVERY
def test_the_copies_of_a_type(name):
    sheets = name in TWO_SHEETS
    copies = ("正副本合一", "正本", "副本") if sheets else ("单页",)
    assert BENCHES[name].accepts({}).draft.copy == copies[0]
    for copy in ("正本", "副本", "正副本合一", "单页", "复印件"):
        if copy in copies:
            BENCHES[name].accepts({"copy": copy})
        else:
            BENCHES[name].refuses({"copy": copy}, ("copy", *at.among(*copies)))


@EVERY
def test_a_photo_where_a_person_is_shown_alone(name):
    held = BENCHES[name]
    if name in PERSONS:
        assert held.accepts({}).photo == base64.b64decode(at.PHOTO)
        held.refuses({"photo": ...}, ("photo", "缺少照片", "the photo is missing"))
        told = ("photo", "请去掉 data: 前缀", "leave out the data: prefix")
        held.refuses({"photo": f"data:image/png;base64,{at.PHOTO}"}, told)
        told = ("photo", "应为 base64 文本", "expected a base64 text")
        held.refuses({"photo": [1]}, told)
    else:
        assert held.accepts({}).photo is None
        told = ("photo", "该证照类型没有照片", "this type shows no photo")
        held.refuses({"photo": at.PHOTO}, told)


@EVERY
def test_the_code_of_another_system(name):
    held = BENCHES[name]
    held.accepts({"external_qr": "HTTPS://ZZ.EXAMPLE.ORG/Q?ID=990101-1"})
    assert held.accepts({"external_qr": None}).draft.external_qr is None
    ours = ("external_qr", "是本格式的证照二维码", "a license's own code")
    held.refuses({"external_qr": "EL1-AQYZ/.:$NCF"}, ours)
    foreign = ("external_qr", "只能是可打印的 ASCII 字符", "printable ASCII")
    held.refuses({"external_qr": "官方查询码"}, foreign)


# -- the last day --------------------------------------------------------------------

FOREVER = ("长期", "永久", "无固定期限", "/", "", "9999-12-31")
ENDLESS = [
    *("business-license.1", "business-license.2"),
    *("construction-permit.1", "teacher.1"),
]
YEARS = {
    "construction-qualification.1": (5, "2031-11-20", True),
    "food-business.1": (5, "2031-11-20", False),
    "food-business.2": (5, "2031-11-20", False),
    "hygiene.1": (4, "2030-11-20", True),
    "road-transport.1": (4, "2030-11-20", True),
    "special-operation.1": (6, "2032-11-20", False),
}


def test_a_type_ends_after_years_or_not_by_itself():
    assert sorted([*ENDLESS, *YEARS]) == list(BENCHES)


@pytest.mark.parametrize("word", FOREVER)
@pytest.mark.parametrize("name", ENDLESS)
def test_no_end_is_null_and_no_other_word(name, word):
    assert BENCHES[name].accepts({}).draft.validity.valid_until is None
    BENCHES[name].refuses({"valid_until": word}, ("valid_until", *at.NO_END))


@pytest.mark.parametrize("word", [*FOREVER, None])
@pytest.mark.parametrize("name", YEARS)
def test_no_end_where_there_is_one(name, word):
    years = YEARS[name][0]
    told = (f"该类证照有效期 {years} 年，不能是长期", f"ends after {years} years")
    BENCHES[name].refuses({"valid_until": word}, ("valid_until", *told))


@pytest.mark.parametrize("name", YEARS)
def test_the_years_of_a_type(name):
    held, (years, last, only_told) = BENCHES[name], YEARS[name]
    days = dict.fromkeys(("issue_date", "valid_from", "valid_until"), ...)
    assert str(held.accepts(days).draft.validity.valid_until) == last
    held.accepts({"valid_until": last})
    later = last[:-1] + "1"
    judge = held.tells if only_told else held.refuses
    judge(
        {"valid_until": later},
        (
            "valid_until",
            f"有效期 {years} 年，最晚为 {last}",
            f"at most {years} years: {last} at the latest",
        ),
    )


@EVERY
def test_days_of_another_spelling(name):
    held = BENCHES[name]
    for wrong in ("2046年1月5日", "2046-1-5", "２０４６-01-05", "2046/01/05"):
        held.refuses({"valid_until": wrong}, ("valid_until", *at.BAD_DAY))
    text = ("valid_until", "应为日期文本 YYYY-MM-DD", "expected a text YYYY-MM-DD")
    held.refuses({"valid_until": 20460105}, text)
    held.refuses(
        {"valid_until": "2030-02-29"},
        ("valid_until", "日历中没有这一天", "no such day in the calendar"),
    )


# -- codes of licenses granted on paper ----------------------------------------------

REGISTRATION, ORGANIZATION, OLD_ID = "990100000000001", "MA0000A19", "990100900307001"
BACKFILL = {"origin": "存量补录", "number": ...}


def numberless(name):
    """Tell whether the number follows from the holder, so that it is left out."""
    return name.startswith(("business", "special"))


def coded(name, code):
    held = BENCHES[name]
    (first, *rest) = held.good["holders"]
    holders = {"holders": [{**first, "code": code}, *rest]}
    return holders | ({"number": ...} if numberless(name) else {})


OLD_CODES = {
    "a registration number": REGISTRATION,
    "an organization code": ORGANIZATION,
    "an organization code that ends with X": "00000014X",
}
ORGANIZATIONS = [name for name in BENCHES if name not in PERSONS]


@pytest.mark.parametrize("case", OLD_CODES)
@pytest.mark.parametrize("name", ORGANIZATIONS)
def test_an_organization_had_another_code(name, case):
    held, changes = BENCHES[name], coded(name, OLD_CODES[case])
    draft = held.accepts({**changes, "origin": "存量补录"}).draft
    assert draft.holders[0].code_type == "001"
    assert not draft.holders[0].is_person
    if numberless(name):
        assert draft.number == OLD_CODES[case]
    told = ("holders[0].code", "应为 18 位数字和大写字母", "expected 18 digits")
    for origin in ("新发", "变更", "转入"):
        held.refuses({**changes, "origin": origin}, told)


WRONG_OLD_CODES = {
    "a registration number with a letter": (
        "99010000000000A",
        ("旧注册号应为 15 位数字", "registration number: expected 15 digits"),
    ),
    "an organization code with a hyphen": (
        "MA0000A-9",
        ("不写连字符", "without a hyphen"),
    ),
    "an organization code in small letters": (
        "ma0000a19",
        ("8 位数字或大写字母加 1 位校验码", "8 digits or capital letters"),
    ),
    "an organization code with a wrong check character": (
        "MA0000A18",
        ("旧组织机构代码的校验位错误", "organization code: the check character is"),
    ),
    "fourteen digits": ("99010000000001", ("应为 18 位", "expected 18 digits")),
    "ten characters": ("MA0000A1-9", ("应为 18 位", "expected 18 digits")),
    "a code of today that is wrong": ("91990100MA0000A194", at.BAD_USCC),
}


@pytest.mark.parametrize("case", WRONG_OLD_CODES)
@pytest.mark.parametrize("name", ORGANIZATIONS)
def test_a_code_that_was_never_one(name, case):
    code, told = WRONG_OLD_CODES[case]
    changes = {**coded(name, code), "origin": "存量补录"}
    BENCHES[name].refuses(changes, ("holders[0].code", *told))


OLD_PERSON = {"sex": "男", "birth": "1990-03-07"}


@pytest.mark.parametrize("name", PERSONS)
def test_a_person_had_a_shorter_id(name):
    held = BENCHES[name]
    person = {key: OLD_PERSON[key] for key in OLD_PERSON if key in held.good}
    changes = {**coded(name, OLD_ID), **person}
    draft = held.accepts({**changes, "origin": "存量补录"}).draft
    assert draft.number == (f"T{OLD_ID}" if numberless(name) else held.good["number"])
    told = ("holders[0].code", "不接受 15 位旧身份证号", "15 digits are not accepted")
    held.refuses({**changes, "origin": "换发"}, told)
    other = ("sex", "与公民身份号码不一致", "does not agree")
    held.refuses({**changes, "origin": "存量补录", "sex": "女"}, other)
    wrong = {**changes, **coded(name, "990100900230001"), "origin": "存量补录"}
    held.refuses(wrong, ("holders[0].code", "出生日期不存在", "not a real day"))


def test_the_birth_of_a_teacher_agrees_with_a_shorter_id():
    changes = coded("teacher.1", OLD_ID) | OLD_PERSON | {"birth": "1990-03-08"}
    told = ("birth", "与公民身份号码不一致", "does not agree")
    BENCHES["teacher.1"].refuses({**changes, "origin": "存量补录"}, told)
