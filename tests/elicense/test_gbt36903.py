"""The metadata of licenses under the names of GB/T 36903 (docs/formats/gbt36903.md)."""

import dataclasses
import json
import re
from datetime import UTC, date, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense.catalog import Catalog
from elicense.catalog.kinds import CODE_TYPES
from elicense.errors import MalformedCodeError
from elicense.gbt36903 import (
    CODE_TYPE_NAMES,
    ELEMENTS,
    EXTENSION_PREFIX,
    SEPARATOR,
    MetadataKeys,
    metadata,
)
from elicense.identifiers import Identifier
from elicense.masking import contains_citizen_id
from elicense.model import Holder, License, Organization, Validity
from tests.elicense.pages import IDENTIFIER, TYPES, changed, license_type, with_fields
from tests.elicense.pages import sample_license as sample_of
from tests.support import ROOT

SEALED = datetime(2026, 11, 21, 16, 0, 9, tzinfo=UTC)
CITIZEN_ID = "990100199003070019"
EXTENSION = {MetadataKeys.ZH: "扩展业务信息", MetadataKeys.EN: "extend_info"}
EVERY_TYPE = pytest.mark.parametrize("name", TYPES)
EVERY_FORM = pytest.mark.parametrize("keys", MetadataKeys)


def sample_license(name: str) -> License:
    """Return the sample under an identifier of its own type, so that it is one."""
    return typed(sample_of(name))


def typed(license_: License) -> License:
    code = license_type(license_.draft.type_name).code
    made = Identifier.build(code, "11990100000000027A", "20260000002")
    return dataclasses.replace(license_, identifier=made.text)


def told(
    license_: License, keys: MetadataKeys = MetadataKeys.ZH, **more: object
) -> dict[str, object]:
    """Return what is said of a license of a built-in type."""
    type_ = license_type(license_.draft.type_name)
    return metadata(license_, type_, keys=keys, **more)


def whole(license_: License, keys: MetadataKeys) -> dict[str, object]:
    return told(license_, keys, sealed_at=SEALED, state="已签发")


def flat(found: dict[str, object], keys: MetadataKeys) -> list[tuple[str, object]]:
    """Return names and values in order, those of the extension among them."""
    inner = found.get(EXTENSION.get(keys, ""), {})
    assert isinstance(inner, dict)
    return [
        pair
        for name, value in found.items()
        for pair in (inner.items() if value is inner else [(name, value)])
    ]


def test_a_license_of_an_organization_in_chinese_names():
    license_ = typed(with_fields("food-business", principal="张示例"))
    found = whole(license_, MetadataKeys.ZH)
    extension = found.pop("扩展业务信息")
    holder = license_.draft.holders[0]
    assert found == {
        "证照标识": license_.identifier,
        "证照类型名称": "食品经营许可证",
        "证照类型代码": "11990000000000019A002",
        "证照名称": "食品经营许可证",
        "证照编号": license_.draft.number,
        "证照版本号": "001",
        "证照颁发机构": "示例市行政审批局",
        "证照颁发机构代码": "11990100000000027A",
        "证照颁发日期": "20261121",
        "证照定义机构代码": "11990000000000019A",
        "证照有效期起始日期": "20261121",
        "证照有效期截止日期": "20311120",
        "有效期范围": "5年",
        "证照所属管辖属地编码": "990100",
        "持证主体": holder.name,
        "持证主体代码": holder.code,
        "持证主体代码类型": "统一社会信用代码",
        "持证主体代码类型代码": "001",
        "证照签章时间": "20261122000009",
        "状态": "已签发",
    }
    assert isinstance(extension, dict)
    label = license_type("food-business").field("principal").label.zh
    assert extension[label] == "张示例"
    assert len(extension) == len(license_.draft.fields)


