"""教师资格证书: a person, a kind of school, a subject; it does not end."""

import pytest

from tests.elicense.builtin_types import bench as at

GOOD = {
    "holders": [at.WOMAN],
    "number": "20269901042000123",
    "issue_date": "2026-11-21",
    "valid_until": None,
    "sex": "女",
    "birth": "1985-06-12",
    "ethnicity": "维吾尔族",
    "kind": "高级中学教师资格",
    "subject": "数学",
    "remarks": "无",
    "photo": at.PHOTO,
}
CERTIFICATE = at.bench("teacher", GOOD)

KINDS = {
    "幼儿园教师资格": "1",
    "小学教师资格": "2",
    "初级中学教师资格": "3",
    "高级中学教师资格": "4",
    "中等职业学校教师资格": "5",
    "中等职业学校实习指导教师资格": "6",
    "高等学校教师资格": "7",
}
KINDERGARTEN = "幼儿园教师资格"
ETHNIC_GROUPS = (
    *("汉", "蒙古", "回", "藏", "维吾尔", "苗", "彝", "壮"),
    *("布依", "朝鲜", "满", "侗", "瑶", "白", "土家", "哈尼"),
    *("哈萨克", "傣", "黎", "傈僳", "佤", "畲", "高山", "拉祜"),
    *("水", "东乡", "纳西", "景颇", "柯尔克孜", "土", "达斡尔", "仫佬"),
    *("羌", "布朗", "撒拉", "毛南", "仡佬", "锡伯", "阿昌", "普米"),
    *("塔吉克", "怒", "乌孜别克", "俄罗斯", "鄂温克", "德昂", "保安", "裕固"),
    *("京", "塔塔尔", "独龙", "鄂伦春", "赫哲", "门巴", "珞巴", "基诺"),
)


def numbered(kind):
    """Return a number of the year, with the digit of a kind."""
    return f"202699010{KINDS[kind]}2000123"


def foreign(code_type, code):
    """Return a holder without a citizen id."""
    return {"name": "陈示例", "code": code, "code_type": code_type}


