"""The invented applications of examples/applications.py: right, varied, the same again.

They are read as `elicense issue-batch` reads them. What is counted here is what the
example promises; a type that is to print all of it is tried by examples/every_type.py.
"""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest

from elicense.catalog import Catalog, check_application
from elicense.fonts import STANDARD, Typeface
from elicense.issuing import Request, rows
from tests.support import ROOT

PROGRAM = ROOT / "examples" / "applications.py"
AT = datetime(2026, 11, 21, 1, tzinfo=UTC)
DAY = ("--day", "2026-11-21")
CATALOG = Catalog.builtin()
ORGANIZATION = "001"


def run(folder, *arguments):
    done = subprocess.run(
        [sys.executable, PROGRAM, "--out", folder, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return run(tmp_path_factory.mktemp("rows"), "--seed", "1", "--count", "1000", *DAY)


@pytest.fixture(scope="module")
def requests(files, tmp_path_factory):
    """Return type and request of each row."""
    folder = tmp_path_factory.mktemp("read")
    found = []
    for name, data in files.items():
        path = folder / name
        path.write_bytes(data)
        kind = CATALOG.get(path.stem)
        with path.open("rb") as stream:
            found += [(kind, item) for item in rows.read(stream, ".jsonl", kind)]
    return found


@pytest.fixture(scope="module")
def checked(requests):
    return [
        (kind, check_application(kind, item.application, AT, item.number))
        for kind, item in requests
    ]


@pytest.fixture(scope="module")
def drafts(checked):
    return [item.draft for _, item in checked]


def of(drafts, name):
    return [draft for draft in drafts if draft.type_name == name]


def values(drafts, key):
    return [draft.fields[key] for draft in drafts if key in draft.fields]


def names_in(value):
    """Return the names in a value of kind person, persons or rows of such."""
    if isinstance(value, str):
        return [value]
    return [item if isinstance(item, str) else item["name"] for item in value]


@pytest.fixture(scope="module")
def people(drafts):
    """Return the names of all persons."""
    keys = ("principal", "manager", "engineer", "contractor_lead", "survey_lead")
    found = [name for key in keys for v in values(drafts, key) for name in names_in(v)]
    holders = [holder for draft in drafts for holder in draft.holders]
    return found + [h.name for h in holders if h.code_type != ORGANIZATION]


@pytest.fixture(scope="module")
def organizations(drafts):
    holders = [holder for draft in drafts for holder in draft.holders]
    return [h.name for h in holders if h.code_type == ORGANIZATION]


def test_there_are_a_thousand_over_all_types(requests):
    assert all(isinstance(item, Request) for _, item in requests)
    assert len(requests) == 1000
    counts = Counter(kind.name for kind, _ in requests)
    assert set(counts) == set(CATALOG.names())
    assert min(counts.values()) >= 100


def test_every_application_follows_the_rules(checked):
    """Only the eight years of some carriers of passengers are told."""
    assert len(checked) == 1000
    told = {
        (kind.name, warning.field)
        for kind, item in checked
        for warning in item.warnings
    }
    assert told == {("road-transport", "valid_until")}


def test_the_same_seed_gives_the_same_bytes(files, tmp_path):
    assert run(tmp_path, "--seed", "1", "--count", "1000", *DAY) == files


def test_another_seed_gives_others(files, tmp_path):
    others = run(tmp_path, "--seed", "2", "--count", "1000", *DAY)
    lines = {line for data in files.values() for line in data.splitlines()}
    assert not lines & {line for data in others.values() for line in data.splitlines()}


def test_any_day_will_do(tmp_path):
    found = run(tmp_path, "--count", "80", "--day", "2024-02-29")
    at = datetime(2024, 2, 29, 1, tzinfo=UTC)
    assert len(found) == len(CATALOG.names())
    for name in found:
        path = tmp_path / name
        kind = CATALOG.get(path.stem)
        with path.open("rb") as stream:
            for item in rows.read(stream, ".jsonl", kind):
                check_application(kind, item.application, at)


def test_no_two_of_a_type_have_the_same_number(drafts):
    numbers = Counter((draft.type_name, draft.number) for draft in drafts)
    assert [number for number, count in numbers.items() if count > 1] == []


def test_no_two_have_the_same_case(drafts):
    assert len({draft.case_number for draft in drafts}) == 1000


def test_all_of_it_looks_invented(drafts, people, organizations):
    assert [name for name in organizations if "示例" not in name] == []
    codes = [h.code for draft in drafts for h in draft.holders]
    assert [code for code in codes if "9901" not in code and code[0] not in "EHT"] == []
    marks = ("示", "例", "样")
    latin = [name for name in people if name.replace(" ", "")[0] < "一"]
    odd = set(people) - {name for name in people if any(m in name for m in marks)}
    assert odd <= set(latin)


def test_names_of_persons_vary(people):
    dotted = [name for name in people if "·" in name]
    assert set(range(10, 31)) <= {len(name) for name in dotted}
    assert len(dotted) >= 100
    assert sum(len(name) == 2 for name in people) >= 50
    latin = {name for name in people if name[0] < "一"}
    assert len(latin) >= 30
    assert any(not name.isascii() for name in latin)


def test_rare_characters_of_five_extensions_are_ours_to_print(people, organizations):
    rare = {
        char
        for name in (*people, *organizations)
        for char in name
        if "\u3400" <= char <= "\u4dbf" or char > "\uffff"
    }
    assert {"䶮", "㛃"} <= rare
    ends = (0x4DBF, 0x2A6DF, 0x2B73F, 0x2B81F, 0x2CEAF)  # of the extensions A to E
    assert {next(end for end in ends if ord(char) <= end) for char in rare} == {*ends}
    for char in rare:
        STANDARD.require(char, Typeface.SERIF, "name")


def test_names_and_addresses_are_as_long_as_they_may_be(drafts, organizations):
    assert max(map(len, organizations)) == 80
    assert sum(len(name) >= 60 for name in organizations) >= 50
    keys = ("address", "premises", "domicile", "site")
    addresses = [text for key in keys for text in values(drafts, key)]
    assert max(map(len, addresses)) >= 140
    assert min(map(len, addresses)) < 25


def test_scopes_run_from_one_line_to_three_thousand_characters(drafts):
    lengths = [len(text) for text in values(of(drafts, "business-license"), "scope")]
    assert min(lengths) < 20
    assert max(lengths) > 2960
    assert sum(length > 800 for length in lengths) >= 20


def test_every_class_of_business_is_there(drafts):
    licenses = of(drafts, "business-license")
    kind = CATALOG.get("business-license")
    classes = Counter(values(licenses, "entity_class"))
    assert set(classes) == set(kind.field("entity_class").choices)
    assert classes["个体工商户"] >= 20
    partners = [len(item) for item in values(licenses, "principal")]
    assert {1, 2, 3, 4} == set(partners)
    assert sum("分公司" in draft.holders[0].name for draft in licenses) >= 2


def test_money_comes_in_several_currencies(drafts):
    currencies = {text.split(" ")[1] for text in values(drafts, "capital")}
    assert {"CNY", "USD", "EUR", "HKD", "JPY"} <= currencies


def test_rows_run_from_one_to_what_a_type_takes(drafts):
    qualifications = values(of(drafts, "construction-qualification"), "qualifications")
    assert {1, 2, 3, 10, 20, 30} <= {len(item) for item in qualifications}
    for name in ("construction-qualification", "construction-permit"):
        changes = values(of(drafts, name), "changes")
        most = CATALOG.get(name).field("changes").max_count
        assert {1, most} <= {len(item) for item in changes}


def test_several_hold_a_permit_and_several_build(drafts):
    permits = of(drafts, "construction-permit")
    assert {1, 2, 3} <= {len(draft.holders) for draft in permits}
    assert {1, 2, 3} <= {len(item) for item in values(permits, "contractor")}
    assert 0 < len(values(permits, "general_contractor")) < len(permits)


def test_everything_that_may_be_chosen_is_chosen(drafts):
    """Every ethnic group, sex, kind, form, category and item."""
    for kind in map(CATALOG.get, CATALOG.names()):
        here = of(drafts, kind.name)
        for rule in kind.fields:
            if not rule.choices:
                continue
            given = [
                text
                for value in values(here, rule.key)
                for text in ([value] if isinstance(value, str) else value)
            ]
            assert set(rule.choices) == {rule.choice_of(text) for text in given}
    work = CATALOG.get("special-operation").field("item").choices_by.lists
    items = set(values(of(drafts, "special-operation"), "item"))
    assert {item for listed in work.values() for item in listed} <= items


def test_origins_copies_codes_and_remarks_vary(drafts):
    assert {draft.origin for draft in drafts} == {"新发", "变更", "延续", "补发"}
    copies = {draft.copy for draft in drafts}
    assert copies == {"正本", "副本", "正副本合一", "单页"}
    with_code = [draft.external_qr for draft in drafts if draft.external_qr]
    assert 100 <= len(with_code) <= 300
    assert len({len(text) for text in with_code}) >= 3
    for name in ("business-license", "teacher", "food-business"):
        remarks = values(of(drafts, name), "remarks")
        assert 0 < len(remarks) < len(of(drafts, name))
    assert max(map(len, values(drafts, "remarks"))) > 180


def test_portraits_come_in_many_colours_and_both_media(checked):
    photos = [item.photo for _, item in checked if item.photo]
    assert len(photos) == 300
    assert len(set(photos)) >= 100
    assert {photo[:2] for photo in photos} == {b"\x89P", b"\xff\xd8"}


def test_characters_for_a_face_of_the_workspace_are_used(tmp_path):
    found = run(tmp_path, "--count", "400", "--rare", "\U00020bb7", *DAY)
    assert any("\U00020bb7" in data.decode() for data in found.values())
