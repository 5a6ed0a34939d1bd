from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import grants
from elicense.grants import GrantsError
from elicense.testing import CODE, SECOND_CODE
from elicense.trust.hub_model import DepartmentGrant, Withdrawal
from tests.elicense.bureaus import THIRD_CODE

HUB_ROOT, ROOT, OTHER = ("sha256:" + digit * 64 for digit in "0ab")
HEAD = f"""format = "elicense.hub/1"

[hub]
name = "示例市数据局"
root = "{HUB_ROOT}"
"""
DEPARTMENT = f"""
[[department]]
organization = "{CODE}"
root = "{ROOT}"
types = ["food-business"]
"""
SECOND = DEPARTMENT.replace(CODE, SECOND_CODE).replace(ROOT, OTHER)
AUTHORITY = f"""
[[timestamp_authority]]
organization = "{THIRD_CODE}"
name = "示例时间戳"
certificates = ["tsa.der", "tsa-ca.pem"]
root = "tsa-root.der"
signs_from = 2026-01-01
signs_until = 2030-12-31
compromised_from = 2028-05-01T08:00:00+08:00
"""
WITHDRAWN = f"""
[[withdrawn]]
kid = "{"0f" * 8}"
compromised_from = 2026-11-01T00:00:00Z

[[withdrawn]]
certificate = "{"1e" * 32}"
compromised_from = 2026-11-02T00:00:00Z
"""
WHOLE = HEAD + DEPARTMENT + SECOND + AUTHORITY + WITHDRAWN


def read(text):
    return grants.read(text.encode())


def test_a_table_is_read_whole():
    table = read(
        WHOLE.replace(
            'types = ["food-business"]\n',
            f'types = ["a", "b-2"]\npredecessors = ["{"11990100000000051T"}"]\n'
            "backfill = true\nsuspended = true\n"
            f'since = 2026-01-01\nkids = ["{"0a" * 8}", "{"0b" * 8}"]\n',
            1,
        )
    )
    assert (table.name, table.root) == ("示例市数据局", HUB_ROOT)
    assert table.departments[0] == DepartmentGrant(
        organization=CODE,
        root=ROOT,
        types=("a", "b-2"),
        predecessors=("11990100000000051T",),
        backfill=True,
        suspended=True,
        since=date(2026, 1, 1),
        kids=("0a" * 8, "0b" * 8),
    )
    assert not table.departments[1].suspended
    (authority,) = table.authorities
    assert authority.certificates == ("tsa.der", "tsa-ca.pem")
    assert authority.signs_until == date(2030, 12, 31)
    assert authority.compromised_from == datetime(2028, 5, 1, tzinfo=UTC)
    assert table.withdrawn == (
        Withdrawal(bytes([0x0F] * 8), datetime(2026, 11, 1, tzinfo=UTC)),
        Withdrawal(bytes([0x1E] * 32), datetime(2026, 11, 2, tzinfo=UTC)),
    )


def test_a_new_table_grants_nothing_and_is_read():
    table = grants.read(grants.new('名"称\\', HUB_ROOT))
    assert table.name == '名"称\\'
    assert table.departments == table.authorities == table.withdrawn == ()


@pytest.mark.parametrize("name", ["", " a", "a\nb", "a" * 101, "\x7f"])
def test_a_hub_without_a_name_that_people_can_read(name):
    with pytest.raises(GrantsError, match="name"):
        grants.new(name, HUB_ROOT)


