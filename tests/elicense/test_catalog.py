import base64
import contextlib
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.catalog import (
    Catalog,
    FieldKind,
    check_application,
    describe,
    parse_application,
)
from elicense.errors import ApplicationError, CatalogError, UnknownTypeError
from elicense.model import Checkpoint, Validity
from elicense.samples import sample

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
CATALOG = Catalog.builtin()
SHOP, CARD, FIRM = "food-business", "special-operation", "business-license"
BUILT_IN = {
    FIRM: ("营业执照", 2, ["principal"]),
    "construction-permit": ("建筑工程施工许可证", 1, ["project_name", "contractor"]),
    "construction-qualification": ("建设工程企业资质证书", 1, ["qualifications"]),
    SHOP: ("食品经营许可证", 2, ["premises", "business_form"]),
    "hygiene": ("公共场所卫生许可证", 1, ["items"]),
    "road-transport": ("道路运输经营许可证", 1, []),
    CARD: ("特种作业操作证", 1, ["category", "item"]),
    "teacher": ("教师资格证书", 1, ["kind", "subject"]),
}
"""Name -> title, newest version, and the fields of which the QR tells."""
OWN_TYPE = """
format = "elicense.type/1"
name = "bathhouse"
version = 1
code = "11990000000000019A906"
title = { zh = "公共浴室许可证", en = "Bathhouse License" }
number_label = { zh = "许可证编号", en = "License number" }
holder_label = { zh = "单位名称", en = "Unit" }
copies = ["正本"]
photo = "optional"

[holders]
code_types = ["001", "111"]
max_count = 2
name_max_length = 80
roles = ["建设单位", "共有人"]

[number]
rule = "supplied"
max_length = 30

[validity]
rule = "years"
years = 4

[[checkpoints]]
kind = "复核"
years = 1
done_field = "checked_on"

[[fields]]
key = "kind"
label = { zh = "种类", en = "Kind" }
kind = "choice"
choices = ["浴场", "温泉"]
enforce = "warn"

[[fields]]
key = "checked_on"
label = { zh = "复核日期", en = "Checked on" }
kind = "date"
required = false

[[fields]]
key = "birth"
label = { zh = "出生日期", en = "Birth" }
kind = "date"
required = false
agrees = "birth"

[layout]
page = "A4"
"""
OWN = CATALOG.with_files({"bathhouse.toml": OWN_TYPE.encode()}).get("bathhouse")
OWN_APPLICATION = {
    "holders": [{"name": "示例浴场", "code": "92990100MA0000B234", "role": "建设单位"}],
    "number": "示浴证字〔2026〕第000123号",
    "kind": "浴场",
}


def check(name, **changes):
    application = sample(name, AT) | changes
    return check_application(CATALOG.get(name), application, AT)


def problems(name, **changes):
    with pytest.raises(ApplicationError) as caught:
        check(name, **changes)
    for problem in caught.value.problems:
        assert problem.message.zh
        assert problem.message.en
    return {problem.field: problem.message for problem in caught.value.problems}


# -- the catalog ---------------------------------------------------------------------


def test_the_built_in_types():
    assert CATALOG.names() == tuple(BUILT_IN)
    versions = [(entry.name, entry.version) for entry in CATALOG.types()]
    assert versions == [
        (name, version)
        for name, (_, newest, _) in BUILT_IN.items()
        for version in range(1, newest + 1)
    ]
    assert CATALOG.get(CARD).has_photo
    assert CATALOG.get(CARD).number_holds_citizen_id
    assert not CATALOG.get(SHOP).has_photo
    for entry in CATALOG.types():
        title, _, in_qr = BUILT_IN[entry.name]
        assert entry.title.zh == title
        assert [rule.key for rule in entry.fields if rule.in_qr] == in_qr


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_newest_version_is_the_one_that_is_issued(name):
    assert CATALOG.get(name).version == BUILT_IN[name][1]


def test_two_versions_stand_side_by_side():
    newer = OWN_TYPE.replace("version = 1", "version = 2")
    both = CATALOG.with_files({"1.toml": OWN_TYPE.encode(), "2.toml": newer.encode()})
    assert both.get("bathhouse").version == 2
    assert both.get("bathhouse", 1).version == 1
    assert CATALOG.names() == tuple(BUILT_IN)


