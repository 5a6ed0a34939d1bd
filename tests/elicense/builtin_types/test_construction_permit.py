"""建筑工程施工许可证: a project, its parties, and the day by which work begins."""

from datetime import date

import pytest

from elicense.model import Checkpoint
from tests.elicense.builtin_types import bench as at

CLIENT = {"name": "示例市青禾置业有限公司", "code": "91990100MA0000A193"}
GOOD = {
    "holders": [CLIENT],
    "number": "990100202611210101",
    "issue_date": "2026-11-21",
    "valid_until": None,
    "project_name": "青禾区示例小学迁建工程",
    "site": "示例省示例市青禾区示例大道以东",
    "scale": "12,345.67平方米",
    "price": "34567800 CNY",
    "duration": "2026-12-01 至 2028-05-31 (548天)",
    "survey": [{"name": "示例勘察院有限公司", "uscc": "91990100MA0000C38D"}],
    "survey_lead": [{"name": "李示例", "citizen_id": "990100199003070019"}],
    "design": [{"name": "示例设计院有限公司", "uscc": "91990100MA0000C38D"}],
    "design_lead": [{"name": "王示例", "citizen_id": "990100198506120028"}],
    "contractor": [{"name": "示例市青禾建筑工程有限公司"}],
    "contractor_lead": [{"name": "赵示例"}],
    "supervision": [{"name": "示例市示例工程监理有限公司"}],
    "chief_supervisor": [{"name": "钱示例"}],
    "general_contractor": [{"name": "示例市青禾建筑工程有限公司"}],
    "general_lead": [{"name": "孙示例"}],
    "remarks": "无",
    "changes": [{"date": "2026-11-21", "item": "合同价格"}],
    "project_code": "2026-990101-83-01-000001",
}
PERMIT = at.bench("construction-permit", GOOD)
UNITS = ("survey", "design", "contractor", "supervision", "general_contractor")
LEADS = (
    *("survey_lead", "design_lead", "contractor_lead"),
    *("chief_supervisor", "general_lead"),
)

