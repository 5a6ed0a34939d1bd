# ruff: noqa: E501  an inline table of TOML is one line
"""The rules that a type states: what they refuse and tell, and which cannot hold."""

import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.catalog import Catalog, check_application
from elicense.catalog.reader import read_type
from elicense.errors import ApplicationError, CatalogError
from elicense.identifiers import Identifier
from elicense.model import Checkpoint, License, Organization

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
TYPE = """
format = "elicense.type/1"
name = "permit"
version = 1
code = "11990000000000019A077"
title = { zh = "示例许可证", en = "Permit" }
number_label = { zh = "编号", en = "Number" }
holder_label = { zh = "单位", en = "Unit" }
photo = "none"
holders = { code_types = ["001", "111"], max_count = 2, name_max_length = 40 }
validity = { rule = "open" }

[number]
rule = "pattern"
max_length = 24
pattern = '示证〔(?P<year>[0-9]{4})〕(?P<kind>[ABX])(?P<serial>[0-9]{3,6})号'
says = { zh = "示证〔年份〕类别和序号", en = "示证〔year〕kind and serial" }
example = "示证〔2026〕A001号"
fold = { "[" = "〔", "]" = "〕" }
agree = [
  { group = "year", day = "issue_date", part = "year" },
  { group = "kind", field = "kind", values = { "甲类" = "A", "乙类" = "B" }, enforce = "warn" },
]

[[checkpoints]]
kind = "开工"
months = 3
once = true
done_field = "started"
extended_field = "put_off"
max_extensions = 2

[[fields]]
key = "kind"
label = { zh = "类别", en = "Kind" }
kind = "choice"
choices = ["甲类", "乙类", "丙类"]
suffix = true
max_length = 20

[[fields]]
key = "principal"
label = { zh = "负责人", en = "Principal" }
label_by = { field = "kind", labels = { "甲类" = { zh = "法定代表人", en = "Legal representative" } } }
kind = "person"
max_length = 10

[[fields]]
key = "capital"
label = { zh = "注册资本", en = "Capital" }
kind = "money"
only_for = { field = "kind", values = ["甲类"] }

[[fields]]
key = "agent"
label = { zh = "代理机构", en = "Agent" }
kind = "uscc"
required = false

[[fields]]
key = "agent_id"
label = { zh = "代理人证件", en = "Agent's id" }
kind = "citizen-id"
required = false

[[fields]]
key = "phone"
label = { zh = "电话", en = "Phone" }
kind = "text"
pattern = '[0-9]{5,12}'
says = { zh = "5 至 12 位数字", en = "5 to 12 digits" }
required = false
example = "12315"

[[fields]]
key = "colour"
label = { zh = "颜色", en = "Colour" }
kind = "texts"
max_count = 3
choices = ["红", "绿"]
enforce = "warn"
required = false

[[fields]]
key = "started"
label = { zh = "开工日期", en = "Started" }
kind = "date"
required = false

[[fields]]
key = "put_off"
label = { zh = "延期至", en = "Put off until" }
kind = "date"
required = false

[[fields]]
key = "units"
label = { zh = "参建单位", en = "Units" }
kind = "rows"
max_count = 3
in_qr = true
columns = [
  { key = "unit", label = { zh = "单位", en = "Unit" }, kind = "text", max_length = 20 },
  { key = "code", label = { zh = "代码", en = "Code" }, kind = "uscc", required = false },
  { key = "part", label = { zh = "角色", en = "Part" }, kind = "choice", choices = ["设计", "施工"], required = false },
  { key = "since", label = { zh = "自", en = "Since" }, kind = "date", required = false, example = -3 },
]
example = [{ unit = "示例设计院", part = "设计", since = -10 }]
"""
GOOD = {
    "holders": [{"name": "示例单位", "code": "91990100MA0000A193"}],
    "number": "示证〔2026〕A001号",
    "valid_until": None,
    "kind": "甲类",
    "principal": "张示例",
    "capital": "1000000 CNY",
    "units": [{"unit": "示例设计院", "part": "设计"}],
}


