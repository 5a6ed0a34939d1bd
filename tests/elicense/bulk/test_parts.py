"""The pieces that are fast say what the simple ones say."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elicense.bulk.base45 import decode_many
from elicense.bulk.columns import ColumnReader
from elicense.bulk.standard import all_standard
from elicense.bulk.statuses import Listed, Statuses
from elicense.identifiers import Identifier, is_standard
from elicense.policy import STANDARD
from elicense.validating.token import no_status
from esign import statuslist
from esign.encoding import base45_decode, base45_encode
from esign.errors import MalformedError
from esign.statuslist import BITS, Status, StatusList
from tests.elicense.bulk.city import AT, City, code_of


def alone(text):
    try:
        return base45_decode(text)
    except MalformedError:
        return None


SPELLED = st.binary(max_size=40).map(base45_encode)
TEXTS = st.text("0AZ9 $%*+-./:aé证\0\ud800", max_size=9)


@given(st.lists(SPELLED | TEXTS, max_size=12))
@example([])
@example(["", "A", "::", ":::", "FGW", "000", "ZZZ"])
@settings(max_examples=300, deadline=None)
def test_base45_of_many_is_base45_of_each(texts):
    assert decode_many(texts) == list(map(alone, texts))


TYPES = ("11990000000000019A002", "11990000000000019A003")


def identifier(kind, issuer, serial, version):
    made = Identifier.build(TYPES[kind], code_of(issuer), serial, version)
    return made.text.split(".", 5)[5].encode()


GOOD = st.builds(
    identifier,
    st.integers(0, 1),
    st.integers(1, 3),
    st.text("0123456789AZ", min_size=1, max_size=14),
    st.sampled_from([1, 2, 99, 999]),
)


@given(st.lists(GOOD, min_size=1, max_size=60), st.data())
@settings(max_examples=150, deadline=None)
def test_identifiers_are_standard_together_where_each_is(column, data):
    products = {}
    assert all_standard(column, products)
    place = data.draw(st.integers(0, len(column) - 1))
    text = column[place]
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(b"0A9.z\xff"))
    edited = text[:at] + bytes([other]) + text[at + data.draw(st.integers(0, 1)) :]
    column[place] = edited
    try:
        expected = is_standard(edited.decode("ascii"))
    except UnicodeDecodeError:
        expected = False
    assert all_standard(column, products) is expected


def test_a_leading_part_is_learned_from_a_standard_identifier_alone():
    column = [identifier(0, 1, f"2026{n:07d}", 1) for n in range(40)]
    other = identifier(0, 2, "20260000007", 1)
    wrong = other[:-1] + bytes([other[-1] ^ 1])
    assert not is_standard(wrong.decode())
    moved = other[:20] + b"." + other[20:21] + other[22:]  # a dot at another place
    for spoilt in (wrong, moved):
        products = {}
        column[7] = spoilt
        assert not all_standard(column, products)
        assert spoilt[: len("11990000000000019A002.") + 19] not in products
    column[7] = other
    assert all_standard(column, {})


def test_an_identifier_of_version_zero_is_not_standard():
    column = [identifier(0, 1, f"2026{n:07d}", 1) for n in range(40)]
    assert all_standard(column, {})
    zero = column[7].replace(b".001.", b".000.")
    for check in b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        column[7] = zero[:-1] + bytes([check])
        assert not all_standard(column, {})


def listed(statuses, size=1 << 10):
    return StatusList(
        issuer=code_of(1),
        number=0,
        sequence=1,
        issued_at=int(AT.timestamp()),
        expires_at=int(AT.timestamp()) + 9,
        array=statuslist.array(statuses, size, BITS),
    )


@pytest.mark.parametrize("step", [1, 3, 200], ids=["dense", "half", "sparse"])
def test_a_kept_list_says_what_the_list_says(step):
    statuses = {n: Status(n % 4) for n in range(0, 1 << 10, step)}
    item = listed(statuses)
    kept = Listed(item)
    for index in range(1 << 10):
        assert kept.value(index) == item.status(index)
        assert kept.check(kept.value(index)).code == _code(item.status(index))
    outside = kept.value(1 << 10)
    assert outside < -1
    check = kept.check(outside)
    assert check == no_status("status list: index 1024 is outside the list")


def _code(status):
    found = Listed(listed({0: status})).check(int(status)).code
    assert (found is None) == (status is Status.VALID)
    return found


def test_a_list_that_cannot_be_inflated_is_no_yes():
    item = StatusList("x", 0, 1, 0, 9, statuslist._Compressed(b"no zlib"))
    kept = Listed(item)
    with pytest.raises(MalformedError) as caught:
        item.status(5)
    assert kept.check(kept.value(5)) == no_status(str(caught.value))


def test_what_is_kept_has_bounds(monkeypatch):
    city = City.of(1)
    trust = city.trust()
    monkeypatch.setattr("elicense.bulk.statuses._LISTS", 2)
    lists = Statuses(trust, AT, STANDARD)
    serials = [lists.of(city.bureaus[0].code, n).serial for n in (0, 1, 2, 0)]
    assert len(set(serials)) == 4
    monkeypatch.setattr("elicense.bulk.columns.MEMO", 0)
    reader = ColumnReader()
    reader._days[b"x"] = 1
    reader._forget()
    assert not reader._days