SECOND = {"name": "示例市云栖建设有限公司", "code": "91990100MA0000D42H"}
ACCEPTED = {
    "several clients, in their order": {"holders": [SECOND, CLIENT]},
    "a class of other works": {"number": "990100202611210199"},
    "another class of a local list": {"number": "990100202611210119"},
    "the last serial of a day": {"number": "990100202611219901"},
    "a division that GB/T 2260 has not": {"number": "999999202611210101"},
    "a term in days": {"duration": "548日历天"},
    "a price with 万元 of six decimals": {"price": "34567891.23 CNY"},
    "a scale in metres": {"scale": "道路全长1,234米，投资3,456.78万元"},
    "no supervision": {"supervision": ..., "chief_supervisor": ...},
    "no general contractor": {"general_contractor": None, "general_lead": None},
    "neither remark nor change": {"remarks": ..., "changes": ...},
    "a change keeps the number of an earlier day": {
        "origin": "变更",
        "number": "990100202610080101",
    },
    "a change from and to": {
        "changes": [
            {
                "date": "2026-11-21",
                "item": "施工单位项目负责人",
                "before": "周示例",
                "after": "赵示例",
            }
        ]
    },
    "two units of one kind, one without a code": {
        "survey": [
            {"name": "示例勘察院有限公司", "uscc": "91990100MA0000C38D"},
            {"name": "示例岩土有限公司", "uscc": None},
        ]
    },
}
_FORM = ("形式应为：18 位数字：区划 6 位、日期 8 位", "the form: 18 digits: division 6")
REFUSED = {
    "no number": ({"number": ...}, ("number", "缺少编号", "Permit number is missing")),
    "seventeen digits": ({"number": "99010020261121010"}, ("number", *_FORM)),
    "nineteen digits": (
        {"number": "9901002026112101011"},
        ("number", "最多 18 个字符", "at most 18 characters"),
    ),
    "a number with a hyphen": ({"number": "990100-20261121-01"}, ("number", *_FORM)),
    "a letter in the number": ({"number": "9901002026112101A1"}, ("number", *_FORM)),
    "full-width digits": ({"number": "99010020261121010１"}, ("number", *_FORM)),
    "no end is not nothing": ({"valid_until": ...}, ("valid_until", *at.NO_END)),
    "no end in words": ({"valid_until": "长期"}, ("valid_until", *at.NO_END)),
    "an end that means none": (
        {"valid_until": "9999-12-31"},
        ("valid_until", *at.NO_END),
    ),
    "a price in 万元": ({"price": "3,456.78万元"}, ("price", *at.BAD_MONEY)),
    "a price of three decimals": ({"price": "1.234 CNY"}, ("price", *at.BAD_MONEY)),
    "a person as the client": (
        {"holders": [{**at.MAN, "code_type": "111"}]},
        ("holders[0].code_type", *at.among("001")),
    ),
    "a role, since all are clients": (
        {"holders": [CLIENT | {"role": "建设单位"}]},
        ("holders[0].role", "该证照类型没有角色", "this type's holders have no role"),
    ),
    "a second client with a wrong code": (
        {"holders": [CLIENT, SECOND | {"code": "91990100MA0000D42J"}]},
        ("holders[1].code", *at.BAD_USCC),
    ),
    "a photo": ({"photo": at.PHOTO}, ("photo", "没有照片", "shows no photo")),
    "a day of a change that does not exist": (
        {"changes": [{"date": "2026-02-30", "item": "合同价格"}]},
        ("changes[0].date", "日历中没有这一天", "no such day in the calendar"),
    ),
    "a change without its item": (
        {"changes": [{"date": "2026-11-21"}]},
        ("changes[0].item", *at.missing("变更事项", "Item")),
    ),
}
TOLD = {
    "a number of another day than the issue date": (
        {"number": "990100202611200101"},
        (
            "number",
            "第 7 至 14 位应为 20261121，与“issue_date”一致",
            "expected 20261121 from character 7 on, to agree with: issue_date",
        ),
    ),
    "a project code of another form": (
        {"project_code": "2026-990101-83-000001"},
        ("project_code", "形式应为：年份-区划-行业", "the form: year-division-sector"),
    ),
    "an end, which often means none": (
        {"valid_until": "2099-12-31"},
        ("valid_until", "常被用来表示长期", "often written to mean an open end"),
    ),
}
MISSING = {
    "project_name": ("工程名称", "Project"),
    "site": ("建设地址", "Site"),
    "scale": ("建设规模", "Scale"),
    "price": ("合同价格", "Contract price"),
    "duration": ("合同工期", "Contract term"),
    "survey": ("勘察单位", "Survey by"),
    "survey_lead": ("项目负责人", "Lead of the survey"),
    "design": ("设计单位", "Design by"),
    "design_lead": ("项目负责人", "Lead of the design"),
    "contractor": ("施工单位", "Contractor"),
    "contractor_lead": ("项目负责人", "Lead of the works"),
    "project_code": ("项目代码", "Project code"),
}
LENGTHS = {
    "holders[0].name": 80,
    "project_name": 150,
    "site": 150,
    "scale": 300,
    "duration": 45,
    "remarks": 200,
    "changes[0].item": 40,
    "changes[0].before": 100,
    "changes[0].after": 100,
    **{f"{key}[0].name": 80 for key in UNITS},
    **{f"{key}[0].name": 30 for key in LEADS},
}
COUNTS = {**dict.fromkeys((*UNITS, *LEADS), 5), "changes": 12}


def test_a_project_code_of_another_form_has_thirty_characters():
    told = ("project_code", "形式应为：年份-区划", "the form: year-division")
    PERMIT.tells({"project_code": "1" * 30}, told)
    long = ("project_code", "最多 30 个字符，现有 31 个", "at most 30 characters")
    PERMIT.refuses({"project_code": "1" * 31}, long)


@pytest.mark.parametrize("key", UNITS)
def test_a_unit_has_a_name_and_may_have_a_code(key):
    PERMIT.accepts({key: [{"name": "示例有限公司", "uscc": "91990100MA0000C38D"}]})
    PERMIT.refuses(
        {key: [{"name": "甲"}, {"uscc": "91990100MA0000C38D"}]},
        (f"{key}[1].name", *at.missing("名称", "Name")),
    )
    PERMIT.refuses(
        {key: [{"name": "示例有限公司", "uscc": "91990100MA0000C38E"}]},
        (f"{key}[0].uscc", *at.BAD_USCC),
    )
    PERMIT.refuses(
        {key: [{"name": "示例有限公司", "code": "91990100MA0000C38D"}]},
        (f"{key}[0]", "只能有这些项：name、uscc", "has other keys than name, uscc"),
    )
    PERMIT.refuses(
        {key: ["示例有限公司"]},
        (f"{key}[0]", "应为对象，含 name、uscc", "an object with name, uscc"),
    )