@EVERY_TYPE
def test_the_three_forms_say_the_same_in_the_same_order(name):
    license_ = sample_license(name)
    forms = {keys: whole(license_, keys) for keys in MetadataKeys}
    values = [[v for _, v in flat(forms[keys], keys)] for keys in MetadataKeys]
    assert values[0] == values[1] == values[2]
    assert len(values[0]) == len(ELEMENTS) - 1 + len(license_.draft.fields)
    for keys, found in forms.items():
        named = [element.name(keys) for element in ELEMENTS]
        shown = [
            EXTENSION_PREFIX if item.startswith(EXTENSION_PREFIX) else item
            for item in found
        ]
        assert list(dict.fromkeys(shown)) == named


def test_no_name_stands_for_two_elements():
    for keys in MetadataKeys:
        names = [element.name(keys) for element in ELEMENTS]
        assert len(set(names)) == len(names)


@EVERY_FORM
@EVERY_TYPE
def test_what_is_not_known_is_left_out_and_the_rest_stays(name, keys):
    license_ = sample_license(name)
    known, unknown = whole(license_, keys), metadata(license_, keys=keys)
    names = {element.zh: element.name(keys) for element in ELEMENTS}
    gone = {names[zh] for zh in ("证照类型名称", "证照签章时间", "状态")}
    assert known.keys() - unknown.keys() == gone
    if keys is MetadataKeys.ZH:
        extension = unknown.pop("扩展业务信息")
        assert extension == metadata(license_, keys=MetadataKeys.EN)["extend_info"]
    assert unknown.items() <= known.items()


PERIODS = {
    "no last day": (date(2026, 11, 21), None, "", "长期"),
    "five years": (date(2026, 11, 21), date(2031, 11, 20), "20311120", "5年"),
    "one year from 1 January": (
        date(2026, 1, 1),
        date(2026, 12, 31),
        "20261231",
        "1年",
    ),
    "six years from 29 February to a year that has none": (
        *(date(2024, 2, 29), date(2030, 2, 28), "20300228", "6年"),
    ),
    "four years from 29 February to a year that has one": (
        *(date(2024, 2, 29), date(2028, 2, 28), "20280228", "4年"),
    ),
    "a day less than a year": (date(2026, 3, 2), date(2027, 2, 28), "20270228", None),
    "a day more than a year": (date(2026, 3, 2), date(2027, 3, 2), "20270302", None),
    "one day": (date(2026, 3, 2), date(2026, 3, 2), "20260302", None),
    "up to the last day there is": (
        *(date(2026, 1, 1), date(9999, 12, 31), "99991231", None),
    ),
    "in the first centuries": (date(901, 1, 1), date(901, 12, 31), "09011231", "1年"),
}


@pytest.mark.parametrize(
    ("first", "last", "end", "span"), PERIODS.values(), ids=PERIODS
)
def test_a_period(first, last, end, span):
    license_ = typed(changed("business-license", validity=Validity(first, last)))
    found = told(license_)
    assert found["证照有效期起始日期"] == first.isoformat().replace("-", "")
    assert found["证照有效期截止日期"] == end
    assert found.get("有效期范围") == span


HOLDERS = (
    Holder("示例市青禾置业有限公司", "91990100MA0000A193", "001", "建设单位"),
    Holder("买买提·示例", CITIZEN_ID, "111", "共有人"),
    Holder("SAMPLE/A", "E12345678", "414"),
)
HOLDER_ELEMENTS = (
    "持证主体",
    "持证主体代码",
    "持证主体代码类型代码",
    "持证主体代码类型",
)


def test_several_holders_are_joined_in_one_order_and_come_apart_again():
    found = metadata(several(*HOLDERS), keys=MetadataKeys.ZH)
    columns = [str(found[name]).split(SEPARATOR) for name in HOLDER_ELEMENTS]
    again = list(zip(*columns, strict=True))
    assert [row[:3] for row in again] == [
        (holder.name, holder.code, holder.code_type) for holder in HOLDERS
    ]
    assert [row[3] for row in again] == ["统一社会信用代码", "公民身份号码", "普通护照"]