def test_the_same_version_twice_is_refused():
    with pytest.raises(CatalogError) as caught:
        CATALOG.with_files({"1.toml": OWN_TYPE.encode(), "2.toml": OWN_TYPE.encode()})
    assert "bathhouse" in caught.value.message.zh


def test_an_unknown_type_suggests_a_close_name():
    with pytest.raises(UnknownTypeError) as caught:
        CATALOG.get("food-busines")
    assert "food-business" in caught.value.message.zh
    with pytest.raises(UnknownTypeError):
        CATALOG.get(SHOP, 99)


def test_one_field_of_a_type():
    assert CATALOG.get(SHOP).field("items").kind is FieldKind.TEXTS
    with pytest.raises(KeyError):
        CATALOG.get(SHOP).field("sex")


@pytest.mark.parametrize("entry", [*CATALOG.types(), OWN], ids=lambda entry: entry.name)
def test_a_description_is_json(entry):
    told = describe(entry)
    assert json.loads(json.dumps(told)) == told
    assert told["name"] == entry.name
    assert told["title"] == {"zh": entry.title.zh, "en": entry.title.en}
    assert [field["key"] for field in told["fields"]] == [
        rule.key for rule in entry.fields
    ]


def replaced(old, new):
    assert old in OWN_TYPE
    return OWN_TYPE.replace(old, new, 1).encode()


BAD_FILES = {
    "not TOML": (b"name =", ""),
    "not UTF-8": (b"name = '\xff'", ""),
    "nested a thousand deep": (b"a = " + b"[" * 100_000, ""),
    "a number without end": (b"a = " + b"9" * 100_000, ""),
    "too large": (b"#" * (1 << 20), ""),
    "nothing": (b"", "format"),
    "another format": (replaced("type/1", "type/2"), "format"),
    "a repeated key": (replaced("version = 1", "version = 1\nversion = 1"), ""),
    "an unknown key": (replaced("version = 1", "version = 1\ncolour = 1"), "colour"),
    "an unknown key of a field": (
        replaced('key = "kind"', 'key = "kind"\nmaximum = 1'),
        "maximum",
    ),
    "a missing key": (replaced("version = 1", ""), "version"),
    "a version in text": (replaced("version = 1", 'version = "1"'), "version"),
    "a version that is true": (replaced("version = 1", "version = true"), "version"),
    "version 0": (replaced("version = 1", "version = 0"), "version"),
    "capitals in the name": (replaced('"bathhouse"', '"Bathhouse"'), "name"),
    "a wrong type code": (replaced("19A906", "18A906"), "code"),
    "a type code of a built-in type": (replaced("19A906", "19A002"), ""),
    "no English title": (replaced(', en = "Bathhouse License"', ""), "title"),
    "an empty label": (replaced('"许可证编号"', '""'), "number_label"),
    "an unknown holder code type": (replaced('"111"', '"112"'), "code_types"),
    "no holder code type": (replaced('["001", "111"]', "[]"), "code_types"),
    "an unknown number rule": (replaced('"supplied"', '"random"'), "rule"),
    "an unknown validity rule": (replaced('"years"', '"weeks"'), "rule"),
    "years below one": (replaced("years = 4", "years = 0"), "years"),
    "an unknown field kind": (replaced('"choice"', '"integer"'), "kind"),
    "a choice without choices": (replaced('choices = ["浴场", "温泉"]', ""), "choices"),
    "a choice twice": (replaced('"温泉"', '"浴场"'), "choices"),
    "choices of a date": (
        replaced('kind = "date"', 'kind = "date"\nchoices = ["a"]'),
        "choices",
    ),
    "a common key": (replaced('"kind"\nlabel', '"number"\nlabel'), "key"),
    "capitals in a key": (replaced('"kind"\nlabel', '"Kind"\nlabel'), "key"),
    "two fields of one key": (replaced('"birth"', '"kind"'), "fields"),
    "required in words": (replaced("required = false", 'required = "no"'), "required"),
    "a review kept in no field": (
        replaced('d = "checked_on"', 'd = "x"'),
        "checkpoint",
    ),
    "a review kept in a choice": (
        replaced('d = "checked_on"', 'd = "kind"'),
        "checkpoint",
    ),
    "an unknown agreement": (replaced('agrees = "birth"', 'agrees = "age"'), "agrees"),
    "an unknown photo rule": (replaced('"optional"', '"maybe"'), "photo"),
    "an unknown copy": (replaced('["正本"]', '["复印件"]'), "copies"),
    "a layout that is a text": (replaced('[layout]\npage = "A4"', ""), None),
    "checkpoints that are texts": (
        replaced('code = "1199', 'checkpoints = ["a"]\ncode = "1199').replace(
            b"[[checkpoints]]", b"[own]"
        ),
        "checkpoints",
    ),
    "a person's code as the number, unmasked": (
        replaced('rule = "supplied"\nmax_length = 30', 'rule = "holder-code"'),
        "number_holds_citizen_id",
    ),
    "fields that are a table": (
        OWN_TYPE.partition("[[fields]]")[0].encode() + b"[fields]\n",
        "fields",
    ),
    "a limit on a choice's day": (
        replaced('enforce = "warn"', 'not_after = "issue_date"'),
        "kind",
    ),
    "lists of an unknown field": (
        replaced(
            'enforce = "warn"',
            'choices_by = { field = "x", lists = { "浴场" = ["浴场"] } }',
        ),
        "x",
    ),
}