@pytest.mark.parametrize("key", LEADS)
def test_a_lead_has_a_name_and_may_have_an_id(key):
    PERMIT.accepts({key: [{"name": "李示例", "citizen_id": "990100199003070019"}]})
    PERMIT.folds(
        {key: [{"name": "买买提•示例"}]},
        {key: [{"name": "买买提·示例"}]},
        (f"{key}[0].name", *at.DOT),
    )
    PERMIT.refuses(
        {key: [{"citizen_id": "990100199003070019"}]},
        (f"{key}[0].name", *at.missing("姓名", "Name")),
    )
    PERMIT.refuses(
        {key: [{"name": "李示例", "citizen_id": "990100199003070018"}]},
        (f"{key}[0].citizen_id", *at.BAD_ID),
    )
    PERMIT.refuses(
        {key: [{"name": "李示例", "citizen_id": "990100900307001"}]},
        (f"{key}[0].citizen_id", "不接受 15 位旧身份证号", "old ids of 15 digits"),
    )


# -- the day by which work begins ----------------------------------------------------

MARCH = {"origin": "变更", "issue_date": "2026-11-21", "valid_from": "2026-08-22"}
JUNE = {"origin": "变更", "valid_from": "2026-06-01"}
DUE = {
    "three months after the first day": ({}, date(2027, 2, 20)),
    "put off once": ({"start_extended_to": "2027-05-20"}, date(2027, 5, 20)),
    "put off by a day": ({"start_extended_to": "2027-02-21"}, date(2027, 2, 21)),
    "put off twice": ({"start_extended_to": "2027-08-20"}, date(2027, 8, 20)),
    "begun on the first day": ({"started_on": "2026-11-21"}, None),
    "put off, and begun": (
        {"start_extended_to": "2027-08-20", "started_on": "2026-11-21"},
        None,
    ),
    "due today": (MARCH, date(2026, 11, 21)),
    "begun on the last day": (MARCH | {"started_on": "2026-11-21"}, None),
    "late, but put off until today": (
        JUNE | {"start_extended_to": "2026-11-21"},
        date(2026, 11, 21),
    ),
    "begun in the time by which it was put off": (
        JUNE | {"start_extended_to": "2026-11-30", "started_on": "2026-11-01"},
        None,
    ),
}
_PERIOD = ("应在有效期起始日与签发当日之间", "from valid_from to the day of issuing")
NOT_BEGUN = {
    "a day more than twice": (
        {"start_extended_to": "2027-08-21"},
        (
            "start_extended_to",
            "应晚于 2027-02-20，且不晚于 2027-08-20（最多延期 2 次）",
            "after 2027-02-20 and not after 2027-08-20: it may be put off 2 times",
        ),
    ),
    "put off to the day itself": (
        {"start_extended_to": "2027-02-20"},
        ("start_extended_to", "应晚于 2027-02-20", "a day after 2027-02-20"),
    ),
    "not begun in three months": (
        {"origin": "变更", "valid_from": "2026-08-21"},
        (
            "started_on",
            "应于 2026-11-20 前开工，已逾期失效",
            "lapsed: 开工 was due by 2026-11-20",
        ),
    ),
    "not begun though put off twice": (
        {
            "origin": "变更",
            "valid_from": "2026-02-01",
            "start_extended_to": "2026-10-31",
        },
        ("started_on", "应于 2026-10-31 前开工", "was due by 2026-10-31"),
    ),
    "begun too late": (
        JUNE | {"started_on": "2026-09-01"},
        ("started_on", "不在应开工的期限内", "not within a period in which 开工"),
    ),
    "begun before the permit": (
        {"started_on": "2026-11-20"},
        ("started_on", *_PERIOD),
    ),
    "begun tomorrow": ({"started_on": "2026-11-22"}, ("started_on", *_PERIOD)),
}


@pytest.mark.parametrize("case", DUE)
def test_work_begins_by(case):
    changes, due = DUE[case]
    expected = () if due is None else (Checkpoint("开工", due),)
    assert PERMIT.accepts(changes).draft.checkpoints == expected


@pytest.mark.parametrize("case", NOT_BEGUN)
def test_work_that_did_not_begin_in_time(case):
    changes, *expected = NOT_BEGUN[case]
    PERMIT.refuses(changes, *expected)