def several(*holders: Holder) -> License:
    return changed("food-business", holders=holders)


@given(
    st.lists(st.tuples(st.text(min_size=1), st.sampled_from(CODE_TYPES)), min_size=1)
)
def test_names_come_apart_again_or_are_refused(pairs):
    holders = [Holder(name, "X1234", code_type) for name, code_type in pairs]
    try:
        found = metadata(several(*holders), keys=MetadataKeys.EN)
    except MalformedCodeError:
        assert any(SEPARATOR in name for name, _ in pairs)
        return
    names = str(found["certificate_holder_name"]).split(SEPARATOR)
    types = str(found["certificate_holder_type"]).split(SEPARATOR)
    assert list(zip(names, types, strict=True)) == pairs


@pytest.mark.parametrize(
    "holder", [Holder("a^b", "1", "001"), Holder("a", "1^", "001")]
)
def test_a_holder_with_the_separator_is_refused_without_being_named(holder):
    with pytest.raises(MalformedCodeError) as caught:
        metadata(several(holder), keys=MetadataKeys.ZH)
    assert f"{SEPARATOR}b" not in str(caught.value)
    assert caught.value.message.zh != caught.value.message.en


def test_every_code_type_of_annex_a_has_a_name():
    assert tuple(CODE_TYPE_NAMES) == CODE_TYPES
    assert len(set(CODE_TYPE_NAMES.values())) == len(CODE_TYPES)


DIVISIONS = {
    "an organ of a city": ("11990100000000027A", "990100"),
    "a ministry": ("11100000000013338W", "100000"),
    "a wrong check character": ("119901000000000270", None),
    "a division in place of a code": ("340100", None),
    "nothing that looks like a code": ("X", None),
}


@pytest.mark.parametrize(("code", "division"), DIVISIONS.values(), ids=DIVISIONS)
def test_the_division_is_the_one_in_a_valid_code(code, division):
    license_ = dataclasses.replace(
        sample_license("food-business"), issuer=Organization(code, "示例局")
    )
    found = told(license_)
    assert found["证照颁发机构代码"] == code
    assert found.get("证照所属管辖属地编码") == division


def test_the_version_is_that_of_the_identifier():
    later = Identifier.parse(IDENTIFIER).next_version()
    license_ = dataclasses.replace(
        sample_license("food-business"), identifier=later.text
    )
    assert told(license_)["证照版本号"] == "002"


def test_an_identifier_that_is_none_is_refused():
    license_ = dataclasses.replace(sample_license("food-business"), identifier="1.2")
    with pytest.raises(MalformedCodeError):
        told(license_)


def test_the_sealing_instant_is_told_in_china():
    assert whole(sample_license(TYPES[0]), MetadataKeys.PINYIN)["ZZQZSJ"] == (
        "20261122000009"
    )
    late = datetime(9999, 12, 31, 23, 0, tzinfo=UTC)
    assert "证照签章时间" not in told(sample_license(TYPES[0]), sealed_at=late)
    with pytest.raises(ValueError, match="aware"):
        told(sample_license(TYPES[0]), sealed_at=SEALED.replace(tzinfo=None))


def test_a_type_that_is_not_the_license_s_is_refused():
    license_ = sample_license("food-business")
    with pytest.raises(ValueError, match="not of this type"):
        metadata(license_, license_type("business-license"), keys=MetadataKeys.ZH)


def test_the_catalog_gives_the_type_that_describes_a_license_and_no_other():
    catalog = Catalog.builtin()
    license_ = sample_license("food-business")
    assert catalog.describing(license_) is license_type("food-business")
    for change in ({"type_version": 99}, {"type_name": "x"}, {"title": "x"}):
        draft = dataclasses.replace(license_.draft, **change)
        assert catalog.describing(dataclasses.replace(license_, draft=draft)) is None