ACCEPTED = {
    "a man": {
        "holders": [at.MAN],
        "sex": "男",
        "birth": "1990-03-07",
        "number": "20269901041000123",
    },
    "the digit of the sex of before 2009": {"number": "20269901040000123"},
    "the digit of the other sex": {"number": "20269901041000123"},
    "a digit that is no sex at all": {"number": "20269901049000123"},
    "another province and organ, whichever": {"number": "20260000042000123"},
    "a copy for a lost one keeps number and day": {
        "origin": "补发",
        "number": "20129901042000123",
        "issue_date": "2012-06-30",
    },
    "one that was exchanged keeps its number": {
        "origin": "换发",
        "number": "20129901042000123",
    },
    "no remark": {"remarks": ...},
    "a group that is none of the 56": {"ethnicity": "其他"},
    "a discipline of a university": {
        "kind": "高等学校教师资格",
        "number": numbered("高等学校教师资格"),
        "subject": "计算机科学与技术",
    },
    "from Hong Kong or Macao, by a permit of residence": {
        "holders": [foreign("516", "810000198506120028")]
    },
    "from Taiwan, by a travel permit": {"holders": [foreign("511", "01234567")]},
    "with a passport": {"holders": [foreign("414", "E12345678")]},
    "with another document, and what it cannot tell": {
        "holders": [foreign("999", "AB1234")],
        "sex": "男",
        "birth": "1970-01-01",
    },
    "born on the issue date, which nobody forbids": {
        "holders": [foreign("414", "E12345678")],
        "birth": "2026-11-21",
    },
}
_FORM = (
    "形式应为：17 位数字，第 10 位为 1 至 7",
    "17 digits, the tenth of them 1 to 7",
)
_NOT_THE_ID = ("与公民身份号码不一致", "does not agree with the holder's citizen id")
REFUSED = {
    "no number": ({"number": ...}, ("number", "缺少证书号码", "Certificate number is")),
    "sixteen digits": ({"number": "2026990104200012"}, ("number", *_FORM)),
    "a kind of 0": ({"number": "20269901002000123"}, ("number", *_FORM)),
    "a kind of 8": ({"number": "20269901082000123"}, ("number", *_FORM)),
    "a letter": ({"number": "2026990104200012X"}, ("number", *_FORM)),
    "full-width digits": ({"number": "２０２６9901042000123"}, ("number", *_FORM)),
    "eighteen digits": (
        {"number": "202699010420001234"},
        ("number", "最多 17 个字符", "at most 17 characters"),
    ),
    "another year than the issue date": (
        {"number": "20259901042000123"},
        (
            "number",
            "第 1 至 4 位应为 2026，与“issue_date”一致",
            "expected 2026 from character 1 on, to agree with: issue_date",
        ),
    ),
    "another kind than the number": (
        {"kind": "小学教师资格"},
        (
            "number",
            "第 10 位应为 2，与“资格种类”一致",
            "expected 2 from character 10 on, to agree with: Qualification",
        ),
    ),
    "another kind even in a later version": (
        {"origin": "换发", "kind": "初级中学教师资格"},
        ("number", "第 10 位应为 3", "expected 3 from character 10 on"),
    ),
    "the other sex": ({"sex": "男"}, ("sex", *_NOT_THE_ID)),
    "another day of birth": ({"birth": "1985-06-13"}, ("birth", *_NOT_THE_ID)),
    "both, at once": (
        {"holders": [at.MAN]},
        ("sex", *_NOT_THE_ID),
        ("birth", *_NOT_THE_ID),
    ),
    "a sex that is none": ({"sex": "F"}, ("sex", *at.among("男", "女"))),
    "a birth by its month": ({"birth": "1985-06"}, ("birth", *at.BAD_DAY)),
    "born after the issue date": (
        {"holders": [foreign("414", "E12345678")], "birth": "2026-11-22"},
        ("birth", "不得晚于 issue_date（2026-11-21）", "not be later than issue_date"),
    ),
    "a kind that is none": (
        {"kind": "成人教育教师资格"},
        ("kind", *at.among(*KINDS)),
    ),
    "no end is not nothing": ({"valid_until": ...}, ("valid_until", *at.NO_END)),
    "no end in words": ({"valid_until": "长期"}, ("valid_until", *at.NO_END)),
    "an end that means none": (
        {"valid_until": "9999-12-31"},
        ("valid_until", *at.NO_END),
    ),
    "no photo": (
        {"photo": ...},
        ("photo", "缺少照片（JPEG 或 PNG 的 base64 文本）", "the photo is missing"),
    ),
    "a wrong check digit": (
        {"holders": [at.WOMAN | {"code": "990100198506120029"}]},
        ("holders[0].code", *at.BAD_ID),
    ),
    "an organization": (
        {"holders": [at.WOMAN | {"code_type": "001"}]},
        ("holders[0].code_type", *at.among("111", "516", "511", "414", "999")),
    ),
    "a document in small letters": (
        {"holders": [foreign("414", "e12345678")]},
        ("holders[0].code", *at.BAD_OTHER),
    ),
    "a document of four characters": (
        {"holders": [foreign("516", "8100")]},
        ("holders[0].code", *at.BAD_OTHER),
    ),
    "two persons": (
        {"holders": [at.WOMAN, at.MAN]},
        ("holders", "1 至 1 个", "a list of 1 to 1 holders"),
    ),
}
TOLD = {
    "the end that often means none": (
        {"valid_until": "2099-12-31"},
        ("valid_until", "常被用来表示长期", "often written to mean an open end"),
    ),
    "a group without 族": (
        {"ethnicity": "汉"},
        ("ethnicity", "只能取：汉族、蒙古族", "expected one of: 汉族, 蒙古族"),
    ),
    "a group that documents say, and the standard does not": (
        {"ethnicity": "穿青人"},
        ("ethnicity", "只能取：汉族、蒙古族", "expected one of: 汉族, 蒙古族"),
    ),
}
MISSING = {
    "sex": ("性别", "Sex"),
    "birth": ("出生日期", "Date of birth"),
    "ethnicity": ("民族", "Ethnic group"),
}
LENGTHS = {"holders[0].name": 30, "subject": 40, "remarks": 200}
COUNTS = {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_its_digit_and_its_subject(kind):
    """That of a kindergarten has none; the page says 无 there."""
    changes = {"kind": kind, "number": numbered(kind)}
    if kind == KINDERGARTEN:
        changes["subject"] = ...
    CERTIFICATE.accepts(changes)
    for other, digit in KINDS.items():
        if other != kind:
            CERTIFICATE.refuses(
                changes | {"number": numbered(other)},
                ("number", f"第 10 位应为 {KINDS[kind]}", "agree with: Qualification"),
            )
            assert digit != KINDS[kind]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != KINDERGARTEN])
def test_a_school_has_subjects(kind):
    CERTIFICATE.refuses(
        {"kind": kind, "number": numbered(kind), "subject": ...},
        ("subject", *at.missing("任教学科", "Subject")),
    )


def test_a_kindergarten_has_no_subject():
    CERTIFICATE.refuses(
        {"kind": KINDERGARTEN, "number": numbered(KINDERGARTEN)},
        ("subject", "只在 kind 为小学教师资格、初级中学", "leave it out"),
    )


def test_without_a_kind_nothing_follows_of_subjects():
    for none in (..., None):
        CERTIFICATE.refuses(
            {"kind": none, "subject": ...},
            ("kind", *at.missing("资格种类", "Qualification")),
        )


def test_fifty_six_groups():
    assert len(ETHNIC_GROUPS) == len(set(ETHNIC_GROUPS)) == 56
    for group in ETHNIC_GROUPS:
        CERTIFICATE.accepts({"ethnicity": f"{group}族"})


def test_registration_every_five_years_is_no_duty_of_the_certificate():
    draft = CERTIFICATE.accepts({}).draft
    assert draft.checkpoints == ()
    assert draft.validity.valid_until is None
