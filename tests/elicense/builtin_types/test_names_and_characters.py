"""Names and rare characters in the built-in types: folded, mapped, kept or refused."""

import pytest

from elicense.catalog import FieldKind
from tests.elicense.builtin_types import bench as at
from tests.elicense.builtin_types.benches import BENCHES, EVERY

SEPARATORS = "\u2022\u2027\u2219\u22c5\u30fb\uff0e\uff65\ufe52"
NAMES = {
    "business-license.1": ("holders[0].name", "principal[0]"),
    "business-license.2": ("holders[0].name", "principal[0]"),
    "construction-permit.1": (
        *("holders[0].name", "survey_lead[0].name", "design_lead[0].name"),
        *("contractor_lead[0].name", "chief_supervisor[0].name"),
        "general_lead[0].name",
    ),
    "construction-qualification.1": (
        *("holders[0].name", "principal", "manager", "engineer"),
    ),
    "food-business.1": ("holders[0].name", "principal", "supervisor[0]", "signatory"),
    "food-business.2": ("holders[0].name", "principal"),
    "hygiene.1": ("holders[0].name", "principal"),
    "road-transport.1": ("holders[0].name", "principal"),
    "special-operation.1": ("holders[0].name",),
    "teacher.1": ("holders[0].name",),
}
TEXTS = {
    "business-license.1": ("entity_type", "address", "scope", "remarks"),
    "business-license.2": ("entity_type", "address", "scope", "remarks"),
    "construction-permit.1": (
        *("project_name", "site", "scale", "duration", "remarks", "survey[0].name"),
        *("design[0].name", "contractor[0].name", "supervision[0].name"),
        *("general_contractor[0].name", "changes[0].item", "changes[0].before"),
        "changes[0].after",
    ),
    "construction-qualification.1": (
        *("address", "economic_nature", "remarks", "qualifications[0].kind"),
        *("qualifications[0].field", "qualifications[0].degree", "changes[0].item"),
        *("changes[0].before", "changes[0].after"),
    ),
    "food-business.1": (
        *("domicile", "premises", "supervisor_org", "warehouses[0]", "remarks"),
    ),
    "food-business.2": (
        *("domicile", "premises", "complaint_phone", "warehouses[0]", "remarks"),
    ),
    "hygiene.1": ("premises",),
    "road-transport.1": (
        *("address", "branches[0]", "records[0].content", "records[0].organ"),
    ),
    "special-operation.1": (),
    "teacher.1": ("subject", "remarks"),
}


@EVERY
def test_every_name_and_every_free_text_is_listed(name):
    kind = BENCHES[name].kind
    listed = {(*place.replace("[0]", "").split("."), "")[:2] for place in NAMES[name]}
    persons = {("holders", "name")}
    texts = set()
    for rule in kind.fields:
        for column in rule.columns or (rule,):
            place = (rule.key, column.key if rule.columns else "")
            if column.kind in (FieldKind.PERSON, FieldKind.PERSONS):
                persons.add(place)
            elif (
                column.kind in (FieldKind.TEXT, FieldKind.TEXTS)
                and not column.choices
                and column.choices_by is None
                and not column.pattern
            ):
                texts.add(place)
    assert listed == persons
    listed = {(*place.replace("[0]", "").split("."), "")[:2] for place in TEXTS[name]}
    assert listed == texts


@EVERY
@pytest.mark.parametrize("separator", SEPARATORS, ids=lambda char: f"{ord(char):04X}")
def test_separators_of_names_are_folded_and_told(name, separator):
    held = BENCHES[name]
    for place in NAMES[name]:
        held.folds(
            held.with_text(place, f"买买提{separator}示例"),
            held.with_text(place, "买买提·示例"),
            (place, *at.DOT),
        )


@EVERY
def test_the_right_separator_is_kept(name):
    held = BENCHES[name]
    for place in NAMES[name]:
        held.accepts(held.with_text(place, "阿依古丽·买买提·示例"))


@EVERY
def test_separators_of_other_texts_are_kept(name):
    held = BENCHES[name]
    for place in TEXTS[name]:
        held.accepts(held.with_text(place, "示例•1．5"))


RARE = {
    "an extension A character": "㛃示例",
    "another that old files have elsewhere": "䶮示例",
    "extension E": "𬱖示例",
    "extension B": "𠅤示例",
    "a compatibility ideograph, which is not another": "\uf900示例",
    "a single character": "龘",
}


@EVERY
@pytest.mark.parametrize("case", RARE)
def test_rare_characters_are_kept(name, case):
    held = BENCHES[name]
    for place in (*NAMES[name], *TEXTS[name]):
        held.accepts(held.with_text(place, RARE[case]))


@EVERY
def test_private_use_characters_with_a_place_are_replaced_and_told(name):
    held = BENCHES[name]
    for place in (*NAMES[name], *TEXTS[name]):
        held.folds(
            held.with_text(place, "\ue863示例"),
            held.with_text(place, "䶮示例"),
            (
                place,
                "私用区字符 U+E863 已改为正式编码 U+4DAE",
                "U+E863 was changed to its standard place, U+4DAE",
            ),
        )


UNPRINTABLE = {
    "private use without a place": (
        "示\ue000例",
        "第 2 个字符 U+E000 是私用区字符，请改用正式编码，不能使用",
        "character 2 is U+E000, a private-use character: not allowed",
    ),
    "private use of a plane beyond": (
        "示例\U000f0000",
        "第 3 个字符 U+F0000 是私用区字符",
        "character 3 is U+F0000",
    ),
    "a line break": ("示\n例", "U+000A 是控制字符", "U+000A, a control character"),
    "an invisible character": (
        "示\u200b例",
        "U+200B 是不可见的格式字符",
        "U+200B, an invisible format character",
    ),
    "the mark of a failed decoding": (
        "示\ufffd例",
        "U+FFFD 是乱码替换字符",
        "U+FFFD, the mark of a failed decoding",
    ),
    "a space behind": ("示例 ", "首尾不得有空格", "white space at its start or end"),
    "nothing but a space": ("\u3000", "不得为空", "blank"),
    "no text": (12, "应为文本", "expected a text"),
}


@EVERY
@pytest.mark.parametrize("case", UNPRINTABLE)
def test_what_cannot_be_printed_is_refused_by_its_place(name, case):
    held = BENCHES[name]
    text, zh, en = UNPRINTABLE[case]
    for place in (*NAMES[name], *TEXTS[name]):
        held.refuses(held.with_text(place, text), (place, zh, en))


@EVERY
def test_private_use_in_a_number(name):
    held = BENCHES[name]
    if held.kind.name not in ("business-license", "special-operation"):
        told = ("number", "U+E000 是私用区字符", "U+E000, a private-use character")
        held.refuses({"number": "\ue0001"}, told)