def loaded(text=TYPE):
    return read_type(text.encode(), "own.toml")


PERMIT = loaded()


def check(license_type=PERMIT, **changes):
    """Return what the good application with other entries comes to; `...` is left out."""
    application = {
        key: value for key, value in (GOOD | changes).items() if value is not ...
    }
    return check_application(license_type, application, AT)


def refused(**changes):
    with pytest.raises(ApplicationError) as caught:
        check(**changes)
    for problem in caught.value.problems:
        assert problem.message.zh
        assert problem.message.en
    return {problem.field: problem.message for problem in caught.value.problems}


def replaced(old, new, text=TYPE):
    assert text.count(old) == 1, old
    return text.replace(old, new)


# -- files ---------------------------------------------------------------------------

BAD_FILES = {
    "a pattern that does not compile": (
        ("(?P<year>", "(?P<year"),
        ("number: pattern", "不是正则表达式", "no regular expression"),
    ),
    "a pattern that will mean something else in a later Python": (
        ("[ABX]", "[[ABX]"),
        ("number: pattern", "不是正则表达式", "no regular expression"),
    ),
    "a pattern without words for it": (
        (
            'says = { zh = "示证〔年份〕类别和序号", en = "示证〔year〕kind and serial" }',
            "",
        ),
        ("number: says", "缺少", "missing"),
    ),
    "a number's example of another form": (
        ('example = "示证〔2026〕A001号"', 'example = "示证[2026]A001号"'),
        ("number: example", "不符合 pattern", "does not match"),
    ),
    "a number's example that is too long": (
        ("max_length = 24", "max_length = 9"),
        ("number: example", "过长", "too long"),
    ),
    "no example of a number": (
        ('example = "示证〔2026〕A001号"', ""),
        ("number: example", "缺少", "missing"),
    ),
    "a group that does not exist": (
        ('{ group = "year", day', '{ group = "date", day'),
        ("number: agree", "没有名为 date 的组", "no group of the name date"),
    ),
    "a check digit without its groups": (
        ("max_length = 24", 'max_length = 24\ncheck = "mod-11-10"'),
        ("number: check", "没有名为 body 的组", "no group of the name body"),
    ),
    "an unknown check": (
        ("max_length = 24", 'max_length = 24\ncheck = "mod-97"'),
        ("number: check", "只能取", "expected one of: mod-11-10"),
    ),
    "a fold of two characters": (
        ('"[" = "〔"', '"[[" = "〔"'),
        ("number: fold", "一个字符", "one character"),
    ),
    "a fold into two characters": (
        ('"[" = "〔"', '"[" = "〔〔"'),
        ("number: fold", "一个字符", "one character"),
    ),
    "a fold into what is folded": (
        ('"[" = "〔"', '"[" = "]"'),
        ("number: fold", "不连环", "replaced too"),
    ),
    "an agreement with nothing": (
        ('group = "year", day = "issue_date", part = "year"', 'group = "year"'),
        ("agree[0]: group", "应给出 day 和 part", "expected day and part"),
    ),
    "an agreement with a day and a field": (
        (
            'part = "year" }',
            'part = "year", field = "kind", values = { "甲类" = "A" } }',
        ),
        ("agree[0]: group", "应给出 day 和 part", "expected day and part"),
    ),
    "an agreement with a day that does not say which part": (
        ('day = "issue_date", part = "year"', 'day = "issue_date"'),
        ("agree[0]: group", "应给出 day 和 part", "expected day and part"),
    ),
    "an agreement with a field that is no choice": (
        (
            'field = "kind", values = { "甲类" = "A"',
            'field = "agent", values = { "甲类" = "A"',
        ),
        ("fields: agent", "选项与规则不一致", "values it cannot have"),
    ),
    "an agreement with a value that is no choice": (
        ('"乙类" = "B" }', '"丁类" = "B" }'),
        ("fields: kind", "选项与规则不一致", "values it cannot have"),
    ),
    "a duty in years and months": (
        ("months = 3", "months = 3\nyears = 1"),
        ("checkpoints[0]: years", "之一", "years or months"),
    ),
    "a duty in neither": (
        ("months = 3\n", ""),
        ("checkpoints[0]: years", "之一", "years or months"),
    ),
    "an extension without a number": (
        ("max_extensions = 2", ""),
        ("checkpoints[0]: max_extensions", "同时给出", "together"),
    ),
    "an extension of what is due again and again": (
        ("once = true", "once = false"),
        ("checkpoints[0]: once", "一次性", "due once"),
    ),
    "an extension in a field that is no date": (
        ('extended_field = "put_off"', 'extended_field = "phone"'),
        ("checkpoints", "phone 不是日期字段", "phone is no date field"),
    ),
    "a label for what is no choice": (
        ('labels = { "甲类"', 'labels = { "丁类"'),
        ("fields: kind", "选项与规则不一致", "values it cannot have"),
    ),
    "a label by a field that does not exist": (
        ('label_by = { field = "kind"', 'label_by = { field = "sort"'),
        ("fields: sort", "选项与规则不一致", "values it cannot have"),
    ),
    "a field for what is no choice": (
        ('values = ["甲类"]', 'values = ["丁类"]'),
        ("fields: kind", "选项与规则不一致", "values it cannot have"),
    ),
    "a field for no choice": (
        ('values = ["甲类"]', "values = []"),
        ("only_for: values", "至少应有一个", "at least one"),
    ),
    "a field that hangs on itself": (
        (
            "suffix = true",
            'suffix = true\nonly_for = { field = "kind", values = ["甲类"] }',
        ),
        ("fields: kind: only_for", "互相依赖", "hangs on itself"),
    ),
    "a list of another choice with nothing in it": (
        (
            "suffix = true",
            'suffix = true\nchoices_by = { field = "kind", lists = { "甲类" = [] } }',
        ),
        ("lists: 甲类", "至少应有一个", "at least one"),
    ),
    "a list of what is no choice": (
        (
            "suffix = true",
            'suffix = true\nchoices_by = { field = "kind", lists = { "甲类" = ["x"] } }',
        ),
        ("fields: kind: choices_by", "choices 之外", "not among the choices"),
    ),
    "too many columns": (
        (
            'columns = [\n  { key = "unit"',
            "columns = [\n"
            + "".join(
                f'{{ key = "c{n}", label = {{ zh = "列", en = "C" }}, kind = "text" }},\n'
                for n in range(20)
            )
            + '  { key = "unit"',
        ),
        ("columns", "最多 20 列", "at most 20"),
    ),
    "choices of a number of money": (
        ('kind = "money"', 'kind = "money"\nchoices = ["1 CNY"]'),
        ("choices", "不能用于 kind = money", "not with the kind money"),
    ),
    "a suffix without choices": (
        ("pattern = '[0-9]{5,12}'", "pattern = '[0-9]{5,12}'\nsuffix = true"),
        ("suffix", "没有选项", "no choices"),
    ),
    "many values of one text": (
        ("pattern = '[0-9]{5,12}'", "pattern = '[0-9]{5,12}'\nmax_count = 2"),
        ("max_count", "不能用于 kind = text", "not with the kind text"),
    ),
    "a field's pattern that does not compile": (
        ("'[0-9]{5,12}'", "'[0-9'"),
        ("fields[5]: pattern", "不是正则表达式", "no regular expression"),
    ),
    "a field's pattern without an example": (
        ('example = "12315"', ""),
        ("fields[5]: example", "应给出示例", "needed"),
    ),
    "words without a pattern": (
        ("pattern = '[0-9]{5,12}'\n", ""),
        ("fields[5]: pattern", "缺少", "missing"),
    ),
    "an example that does not match": (
        ('example = "12315"', 'example = "1231a"'),
        ("fields: phone: example", "5 至 12 位数字", "5 to 12 digits"),
    ),
    "an example that is no choice, though that is only told": (
        ('choices = ["红", "绿"]', 'choices = ["红", "绿"]\nexample = ["蓝"]'),
        ("fields: colour: example", "只能取：红、绿", "expected one of: 红, 绿"),
    ),
    "an example of another kind": (
        ('choices = ["红", "绿"]', 'choices = ["红", "绿"]\nexample = "红"'),
        ("fields[6]: example", "应为列表", "expected a list"),
    ),
    "an example of a date as a date": (
        (
            '"开工日期", en = "Started" }',
            '"开工日期", en = "Started" }\nexample = "2026-01-05"',
        ),
        ("fields[7]: example", "应为整数", "expected a whole number"),
    ),
    "an example of a date in another century": (
        (
            '"开工日期", en = "Started" }',
            '"开工日期", en = "Started" }\nexample = 99999',
        ),
        ("fields[7]: example", "最多 36525 日", "at most 36525 days"),
    ),
    "an example of a row with an unknown column": (
        ("since = -10 }", 'until = "x" }'),
        ("fields: units: example", "只能有这些项", "other keys"),
    ),
    "an example of a row without a column that is needed": (
        ('unit = "示例设计院", part', "part"),
        ("fields: units: example", "缺少“单位”", "Unit is missing"),
    ),
    "an example of a column that is wrong": (
        ('choices = ["设计", "施工"]', 'choices = ["设计", "施工"], example = "监理"'),
        ("columns: part: example", "只能取", "expected one of"),
    ),
    "a holder's example that is too long": (
        ("name_max_length = 40", f'name_max_length = 40, example = "{"示" * 41}"'),
        ("holders: example", "过长", "too long"),
    ),
    "rows without columns": (
        (TYPE[TYPE.index("columns = [") : TYPE.index("example = [{")], ""),
        ("columns", "缺少", "missing"),
    ),
    "columns of a text": (
        ("pattern = '[0-9]{5,12}'", "pattern = '[0-9]{5,12}'\ncolumns = []"),
        ("columns", "不能用于 kind = text", "not with the kind text"),
    ),
    "two columns of one key": (
        ('{ key = "part"', '{ key = "code"'),
        ("columns", "列 key 重复", "the same key"),
    ),
    "a column that is an array": (
        ('kind = "text", max_length = 20', 'kind = "texts"'),
        ("columns[0]: kind", "列不能是列表", "not an array"),
    ),
    "a column that stands in the QR by itself": (
        ('kind = "text", max_length = 20', 'kind = "text", in_qr = true'),
        ("columns[0]: in_qr", "不认识", "unknown key"),
    ),
    "a citizen id in the QR": (
        ('kind = "citizen-id"', 'kind = "citizen-id"\nin_qr = true'),
        ("in_qr", "不得进入二维码", "never stands in a QR"),
    ),
    "rows with citizen ids in the QR": (
        (
            'kind = "uscc", required = false }',
            'kind = "citizen-id", required = false }',
        ),
        ("in_qr", "不得进入二维码", "never stands in a QR"),
    ),
    "a length in the QR of what is not in it": (
        ("pattern = '[0-9]{5,12}'", "pattern = '[0-9]{5,12}'\nqr_length = 5"),
        ("qr_length", "只用于 in_qr", "in_qr"),
    ),
    "a length of nothing in the QR": (
        ("in_qr = true", "in_qr = true\nqr_length = 0"),
        ("qr_length", "应在 1 至", "expected 1 to"),
    ),
    "a sex that is a date": (
        (
            '"开工日期", en = "Started" }',
            '"开工日期", en = "Started" }\nagrees = "sex"',
        ),
        ("agrees", "sex 用于 choice", "sex goes with a choice"),
    ),
    "a common key": (
        ('key = "phone"', 'key = "external_qr"'),
        ("fields[5]: key", "公共项", "common key"),
    ),
    "the old rule of food businesses": (
        ('rule = "pattern"', 'rule = "food-business"'),
        ("number: rule", "只能取", "expected one of"),
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_type_with_a_rule_that_cannot_hold_is_refused(name):
    (old, new), (place, zh, en) = BAD_FILES[name]
    with pytest.raises(CatalogError) as caught:
        loaded(replaced(old, new))
    message = caught.value.message
    assert message.zh.startswith("own.toml: ")
    assert place in message.zh
    assert zh in message.zh
    assert en in message.en


def test_an_example_with_a_wrong_check_digit_is_refused():
    pattern = "'(?P<body>[0-9]{3})(?P<check>[0-9])'"
    head, _, rest = TYPE.partition("[number]")
    rest = rest[rest.index("[[checkpoints]]") :]
    number = f"""[number]
rule = "pattern"
max_length = 4
pattern = {pattern}
says = {{ zh = "4 位", en = "4 digits" }}
check = "mod-11-10"
example = "EXAMPLE"
"""
    good = head + number.replace("EXAMPLE", "1239") + rest
    assert loaded(good).number.check == "mod-11-10"
    assert check(loaded(good), number="1239").warnings == ()
    with pytest.raises(CatalogError) as caught:
        loaded(good.replace("1239", "1230"))
    assert "check" in caught.value.message.en
    letters = good.replace("[0-9]{3}", "[A-Z]{3}").replace("1239", "ABC7")
    with pytest.raises(CatalogError) as caught:
        loaded(letters)
    assert "body" in caught.value.message.en


# -- applications --------------------------------------------------------------------


def test_the_good_application_is_good():
    checked = check()
    assert checked.warnings == ()
    assert checked.draft.fields["units"] == ({"unit": "示例设计院", "part": "设计"},)
    assert checked.draft.checkpoints == (Checkpoint("开工", date(2027, 2, 20)),)
    assert checked.draft.external_qr is None


REFUSED = {
    "a number of another form": (
        {"number": "示证2026第1号"},
        ("number", "形式应为：示证〔年份〕", "expected the form: 示证"),
    ),
    "a number of another year than the issue date": (
        {"number": "示证〔2025〕A001号"},
        ("number", "第 4 至 7 位应为 2026，与“issue_date”一致", "expected 2026"),
    ),
    "a number in other digits": (
        {"number": "示证〔２０２６〕A001号"},
        ("number", "形式应为", "expected the form"),
    ),
    "no number": ({"number": ...}, ("number", "缺少编号", "Number is missing")),
    "a number that is none": ({"number": 7}, ("number", "应为文本", "expected a text")),
    "money with separators": (
        {"capital": "1,000,000 CNY"},
        ("capital", "金额应写作", "no separators"),
    ),
    "money without a currency": (
        {"capital": "100"},
        ("capital", "金额应写作", "expected an amount"),
    ),
    "money of 16 digits": (
        {"capital": "1234567890123456 CNY"},
        ("capital", "最多 15 位", "at most 15"),
    ),
    "money of three decimals": (
        {"capital": "1.234 CNY"},
        ("capital", "小数最多 2 位", "2 decimals"),
    ),
    "money that begins with 0": (
        {"capital": "01 CNY"},
        ("capital", "金额应写作", "expected an amount"),
    ),
    "money below nothing": (
        {"capital": "-1 CNY"},
        ("capital", "金额应写作", "expected an amount"),
    ),
    "money in other digits": (
        {"capital": "１ CNY"},
        ("capital", "金额应写作", "expected an amount"),
    ),
    "money in no currency": (
        {"capital": "1 RMB"},
        ("capital", "ISO 4217", "ISO 4217"),
    ),
    "money that is a number": (
        {"capital": 1000000},
        ("capital", "应为金额", "expected an amount"),
    ),
    "a credit code with a wrong check character": (
        {"agent": "91990100MA0000A194"},
        ("agent", "校验位错误", "check character is wrong"),
    ),
    "a citizen id with a wrong check character": (
        {"agent_id": "990100199003070018"},
        ("agent_id", "校验位错误", "check character is wrong"),
    ),
    "a text of another form": (
        {"phone": "12-315"},
        ("phone", "形式应为：5 至 12 位数字", "expected the form: 5 to 12 digits"),
    ),
    "a field that this license needs": (
        {"capital": ...},
        ("capital", "缺少“注册资本”", "Capital is missing"),
    ),
    "a field that this license has not": (
        {"kind": "乙类", "number": "示证〔2026〕B001号"},
        ("capital", "只在 kind 为甲类时填写", "is for a kind of 甲类 alone"),
    ),
    "a missing field by the label of this license": (
        {"principal": ...},
        ("principal", "缺少“法定代表人”", "Legal representative is missing"),
    ),
    "rows in a text": ({"units": "示例"}, ("units", "应为列表", "expected a list")),
    "no rows": ({"units": []}, ("units", "1 至 3 项", "1 to 3")),
    "too many rows": (
        {"units": [{"unit": "甲"}] * 4},
        ("units", "1 至 3 项", "1 to 3"),
    ),
    "a row that is a text": (
        {"units": ["示例"]},
        ("units[0]", "应为对象", "expected an object"),
    ),
    "a row with an unknown column": (
        {"units": [{"unit": "甲", "age": "1"}]},
        ("units[0]", "只能有这些项：unit、code", "other keys than unit, code"),
    ),
    "a row without a column that is needed": (
        {"units": [{"unit": "甲"}, {"part": "设计"}]},
        ("units[1].unit", "缺少“单位”，应为文本", "Unit is missing; expected a text"),
    ),
    "a row of nulls": (
        {"units": [{"unit": None}]},
        ("units[0].unit", "缺少“单位”", "Unit is missing"),
    ),
    "a column with another choice": (
        {"units": [{"unit": "甲", "part": "监理"}]},
        ("units[0].part", "只能取：设计、施工", "expected one of: 设计, 施工"),
    ),
    "a column that is too long": (
        {"units": [{"unit": "甲" * 21}]},
        ("units[0].unit", "过长", "too long"),
    ),
    "a column with a wrong code": (
        {"units": [{"unit": "甲", "code": "91990100MA0000A194"}]},
        ("units[0].code", "校验位错误", "check character is wrong"),
    ),
    "a column with no such day": (
        {"units": [{"unit": "甲", "since": "2026-02-30"}]},
        ("units[0].since", "没有这一天", "no such day"),
    ),
    "an old code in a new license": (
        {"holders": [{"name": "示例", "code": "990100000000001"}]},
        ("holders[0].code", "18 位", "18 digits"),
    ),
    "a duty that was put off for too long": (
        {"put_off": "2027-08-21"},
        ("put_off", "不晚于 2027-08-20（最多延期 2 次）", "not after 2027-08-20"),
    ),
    "a duty that was put off to before its day": (
        {"put_off": "2027-02-20"},
        ("put_off", "应晚于 2027-02-20", "after 2027-02-20"),
    ),
    "a duty that was missed": (
        {"origin": "变更", "valid_from": "2026-01-01"},
        ("started", "应于 2026-03-31 前开工", "due by 2026-03-31"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_application_that_breaks_a_rule_is_refused(name):
    changes, (field, zh, en) = REFUSED[name]
    found = refused(**changes)
    assert list(found) == [field]
    assert zh in found[field].zh
    assert en in found[field].en


TOLD = {
    "a number in other brackets": (
        {"number": "示证[2026]A001号"},
        [("number", "“[”已统一为“〔”"), ("number", "“]”已统一为“〕”")],
    ),
    "a number of another kind, which is only told": (
        {"number": "示证〔2026〕B001号"},
        [("number", "第 9 位应为 A，与“类别”一致")],
    ),
    "a text outside a list that only warns": (
        {"colour": ["红", "蓝"]},
        [("colour[1]", "只能取：红、绿")],
    ),
    "an old private-use character": (
        {"units": [{"unit": "示\ue863例"}]},
        [("units[0].unit", "私用区字符 U+E863 已改为正式编码 U+4DAE")],
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_a_person_should_look_at_is_told(name):
    changes, expected = TOLD[name]
    warnings = check(**changes).warnings
    assert [(item.field, item.message.zh) for item in warnings] == expected
    assert all(item.message.en for item in warnings)


def test_folded_numbers_are_the_ones_that_are_signed():
    assert check(number="示证[2026]A001号").draft.number == "示证〔2026〕A001号"


ACCEPTED = {
    "a remark behind a choice does not count": {"kind": "甲类(试点)"},
    "a kind that the number says nothing of": {
        "kind": "丙类",
        "number": "示证〔2026〕X001号",
        "capital": ...,
    },
    "the longest amount": {"capital": "999999999999999.99 USD"},
    "nothing as an amount": {"capital": "0 CNY"},
    "codes with right check characters": {
        "agent": "91990100MA0000A193",
        "agent_id": "990100199003070019",
    },
    "a text of the form": {"phone": "12315"},
    "texts of the list": {"colour": ["红", "绿"]},
    "rows with all columns, and with nulls": {
        "units": [
            *({"unit": "甲", "code": "91990100MA0000A193", "since": "2026-01-05"},),
            *({"unit": "乙", "code": None, "part": "施工"}, {"unit": "丙"}),
        ]
    },
    "a later version keeps the number of its first year": {
        "origin": "变更",
        "number": "示证〔2020〕A001号",
    },
    "put off as often as is allowed": {"put_off": "2027-08-20"},
    "begun today": {"started": "2026-11-21"},
    "begun late, but put off before": {
        "origin": "变更",
        "valid_from": "2026-06-01",
        "put_off": "2026-11-20",
        "started": "2026-11-20",
    },
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_application_that_keeps_the_rules_is_accepted_without_a_word(name):
    assert check(**ACCEPTED[name]).warnings == ()


def test_the_day_of_a_duty_follows_what_was_done_or_put_off():
    assert check(started="2026-11-21").draft.checkpoints == ()
    assert check(put_off="2027-05-01").draft.checkpoints == (
        Checkpoint("开工", date(2027, 5, 1)),
    )
    done = check(put_off="2027-05-01", started="2026-11-21").draft
    assert done.checkpoints == ()


def test_what_cannot_be_put_off_because_the_license_ends_before_is_refused():
    found = refused(valid_until="2027-01-31", put_off="2027-03-01")
    assert list(found) == ["put_off"]
    assert check(valid_until="2027-01-31").draft.checkpoints == ()


def test_a_duty_of_every_half_year():
    text = replaced("months = 3\nonce = true", "months = 6")
    text = replaced('extended_field = "put_off"\nmax_extensions = 2\n', "", text)
    dues = [
        point.due
        for point in check(loaded(text), valid_until="2028-05-21").draft.checkpoints
    ]
    assert dues == [date(2027, 5, 20), date(2027, 11, 20), date(2028, 5, 20)]


def test_an_end_after_the_years_of_a_type_is_refused_or_told():
    refusing = loaded(replaced('rule = "open"', 'rule = "years", years = 2'))
    warning = loaded(
        replaced('rule = "open"', 'rule = "years", years = 2, enforce = "warn"')
    )
    with pytest.raises(ApplicationError) as caught:
        check(refusing, valid_until="2028-11-21")
    assert caught.value.problems[0].field == "valid_until"
    checked = check(warning, valid_until="2028-11-21")
    assert [item.field for item in checked.warnings] == ["valid_until"]
    assert "最晚为 2028-11-20" in checked.warnings[0].message.zh
    assert checked.draft.validity.valid_until == date(2028, 11, 21)
    assert check(warning, valid_until=...).warnings == ()


def test_a_number_of_another_form_is_only_told_where_the_type_says_so():
    own = loaded(replaced("max_length = 24", 'max_length = 24\nenforce = "warn"'))
    checked = check(own, number="第990100199003070019号")
    assert [item.message.zh[:4] for item in checked.warnings] == [
        "形式应为",
        "形似公民",
    ]
    assert checked.draft.number == "第990100199003070019号"


def test_choices_that_follow_another_choice_ignore_its_remark():
    shop = Catalog.builtin().get("special-operation")
    assert shop.chosen("category", {"category": "电工作业"}) == "电工作业"
    assert PERMIT.chosen("kind", {"kind": "甲类（试点）"}) == "甲类"
    assert PERMIT.chosen("kind", {"kind": "甲类试点"}) == "甲类试点"
    assert PERMIT.chosen("kind", {}) == ""
    rule = PERMIT.field("principal")
    assert PERMIT.label_of(rule, {"kind": "甲类(试点)"}).zh == "法定代表人"
    assert PERMIT.label_of(rule, {"kind": "乙类"}).zh == "负责人"


# -- licenses granted on paper -------------------------------------------------------

OLD_CODES = {
    "a registration number": ({"code": "990100000000001"}, True),
    "a registration number with a letter": ({"code": "99010000000000A"}, False),
    "an old id": ({"code": "990100900307001", "code_type": "111"}, True),
    "an old id of no such day": (
        {"code": "990100900230001", "code_type": "111"},
        False,
    ),
    "an old id that begins with 0": (
        {"code": "090100900307001", "code_type": "111"},
        False,
    ),
    "fourteen digits": ({"code": "99010000000001"}, False),
    "a code of today": ({"code": "91990100MA0000A193"}, True),
}


@pytest.mark.parametrize("name", OLD_CODES)
def test_a_license_granted_on_paper_may_have_a_code_of_its_time(name):
    holder, good = OLD_CODES[name]
    holders = [{"name": "示例"} | holder]
    if good:
        draft = check(origin="存量补录", holders=holders).draft
        assert draft.holders[0].code == holder["code"]
        return
    assert list(refused(origin="存量补录", holders=holders)) == ["holders[0].code"]


def test_sex_and_birth_are_read_from_an_old_id():
    text = replaced(
        '"代理机构", en = "Agent" }\nkind = "uscc"',
        '"代理机构", en = "Agent" }\nkind = "text"\nagrees = "sex"',
    )
    text = replaced(
        '"开工日期", en = "Started" }', '"开工日期", en = "S" }\nagrees = "birth"', text
    )
    text = replaced('done_field = "started"\n', "", text)
    own = loaded(text)
    holders = [{"name": "示例", "code": "990100900307001", "code_type": "111"}]
    told = {"origin": "存量补录", "holders": holders}
    assert check(own, agent="男", started="1990-03-07", **told).warnings == ()
    with pytest.raises(ApplicationError) as caught:
        check(own, agent="女", started="1990-03-08", **told)
    assert [item.field for item in caught.value.problems] == ["agent", "started"]


# -- what a verifier knows of a license ----------------------------------------------


def granted(fields):
    """Return a license of the type with other fields."""
    draft = replace(check().draft, fields=fields)
    identifier = Identifier.build(PERMIT.code, "11990100000000027A", "20260000001")
    return License(
        draft=draft,
        identifier=identifier.text,
        issuer=Organization("11990100000000027A", "示例市行政审批局"),
        specimen=True,
    )


DESCRIBED = {
    "with the field that its kind has": ({}, True),
    "of a kind with a remark": ({"kind": "甲类(试点)"}, True),
    "without the field that its kind has": ({"capital": ...}, False),
    "of a kind that has not the field": ({"kind": "乙类", "capital": ...}, True),
    "with a field that its kind has not": ({"kind": "乙类"}, False),
    "of no kind at all": ({"kind": ..., "capital": ...}, False),
    "with an optional field": ({"phone": "12315"}, True),
    "with an unknown field": ({"age": "1"}, False),
    "without a field that every one has": ({"principal": ...}, False),
}


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_type_describes_the_licenses_that_it_could_have_made(name):
    changes, expected = DESCRIBED[name]
    fields = {
        key: value
        for key, value in {**check().draft.fields, **changes}.items()
        if value is not ...
    }
    assert PERMIT.describes(granted(fields)) is expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["unit", "code", "part", "since"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from([*GOOD, *(rule.key for rule in PERMIT.fields), "external_qr"]),
        VALUES | st.from_regex(PERMIT.number.pattern, fullmatch=True),
        max_size=4,
    )
)
def test_any_object_gives_a_draft_or_an_application_error(changes):
    with contextlib.suppress(ApplicationError):
        assert check(**changes).draft.holders
