"""A number is answered from the register, to whom it is granted, and never as VALID."""

import json
import resource
from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import changing, dates, lookup, record
from elicense.changing import Grounds
from elicense.events import Reason
from elicense.files import FileError
from elicense.lifecycle import State
from elicense.lookup import (
    CallLog,
    Days,
    HolderAsked,
    LookupDesk,
    LookupRefusedError,
    Question,
    callers,
)
from elicense.samples import sample_of
from elicense.testing import CODE, SECOND_CODE, Simulator
from tests.elicense.bulk.city import code_of

STRANGER = code_of(9)
TABLE = f"""format = "elicense.callers/1"
[[caller]]
organization = "{SECOND_CODE}"
departments = ["{CODE}"]
types = ["food-business"]
"""


@pytest.fixture(scope="module")
def world():
    with Simulator() as made:
        food = made.issue()
        application = dict(sample_of(made.catalog.get("business-license"), made.at))
        made.issue("business-license", application)
        assert food.license.draft.number
        yield made


@pytest.fixture
def desk(world, tmp_path):
    return LookupDesk(
        register=world.department.register,
        organization=CODE,
        callers=callers.read(TABLE.encode()),
        log=CallLog(tmp_path / "calls.jsonl"),
    )


def rows(world):
    return list(world.department.register.rows())


def draft_of(row):
    return record.decode(row.record)[0].draft


def ask(number, **changes):
    question = Question(number=number, caller=CODE, purpose="食品安全检查")
    return replace(question, **changes)


def logged(tmp_path):
    text = (tmp_path / "calls.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_what_the_register_says_is_told_and_kept(world, desk, tmp_path):
    row = rows(world)[0]
    draft = draft_of(row)
    answer = lookup.lookup(desk, ask(row.number), world.at)
    assert answer.found
    (item,) = answer.licenses
    assert item.identifier == row.identifier
    assert (item.state, item.days) == (State.ISSUED, Days.WITHIN)
    assert (item.type_name, item.issuer) == ("food-business", CODE)
    assert item.valid_from == draft.validity.valid_from
    assert item.holder_matches is None
    told = json.dumps(answer.to_json(), ensure_ascii=False)
    assert "VALID" not in told.replace("valid_", "")
    for holder in draft.holders:
        assert holder.name not in told
        assert holder.code not in told
    assert logged(tmp_path) == [
        {
            "format": "elicense.call/1",
            "at": "2026-11-21T02:00:00Z",
            "caller": CODE,
            "purpose": "食品安全检查",
            "number": row.number,
            "outcome": "found",
            "licenses": [row.identifier],
        }
    ]
    assert (tmp_path / "calls.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_holder_is_compared_and_not_kept(world, desk, tmp_path):
    row = rows(world)[0]
    holder = draft_of(row).holders[0]
    for asked, matches in (
        (HolderAsked(holder.name, holder.code), True),
        (HolderAsked(name=holder.name), True),
        (HolderAsked(code=holder.code), True),
        (HolderAsked(holder.name, "another"), False),
        (HolderAsked(holder.name + " ", holder.code), False),
        (HolderAsked(), None),
    ):
        answer = lookup.lookup(desk, ask(row.number, holder=asked), world.at)
        assert [item.holder_matches for item in answer.licenses] == [matches]
        assert holder.name not in repr(asked)
    kept = (tmp_path / "calls.jsonl").read_text(encoding="utf-8")
    assert holder.name not in kept
    assert holder.code not in kept
    assert len(kept.splitlines()) == 6


def test_others_are_told_what_they_are_granted(world, desk, tmp_path):
    food, business = rows(world)
    granted = lookup.lookup(desk, ask(food.number, caller=SECOND_CODE), world.at)
    assert granted.found
    withheld = lookup.lookup(desk, ask(business.number, caller=SECOND_CODE), world.at)
    nobody = lookup.lookup(desk, ask("NONE", caller=SECOND_CODE), world.at)
    assert not withheld.found
    assert withheld.licenses == nobody.licenses
    elsewhere = replace(desk.callers[0], departments=frozenset([SECOND_CODE]))
    other = replace(desk, callers=(elsewhere,))
    assert not lookup.lookup(
        other, ask(food.number, caller=SECOND_CODE), world.at
    ).found
    with pytest.raises(LookupRefusedError):
        lookup.lookup(desk, ask(food.number, caller=STRANGER), world.at)
    outcomes = [(line["caller"], line["outcome"]) for line in logged(tmp_path)]
    assert outcomes == [
        (SECOND_CODE, "found"),
        *[(SECOND_CODE, "none")] * 3,
        (STRANGER, "refused"),
    ]
    assert logged(tmp_path)[-1]["licenses"] == []


def test_all_licenses_of_a_number_are_listed_by_effect(tmp_path):
    with Simulator() as world:
        register = world.department.register
        desk = LookupDesk(register, CODE, (), CallLog(tmp_path / "calls.jsonl"))
        first = world.issue()
        number = first.license.draft.number
        application = dict(sample_of(world.catalog.get("food-business"), world.at))
        second = world.issue("food-business", {**application, "number": number})
        end = world.at + timedelta(days=1)
        grounds = Grounds(reason=Reason.CANCELLED, note="歇业")
        changing.revoke(register, first.license.identifier, grounds, end)
        for at, states in (
            (world.at - timedelta(days=1), []),
            (world.at, [State.ISSUED, State.ISSUED]),
            (end, [State.REVOKED, State.ISSUED]),
        ):
            answer = lookup.lookup(desk, ask(number), at)
            assert [item.state for item in answer.licenses] == states
        identifiers = [item.identifier for item in answer.licenses]
        issued = [first.license.identifier, second.license.identifier]
        assert identifiers == issued
        validity = first.license.draft.validity
        for at, days in (
            (world.at, Days.WITHIN),
            (world.at + timedelta(days=365 * 6), Days.AFTER),
        ):
            assert lookup.lookup(desk, ask(number), at).licenses[0].days is days
        assert validity.valid_until is not None


@pytest.mark.parametrize(
    "changes",
    {
        "no number": {"number": ""},
        "a number with a line feed": {"number": "JY\n1"},
        "a long number": {"number": "1" * 201},
        "no purpose": {"purpose": "  "},
        "a purpose of two lines": {"purpose": "检查\n检查"},
        "a purpose with an id": {"purpose": "核对11010519491231002X"},
        "a long purpose": {"purpose": "检" * 201},
        "a purpose with an id in groups": {"purpose": "核对 110105-19491231 002X"},
        "half a character": {"number": "\ud800"},
        "a caller that is none": {"caller": "x" * 10_000},
        "a caller with a wrong check character": {"caller": CODE[:-1] + "B"},
    }.values(),
)
def test_a_question_that_will_not_do_is_refused(world, desk, changes, tmp_path):
    with pytest.raises(LookupRefusedError):
        lookup.lookup(desk, replace(ask("JY1"), **changes), world.at)
    assert not (tmp_path / "calls.jsonl").exists()


def test_where_nothing_can_be_logged_nobody_is_answered(world, desk, tmp_path):
    (tmp_path / "calls.jsonl").mkdir()
    with pytest.raises(FileError):
        lookup.lookup(desk, ask(rows(world)[0].number), world.at)


@pytest.mark.parametrize(
    "number",
    ["T11010519491231002X", "T110105 19491231 002X", "T１１０１０５19491231002X"],
)
def test_a_number_that_holds_an_id_is_masked_in_the_log(desk, world, tmp_path, number):
    lookup.lookup(desk, ask(number), world.at)
    assert logged(tmp_path)[0]["number"] == "****002X"


def test_a_number_is_compared_as_it_is_printed(world, desk, tmp_path):
    number = rows(world)[0].number
    wide = number.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"})
    for other in (wide, number.lower(), f" {number}", f"{number} ", number + "\u0301"):
        assert not lookup.lookup(desk, ask(other), world.at).found
    assert logged(tmp_path)[0]["number"] == wide


def test_a_line_that_was_torn_spoils_no_other(world, desk, tmp_path):
    """By a machine that went down, or a disk that is full."""
    log, number = tmp_path / "calls.jsonl", rows(world)[0].number
    lookup.lookup(desk, ask(number), world.at)
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"format":"elic')
    lookup.lookup(desk, ask(number), world.at)
    assert log.read_bytes() == whole + b'{"format":"elic\n' + whole
    log.write_bytes(whole)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 9, hard))
    try:
        with pytest.raises(FileError, match="calls"):
            lookup.lookup(desk, ask(number), world.at)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert log.read_bytes() == whole