ROWS = (MappingProxyType({"name": "一号楼", "area": "12"}), {"name": "二号楼"})
VALUES = {
    "a text": ("12", "12"),
    "texts": (("甲", "乙"), ["甲", "乙"]),
    "rows": (ROWS, [{"name": "一号楼", "area": "12"}, {"name": "二号楼"}]),
}


@EVERY_FORM
@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_a_field_becomes_what_json_has_for_it(value, expected, keys):
    license_ = changed("food-business", fields={"items": value})
    found = metadata(license_, keys=keys)
    assert ("items" in dict(flat(found, keys))) is (keys is not MetadataKeys.PINYIN)
    ((_, shown),) = [pair for pair in flat(found, keys) if pair[0].endswith("items")]
    assert shown == expected
    assert json.loads(json.dumps(found)) == found


def test_fields_of_one_label_go_by_their_keys():
    license_ = sample_license("food-business")
    type_ = license_type("food-business")
    one_label = type_.fields[0].label
    fields = tuple(dataclasses.replace(item, label=one_label) for item in type_.fields)
    alike = dataclasses.replace(type_, fields=fields)
    found = metadata(license_, alike, keys=MetadataKeys.ZH)
    assert found["扩展业务信息"] == told(license_, MetadataKeys.EN)["extend_info"]


@EVERY_FORM
@EVERY_TYPE
def test_the_masked_form_names_no_person(name, keys):
    holder = Holder("买买提·示例", CITIZEN_ID, "111")
    fields = {**sample_of(name).draft.fields}
    rules = license_type(name).fields
    deciding = {rule.only_for.field for rule in rules if rule.only_for}
    first = next(key for key in fields if key not in deciding)
    fields[first] = f"示例 {CITIZEN_ID}"
    license_ = typed(
        changed(name, holders=(holder,), number=f"T{CITIZEN_ID}", fields=fields)
    )
    for type_ in (license_type(name), None):
        clear, masked = (
            metadata(license_, type_, keys=keys, sealed_at=SEALED, masked=is_masked)
            for is_masked in (False, True)
        )
        text = json.dumps(masked, ensure_ascii=False)
        assert not contains_citizen_id(text)
        assert "提" not in text
        assert CITIZEN_ID[:-4] not in text
        assert contains_citizen_id(json.dumps(clear))
        gone = clear.keys() - masked.keys()
        assert gone == {
            key for key in clear if key in EXTENSION.values() or key[:3] == "KZ_"
        }


def test_the_masked_form_masks_the_number_where_the_type_says_so():
    holder = Holder("示例", "E12345678", "414")
    license_ = typed(changed("special-operation", holders=(holder,), number="TE9"))
    assert license_type("special-operation").number_holds_citizen_id
    assert told(license_, masked=True)["证照编号"] == "****9"
    assert metadata(license_, keys=MetadataKeys.ZH, masked=True)["证照编号"] == "TE9"


def test_the_masked_form_keeps_organizations_and_every_form_alike():
    license_ = sample_license("business-license")
    for keys in MetadataKeys:
        clear, masked = told(license_, keys), told(license_, keys, masked=True)
        assert masked.items() <= clear.items()
    values = [list(told(license_, keys, masked=True).values()) for keys in MetadataKeys]
    assert values[0] == values[1] == values[2]


PAGE = (ROOT / "docs" / "formats" / "gbt36903.md").read_text(encoding="utf-8")


def test_the_page_lists_the_elements_in_their_order():
    rows = re.findall(r"^\| (\S+) \| ([A-Z_]+)…? \| ([a-z_]+) \|", PAGE, re.MULTILINE)
    assert rows == [(item.zh, item.pinyin, item.en) for item in ELEMENTS]


def test_the_page_s_example_has_the_keys_of_a_license():
    fence = PAGE.split("```")[1]
    shown = json.loads(fence[fence.index("{") :].replace(", …}", "}"))
    license_ = sample_license("food-business")
    found = whole(license_, MetadataKeys.ZH)
    assert list(shown) == list(found)
    assert shown["扩展业务信息"].keys() <= found["扩展业务信息"].keys()