WRONG = {
    "not TOML": ("[hub", "not valid TOML"),
    "digits without end": ("n = " + "1" * 5000, "not valid TOML"),
    "another format": (WHOLE.replace("hub/1", "hub/2"), "format"),
    "no hub": (HEAD.split("[hub]", maxsplit=1)[0], "[hub] is missing"),
    "a hub without a root": (HEAD.replace("root", "boot"), "[hub] root"),
    "an unknown table": (
        WHOLE + "[more]\nx = 1\n",
        "more unknown key; there is: hub, department",
    ),
    "an unknown item": (
        HEAD + DEPARTMENT + "colour = 1\n",
        "[[department]] 1 colour unknown key; there is: organization, root",
    ),
    "a department that is no array of tables": (
        HEAD + DEPARTMENT.replace("[[department]]", "[department]"),
        "[[department]]",
    ),
    "no types": (
        HEAD + DEPARTMENT.replace('["food-business"]', "[]"),
        "[[department]] 1 types grants nothing",
    ),
    "types as a text": (
        HEAD + DEPARTMENT.replace('["food-business"]', '"food-business"'),
        "[[department]] 1 types",
    ),
    "a type twice": (
        HEAD + DEPARTMENT.replace('["food-business"]', '["a", "a"]'),
        "[[department]] 1 types",
    ),
    "a type with a capital letter": (
        HEAD + DEPARTMENT.replace("food-business", "Food"),
        "[[department]] 1 types",
    ),
    "a code with a wrong check character": (
        HEAD + SECOND + DEPARTMENT.replace(CODE, CODE[:-1] + "B"),
        "[[department]] 2 organization",
    ),
    "a fingerprint in capital letters": (
        HEAD + DEPARTMENT.replace(ROOT, "sha256:" + "A" * 64),
        "[[department]] 1 root",
    ),
    "suspended as a text": (
        HEAD + DEPARTMENT + 'suspended = "yes"\n',
        "[[department]] 1 suspended",
    ),
    "one organization twice": (
        HEAD + DEPARTMENT + SECOND.replace(SECOND_CODE, CODE),
        f"[[department]] 2 {CODE} stands in [[department]] 1",
    ),
    "one root twice": (
        HEAD + DEPARTMENT + SECOND.replace(OTHER, ROOT),
        f"[[department]] 2 {ROOT} stands in [[department]] 1",
    ),
    "the hub's own root": (
        HEAD + DEPARTMENT.replace(ROOT, HUB_ROOT),
        f"{HUB_ROOT} stands in [hub]",
    ),
    "a predecessor that speaks for itself": (
        HEAD + DEPARTMENT + SECOND + f'predecessors = ["{CODE}"]\n',
        f"[[department]] 2 {CODE} stands in [[department]] 1",
    ),
    "a first day as a text": (
        HEAD + DEPARTMENT + 'since = "2026-01-01"\n',
        "[[department]] 1 since",
    ),
    "a first day that is an instant": (
        HEAD + DEPARTMENT + "since = 2026-01-01T00:00:00Z\n",
        "[[department]] 1 since",
    ),
    "a kid in capital letters": (
        HEAD + DEPARTMENT + f'kids = ["{"0A" * 8}"]\n',
        "[[department]] 1 kids",
    ),
    "one kid as a text": (
        HEAD + DEPARTMENT + f'kids = "{"0a" * 8}"\n',
        "[[department]] 1 kids",
    ),
    "one key of two departments": (
        HEAD + "".join(d + f'kids = ["{"0a" * 8}"]\n' for d in (DEPARTMENT, SECOND)),
        f"[[department]] 2 {'0a' * 8} stands in [[department]] 1",
    ),
    "an authority with a file elsewhere": (
        WHOLE.replace("tsa-root.der", "../tsa-root.der"),
        "[[timestamp_authority]] 1 root",
    ),
    "an authority without a certificate": (
        WHOLE.replace('["tsa.der", "tsa-ca.pem"]', "[]"),
        "[[timestamp_authority]] 1 certificates",
    ),
    "an authority that ends before it begins": (
        WHOLE.replace("2030-12-31", "2025-12-31"),
        "[[timestamp_authority]] 1 signs_until",
    ),
    "a day as a text": (
        WHOLE.replace("2026-01-01", '"2026-01-01"'),
        "[[timestamp_authority]] 1 signs_from",
    ),
    "an instant without its offset": (
        WHOLE.replace("00:00:00Z", "00:00:00"),
        "[[withdrawn]] 1 compromised_from",
    ),
    "an instant after all calendars": (
        WHOLE.replace("2026-11-01T00:00:00Z", "9999-12-31T23:59:59-12:00"),
        "[[withdrawn]] 1 compromised_from",
    ),
    "an authority of two names": (
        WHOLE + AUTHORITY.replace("示例时间戳", "另一个"),
        "[[timestamp_authority]] 2",
    ),
    "a withdrawal of nothing": (
        HEAD + "[[withdrawn]]\ncompromised_from = 2026-11-01T00:00:00Z\n",
        "[[withdrawn]] 1 expected kid or certificate",
    ),
    "a withdrawal of two things": (
        WHOLE.replace("kid =", f'certificate = "{"0a" * 32}"\nkid ='),
        "[[withdrawn]] 1 expected kid or certificate",
    ),
    "one withdrawal twice": (
        WHOLE + WITHDRAWN.replace("1e", "2e"),
        "[[withdrawn]] 3 occurs twice",
    ),
    "larger than any province": ("#" * (grants.MAX_BYTES + 1), "more than"),
}


@pytest.mark.parametrize(("text", "place"), WRONG.values(), ids=WRONG)
def test_a_wrong_table_is_refused_with_the_place(text, place):
    with pytest.raises(GrantsError) as caught:
        read(text)
    assert place in caught.value.message.en
    assert "hub.toml" in caught.value.message.zh


def test_a_department_is_added_below_what_people_wrote():
    before = (HEAD + "# 按 2026 年第 3 号文\n" + DEPARTMENT).encode()
    grant = DepartmentGrant(
        organization=SECOND_CODE, root=OTHER, types=("a", "b"), backfill=True
    )
    after = grants.with_department(before, grant, "示例市应急管理局")
    assert after.startswith(before)
    assert grants.read(after).departments[1] == grant
    assert "示例市应急管理局" in after.decode()


def test_a_department_with_predecessors_is_added_to_a_table_without_a_last_newline():
    grant = DepartmentGrant(
        organization=SECOND_CODE,
        root=OTHER,
        types=("a",),
        predecessors=(THIRD_CODE,),
        suspended=True,
        since=date(2019, 2, 28),
        kids=("0a" * 8, "0b" * 8),
    )
    after = grants.with_department((HEAD + DEPARTMENT).rstrip().encode(), grant)
    assert grants.read(after).departments[1] == grant


def test_a_department_is_not_added_twice_nor_with_a_type_that_breaks_out():
    before = (HEAD + DEPARTMENT).encode()
    grant = DepartmentGrant(organization=CODE, root=ROOT, types=("a",))
    with pytest.raises(GrantsError, match="already"):
        grants.with_department(before, grant)
    for types in ((), ('a"]\nsuspended = true #',), ("a\nb",)):
        bad = DepartmentGrant(organization=SECOND_CODE, root=OTHER, types=types)
        with pytest.raises(GrantsError):
            grants.with_department(before, bad)


def test_a_name_that_breaks_out_of_its_comment_is_left_out():
    grant = DepartmentGrant(organization=SECOND_CODE, root=OTHER, types=("a",))
    made = grants.with_department(HEAD.encode(), grant, "x\n[[withdrawn]]")
    assert b"withdrawn" not in made


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_give_a_table_or_this_error(data):
    for each in (data, HEAD.encode() + data, (HEAD + DEPARTMENT).encode() + data):
        try:
            table = grants.read(each)
        except GrantsError:
            continue
        assert table.root == HUB_ROOT