BAD_TABLES = {
    "no TOML": "format = ",
    "nothing": "",
    "another format": TABLE.replace("callers/1", "callers/2"),
    "an unknown item": TABLE + 'name = "x"\n',
    "an unknown part": TABLE + "[other]\n",
    "twice": TABLE + TABLE.partition("\n")[2],
    "no types": TABLE.replace('["food-business"]', "[]"),
    "a type that is a number": TABLE.replace('"food-business"', "1"),
    "departments that are a text": TABLE.replace(f'["{CODE}"]', f'"{CODE}"'),
    "a wrong code": TABLE.replace(CODE, CODE[:-1] + "B"),
    "a caller that is a list": 'format = "elicense.callers/1"\ncaller = [1]\n',
    "callers that are a text": 'format = "elicense.callers/1"\ncaller = "x"\n',
    "too many bytes": TABLE + "#" * (1 << 20),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_of_another_form_is_refused(name):
    with pytest.raises(LookupRefusedError, match=r"callers\.toml"):
        callers.read(BAD_TABLES[name].encode())
    with pytest.raises(LookupRefusedError):
        callers.read(b"\xff")


def test_days_are_those_of_china(tmp_path):
    with Simulator() as world:
        issued = world.issue("special-operation")
        draft = issued.license.draft
        register = world.department.register
        desk = LookupDesk(register, CODE, (), CallLog(tmp_path / "calls.jsonl"))
        first_due = min(item.due for item in draft.checkpoints)
        end = dates.end_after(first_due)
        second = timedelta(seconds=1)
        found = [
            lookup.lookup(desk, ask(draft.number), at).licenses[0].days
            for at in (end - second, end)
        ]
        assert found == [Days.WITHIN, Days.LAPSED]