@pytest.mark.parametrize(("data", "key"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_type_file(data, key):
    if key is None:  # the layout may be missing: this one is good
        (only,) = CATALOG.with_files({"own.toml": data}).get("bathhouse").presentations
        assert only.layout == {}
        return
    with pytest.raises(CatalogError) as caught:
        CATALOG.with_files({"own.toml": data})
    assert key in caught.value.message.en
    assert "own.toml" in caught.value.message.en or "19A002" in data.decode()
    assert CATALOG.names() == tuple(BUILT_IN)


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_bytes_are_a_type_or_a_catalog_error(data):
    raw = data if isinstance(data, bytes) else data.encode(errors="surrogatepass")
    with pytest.raises(CatalogError):  # no type fits 60 characters
        CATALOG.with_files({"x.toml": raw})


@given(st.data())
def test_an_edited_type_is_a_type_or_a_catalog_error(data):
    raw = bytearray(OWN_TYPE.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = CATALOG.with_files({"x.toml": bytes(raw)})
    except CatalogError:
        return
    assert len(found.types()) == len(CATALOG.types()) + 1


# -- good applications ---------------------------------------------------------------


def test_a_shop_for_five_years():
    draft = check(SHOP).draft
    assert draft.validity == Validity(date(2026, 11, 21), date(2031, 11, 20))
    assert (draft.origin, draft.copy) == ("新发", "正副本合一")
    assert draft.case_number is None
    assert list(draft.fields) == [
        *("principal", "domicile", "premises", "business_form", "items"),
        *("complaint_phone", "warehouses", "remarks"),
    ]
    assert draft.fields["items"] == (
        *("热食类食品制售", "冷食类食品制售（不含凉拌菜）"),
        "自制饮品制售（不含自酿酒）",
    )
    assert draft.holders[0].code_type == "001"


def test_a_card_with_a_review_after_three_years():
    checked = check(CARD)
    holder = checked.draft.holders[0]
    assert checked.draft.number == f"T{holder.code}"
    assert holder.code_type == "111"
    assert checked.draft.checkpoints == (Checkpoint("复审", date(2029, 11, 20)),)
    assert checked.photo == base64.b64decode(sample(CARD, AT)["photo"])
    assert checked.draft.photo is None


def test_a_firm_without_end():
    draft = check(FIRM).draft
    assert draft.validity.valid_until is None
    assert draft.number == draft.holders[0].code
    assert check(FIRM, valid_until="2046-11-20").draft.validity.valid_until == date(
        2046, 11, 20
    )


def test_the_day_of_issuing_is_that_of_china():
    evening = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
    application = sample(SHOP, AT)
    del application["issue_date"]
    draft = check_application(CATALOG.get(SHOP), application, evening).draft
    assert draft.issue_date == draft.validity.valid_from == date(2026, 11, 22)


def test_the_case_number_is_given_beside():
    application = sample(SHOP, AT)
    draft = check_application(CATALOG.get(SHOP), application, AT, "9901-1").draft
    assert draft.case_number == "9901-1"
    with pytest.raises(ApplicationError) as caught:
        check_application(CATALOG.get(SHOP), application, AT, "a\nb")
    assert [problem.field for problem in caught.value.problems] == ["case_number"]


def test_an_optional_field_may_be_null():
    assert "warehouses" not in check(SHOP, warehouses=None).draft.fields


def test_a_change_keeps_the_old_period():
    checked = check(
        SHOP, origin="变更", valid_from="2024-01-10", valid_until="2029-01-09"
    )
    assert checked.warnings == ()
    assert checked.draft.validity == Validity(date(2024, 1, 10), date(2029, 1, 9))


SEPARATORS = "\u2022\u2027\u30fb\uff0e\ufe52\uff65\u2219\u22c5"


@pytest.mark.parametrize("separator", SEPARATORS)
def test_separators_of_names_are_folded_and_told(separator):
    checked = check(SHOP, principal=f"买买提{separator}示例")
    assert checked.draft.fields["principal"] == "买买提·示例"
    assert [warning.field for warning in checked.warnings] == ["principal"]


def test_separators_elsewhere_are_kept():
    checked = check(SHOP, premises="示例路1\uff0e5号")
    assert checked.draft.fields["premises"] == "示例路1\uff0e5号"
    assert checked.warnings == ()


def test_letters_of_names_are_composed_and_han_is_not():
    checked = check(SHOP, principal="\uf900E\u0301\U0002f800")
    assert checked.draft.fields["principal"] == "\uf900\u00c9\U0002f800"
    assert len(checked.warnings) == 1
    assert check(SHOP, principal="\uf900\U0002f800示").warnings == ()


@pytest.mark.parametrize("name", ["䶮示例", "𬱖示例", "𠅤示例", "葛\U000e0100示例"])
def test_rare_characters_are_kept(name):
    checked = check(SHOP, principal=name)
    assert checked.draft.fields["principal"] == name
    assert checked.warnings == ()


WARNINGS = {
    "valid_from before issue_date": (SHOP, {"valid_from": "2026-11-01"}, "valid_from"),
    "shorter than the type's period": (
        SHOP,
        {"valid_until": "2030-01-01"},
        "valid_until",
    ),
    "an end that often means no end": (
        FIRM,
        {"valid_until": "2099-12-31"},
        "valid_until",
    ),
    "an item of another category": (CARD, {"category": "高处作业"}, "item"),
}


@pytest.mark.parametrize(("name", "changes", "field"), WARNINGS.values(), ids=WARNINGS)
def test_warning(name, changes, field):
    assert [warning.field for warning in check(name, **changes).warnings] == [field]


# -- bad applications ----------------------------------------------------------------

PERSON = {"name": "张示例", "code": "990100199003070019"}
BAD = {
    "no holders": (SHOP, {"holders": None}, "holders"),
    "an empty list of holders": (SHOP, {"holders": []}, "holders"),
    "two holders where one is allowed": (CARD, {"holders": [PERSON] * 2}, "holders"),
    "holders in a text": (SHOP, {"holders": "示例"}, "holders"),
    "a holder in a text": (SHOP, {"holders": ["示例"]}, "holders[0]"),
    "a holder with an unknown key": (
        CARD,
        {"holders": [PERSON | {"age": 1}]},
        "holders[0]",
    ),
    "a holder without a name": (
        CARD,
        {"holders": [{"code": PERSON["code"]}]},
        "holders[0].name",
    ),
    "a holder without a code": (
        CARD,
        {"holders": [{"name": "张示例"}]},
        "holders[0].code",
    ),
    "a holder with a wrong check digit": (
        CARD,
        {"holders": [PERSON | {"code": "990100199003070018"}]},
        "holders[0].code",
    ),
    "a holder born in the future": (
        CARD,
        {"holders": [PERSON | {"code": "99010020261122002X"}]},
        "holders[0].code",
    ),
    "a person where an organization is needed": (
        SHOP,
        {"holders": [PERSON | {"code_type": "111"}]},
        "holders[0].code_type",
    ),
    "a role where there is none": (
        CARD,
        {"holders": [PERSON | {"role": "共有人"}]},
        "holders[0].role",
    ),
    "a passport in small letters": (
        CARD,
        {"holders": [{"name": "示例", "code": "e12345678", "code_type": "414"}]},
        "holders[0].code",
    ),
    "a missing field": (SHOP, {"premises": None}, "premises"),
    "a blank field": (SHOP, {"premises": "\u3000"}, "premises"),
    "a space after": (SHOP, {"premises": "示例路 "}, "premises"),
    "a number for a text": (SHOP, {"premises": 12}, "premises"),
    "a text for a list": (SHOP, {"items": "热食"}, "items"),
    "an empty list": (SHOP, {"items": []}, "items"),
    "a list with a number": (SHOP, {"items": ["热食", 1]}, "items[1]"),
    "a list too long": (SHOP, {"items": ["热食"] * 31}, "items"),
    "a text too long": (SHOP, {"premises": "示" * 151}, "premises"),
    "a line break": (SHOP, {"premises": "示例\n路"}, "premises"),
    "an invisible character": (SHOP, {"premises": "示\u200b例"}, "premises"),
    "a line separator": (SHOP, {"premises": "示\u2028例"}, "premises"),
    "a paragraph separator": (SHOP, {"premises": "示\u2029例"}, "premises"),
    "a lone surrogate": (SHOP, {"premises": "示\ud800例"}, "premises"),
    "a replacement character": (SHOP, {"premises": "示\ufffd例"}, "premises"),
    "a private-use character": (SHOP, {"principal": "示\ue000例"}, "principal"),
    "an unknown key": (SHOP, {"colour": "红"}, "colour"),
    "a derived key": (CARD, {"checkpoints": []}, "checkpoints"),
    "a case number inside": (SHOP, {"case_number": "1"}, "case_number"),
    "a choice that does not exist": (SHOP, {"business_form": "面馆"}, "business_form"),
    "a choice with an open bracket": (
        SHOP,
        {"business_form": "餐饮服务经营者(小餐饮"},
        "business_form",
    ),
    "the other sex": (CARD, {"sex": "男"}, "sex"),
    "no photo": (CARD, {"photo": None}, "photo"),
    "a photo that is not needed": (SHOP, {"photo": "AAAA"}, "photo"),
    "a photo that is not base64": (CARD, {"photo": "@@@@"}, "photo"),
    "a photo with line breaks": (CARD, {"photo": "AAAA\nAAAA"}, "photo"),
    "a photo in another spelling": (CARD, {"photo": "AB=="}, "photo"),
    "a photo with a prefix": (CARD, {"photo": "data:image/png;base64,AAAA"}, "photo"),
    "a photo of nothing": (CARD, {"photo": ""}, "photo"),
    "a photo that is a list": (CARD, {"photo": [1]}, "photo"),
    "a photo too large": (CARD, {"photo": "A" * (12 << 20)}, "photo"),
    "no number": (SHOP, {"number": None}, "number"),
    "a number with a wrong check digit": (
        SHOP,
        {"number": "JY29901010000019"},
        "number",
    ),
    "a number of another form of business": (
        SHOP,
        {"business_form": "食品销售经营者"},
        "number",
    ),
    "a number that is not the holder's code": (
        FIRM,
        {"number": "92990100MA0000B234"},
        "number",
    ),
    "issued tomorrow": (
        SHOP,
        {"issue_date": "2026-11-22", "valid_from": "2026-11-21"},
        "issue_date",
    ),
    "a day that does not exist": (SHOP, {"issue_date": "2026-02-30"}, "issue_date"),
    "a day before 1970": (
        SHOP,
        {"issue_date": "1969-12-31", "valid_from": "2026-11-21"},
        "issue_date",
    ),
    "a day as a number": (SHOP, {"issue_date": 46347}, "issue_date"),
    "an end before the beginning": (
        FIRM,
        {"valid_from": "2027-06-01", "valid_until": "2027-05-31"},
        "valid_until",
    ),
    "ended already": (
        SHOP,
        {"origin": "补发", "valid_from": "2020-01-01"},
        "valid_until",
    ),
    "one day too long": (SHOP, {"valid_until": "2031-11-21"}, "valid_until"),
    "no end where there must be one": (SHOP, {"valid_until": None}, "valid_until"),
    "an end in words": (FIRM, {"valid_until": "长期"}, "valid_until"),
    "an end that means no end": (FIRM, {"valid_until": "9999-12-31"}, "valid_until"),
    "a beginning too late": (SHOP, {"valid_from": "9998-01-01"}, "valid_from"),
    "established after the issue": (
        FIRM,
        {"established": "2026-11-22"},
        "established",
    ),
    "first issued after the beginning": (
        CARD,
        {"first_issued": "2026-11-22"},
        "first_issued",
    ),
    "a date in another form": (CARD, {"first_issued": "2026年11月2日"}, "first_issued"),
    "a review that was missed": (
        CARD,
        {"origin": "补发", "valid_from": "2022-01-01", "first_issued": "2022-01-01"},
        "reviewed_on",
    ),
    "a review in the future": (CARD, {"reviewed_on": "2026-11-22"}, "reviewed_on"),
    "a review after its day": (
        CARD,
        {
            "origin": "补发",
            "valid_from": "2022-01-01",
            "first_issued": "2022-01-01",
            "reviewed_on": "2025-01-01",
        },
        "reviewed_on",
    ),
    "an unknown origin": (SHOP, {"origin": "其他"}, "origin"),
    "an unknown copy": (SHOP, {"copy": "复印件"}, "copy"),
    "an origin that is a list": (SHOP, {"origin": []}, "origin"),
}


@pytest.mark.parametrize(("name", "changes", "field"), BAD.values(), ids=BAD)
def test_bad_application(name, changes, field):
    assert list(problems(name, **changes)) == [field]


LIMITS = {
    "a list of as many as allowed": (SHOP, {"items": ["热食类食品制售"] * 30}),
    "a text as long as allowed": (SHOP, {"premises": "示" * 150}),
    "valid for one day only": (FIRM, {"valid_until": "2026-11-21"}),
    "the last day is today": (
        SHOP,
        {"origin": "补发", "valid_from": "2021-11-22"},
    ),
    "the review is due today": (
        CARD,
        {"origin": "补发", "valid_from": "2023-11-22", "first_issued": "2023-11-22"},
    ),
    "issued on the first day that is known": (
        FIRM,
        {"issue_date": "1970-01-02", "established": "1970-01-02"},
    ),
    "beginning on the last day that is known": (
        FIRM,
        {"valid_from": "9999-12-30", "valid_until": "9999-12-30"},
    ),
}


@pytest.mark.parametrize(("name", "changes"), LIMITS.values(), ids=LIMITS)
def test_just_within_the_limits(name, changes):
    checked = check(name, **changes)
    assert checked.warnings == ()


def test_a_missing_end_of_an_open_type_asks_for_null():
    application = sample(FIRM, AT)
    del application["valid_until"]
    with pytest.raises(ApplicationError) as caught:
        check_application(CATALOG.get(FIRM), application, AT)
    assert "null" in caught.value.problems[0].message.zh
    assert "null" in problems(FIRM, valid_until="长期")["valid_until"].en


def test_a_near_miss_is_suggested():
    assert "principal" in problems(SHOP, principle="x")["principle"].en


def test_a_private_use_character_is_named_by_its_code_point():
    text = problems(SHOP, principal="示\ue000例")["principal"]
    assert "U+E000" in text.zh
    assert "私用区" in text.zh
    assert "private-use" in text.en


def test_a_review_in_time_settles_the_checkpoint():
    days = {"valid_from": "2022-01-01", "first_issued": "2022-01-01"}
    done = check(CARD, origin="补发", reviewed_on="2024-12-31", **days)
    assert done.draft.checkpoints == ()


def test_all_problems_are_told_at_once():
    found = problems(SHOP, premises=" ", items=[], number="1", issue_date="x", zz=1)
    assert set(found) == {"premises", "items", "number", "issue_date", "zz"}


def test_personal_values_are_not_repeated():
    with pytest.raises(ApplicationError) as caught:
        check(
            CARD,
            holders=[{"name": "张无忌\ue000", "code": "990100199003070018"}],
            sex="女女",
            **{"990100199003070019": 1, "k\n": 1, "x" * 500: 1},
        )
    text = str(caught.value)
    for value in ("张无忌", "990100199003070018", "女女", "990100199003070019", "\n"):
        assert value not in text
    assert len(text) < 3000


def test_a_million_unknown_keys_are_not_listed():
    found = problems(SHOP, **{f"k{number}": 1 for number in range(100_000)})
    assert len(found) == 21
    assert "(data)" in found


def test_a_problem_free_error_is_misuse():
    with pytest.raises(ValueError, match="at least one"):
        ApplicationError([])


# -- an own type ---------------------------------------------------------------------


def check_own(**changes):
    return check_application(OWN, OWN_APPLICATION | changes, AT)


def test_an_own_type_is_checked_by_its_rules():
    checked = check_own()
    assert checked.draft.number == "示浴证字〔2026〕第000123号"
    assert checked.draft.holders[0].role == "建设单位"
    assert checked.photo is None
    assert [point.due.year for point in checked.draft.checkpoints] == [2027, 2028, 2029]
    (only,) = OWN.presentations
    assert only.layout == {"page": "A4"}


def test_a_choice_outside_the_list_is_a_warning_where_the_type_says_so():
    checked = check_own(kind="茶座")
    assert checked.draft.fields["kind"] == "茶座"
    assert [warning.field for warning in checked.warnings] == ["kind"]


def test_a_number_that_looks_like_a_citizen_id_is_told():
    checked = check_own(number="第990100199003070019号")
    assert [warning.field for warning in checked.warnings] == ["number"]


def test_several_holders_keep_their_order():
    second = {
        "name": "张示例",
        "code": "990100199003070019",
        "code_type": "111",
        "role": "共有人",
    }
    holders = check_own(holders=[*OWN_APPLICATION["holders"], second]).draft.holders
    assert [holder.role for holder in holders] == ["建设单位", "共有人"]
    assert holders[1].is_person


def test_birth_agrees_with_the_citizen_id():
    person = PERSON | {"code_type": "111", "role": "共有人"}
    assert check_own(holders=[person], birth="1990-03-07").warnings == ()
    with pytest.raises(ApplicationError) as caught:
        check_own(holders=[person], birth="1990-03-08")
    assert caught.value.problems[0].field == "birth"


def test_born_on_the_day_of_issuing():
    person = PERSON | {"code": "990100202611210016", "code_type": "111"}
    person |= {"role": "共有人"}
    assert check_own(holders=[person]).draft.holders[0].code == person["code"]


def test_reviews_of_a_license_without_end_go_on_for_a_century():
    text = OWN_TYPE.replace('rule = "years"\nyears = 4', 'rule = "open"')
    own = CATALOG.with_files({"own.toml": text.encode()}).get("bathhouse")
    application = OWN_APPLICATION | {"valid_until": None}
    dues = check_application(own, application, AT).draft.checkpoints
    assert [dues[0].due, dues[-1].due] == [date(2027, 11, 20), date(2126, 11, 20)]
    late = datetime(9990, 1, 1, 8, tzinfo=UTC)
    dues = check_application(own, application, late).draft.checkpoints
    assert dues[-1].due == date(9998, 12, 31)


def test_the_last_review_settles_the_ones_before():
    days = {"origin": "补发", "valid_from": "2024-06-01", "issue_date": "2024-06-01"}
    checked = check_own(checked_on="2026-05-31", **days)
    assert [point.due for point in checked.draft.checkpoints] == [date(2027, 5, 31)]
    with pytest.raises(ApplicationError) as caught:
        check_own(checked_on="2025-05-31", **days)  # that of 2026 was missed
    assert [problem.field for problem in caught.value.problems] == ["checked_on"]


# -- totality ------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    sorted({key for name in CATALOG.names() for key in sample(name, AT)})
)


@pytest.mark.parametrize("name", CATALOG.names())
@settings(max_examples=80)
@given(changes=st.dictionaries(KEYS | st.text(max_size=8), JSON, max_size=4))
def test_any_object_gives_a_draft_or_an_application_error(name, changes):
    application = sample(name, AT) | changes
    with contextlib.suppress(ApplicationError):
        checked = check_application(CATALOG.get(name), application, AT)
        assert checked.draft.holders


BAD_JSON = {
    "nothing": b"",
    "a list": b"[]",
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice inside": b'{"a": {"b": 1, "b": 2}}',
    "not a number": b'{"a": NaN}',
    "not UTF-8": b'{"a": "\xff"}',
    "GB 18030": '{"a": "示例"}'.encode("gb18030"),
    "nested too deeply": b"[" * 200_000,
    "an endless number": b'{"a": ' + b"9" * 100_000 + b"}",
    "two objects": b"{}{}",
    "too large": b" " * (16 << 20) + b"{}",
}


@pytest.mark.parametrize("data", BAD_JSON.values(), ids=BAD_JSON)
def test_bad_json(data):
    with pytest.raises(ApplicationError) as caught:
        parse_application(data)
    assert [problem.field for problem in caught.value.problems] == ["(data)"]


def test_json_with_a_byte_order_mark():
    assert parse_application(b"\xef\xbb\xbf" + b'{"a": null}') == {"a": None}


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode()))
def test_any_bytes_give_an_object_or_an_application_error(data):
    with contextlib.suppress(ApplicationError):
        assert isinstance(parse_application(data), dict)
