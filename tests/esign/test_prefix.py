"""What reading remembers of files changes what it costs, never what it answers."""

import functools
import hashlib
from datetime import timedelta
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esign.errors import MalformedError
from esign.pades import NoSealError, prefix, read, seal, validate
from esign.pades.read import learn
from tests.esign.pades_world import AT, LATER, page, saved, sealed, world

FIXED = bytes(range(256)) * 40


@functools.cache
def page_with_much_fixed():
    pdf = pikepdf.open(BytesIO(page()))
    pdf.pages[0].Contents = pdf.make_stream(FIXED)
    return saved(pdf)


@functools.cache
def sibling(number):
    """Return one of several files that differ in their seal alone."""
    at = AT + timedelta(seconds=number)
    return seal(page_with_much_fixed(), world().identity, at=at)


def answer(pdf):
    """Return what reading a file gives, or the kind of its refusal.

    What is read is learnt too, as it is once its signature held.
    """
    try:
        found = read(pdf)
    except MalformedError as err:
        return type(err)
    learn(found)
    return found


def fresh(pdf):
    prefix.forget()
    return answer(pdf)


def warmed():
    """Have a beginning remembered, and make sure that it is used."""
    siblings = [sibling(number) for number in range(3)]
    prefix.forget()
    for data in siblings[:2]:
        answer(data)
    known = prefix.known(sibling(2))
    assert FIXED in known.data
    return known


def test_two_files_with_one_beginning_teach_it():
    for number in range(3):
        sibling(number)  # sealing reads what it wrote
    prefix.forget()
    answer(sibling(0))
    assert prefix.known(sibling(2)) is prefix.NOTHING
    answer(sibling(1))
    known = prefix.known(sibling(2))
    assert sibling(2).startswith(known.data)
    assert known.digest() == hashlib.sha256(known.data).digest()
    assert answer(sibling(2)) == fresh(sibling(2))


def test_the_same_file_again_teaches_all_but_its_seal():
    prefix.forget()
    first, second, third = (answer(sibling(0)) for _ in range(3))
    assert first == second == third
    assert len(prefix.known(sibling(0)).data) < first.gap[0]


def test_a_refused_file_teaches_nothing():
    prefix.forget()
    bad = sibling(0).replace(b"%%EOF\n", b"%%EOF\n\n")
    for _ in range(3):
        assert answer(bad) is MalformedError
    assert prefix.known(bad) is prefix.NOTHING


def test_only_a_signature_that_held_teaches():
    forged = sibling(0).replace(FIXED, bytes(len(FIXED)), 1)
    for pdf, trust in ((sibling(0), {}), (forged, world().trust())):
        prefix.forget()
        for _ in range(3):
            validate(pdf, trust, LATER, second_engine=False)
        assert prefix.known(pdf) is prefix.NOTHING
    for _ in range(2):
        validate(sibling(0), world().trust(), LATER, second_engine=False)
    assert prefix.known(sibling(0)) is not prefix.NOTHING


def test_files_with_too_little_in_common_teach_nothing():
    prefix.forget()
    for _ in range(3):
        answer(sealed())
    assert prefix.known(sealed()) is prefix.NOTHING


def test_a_file_with_another_beginning_unlearns_the_last():
    warmed()
    assert len(page()) < 2048 < len(sibling(0))
    at = sibling(2).index(FIXED) + 4096
    other = sibling(2)[:at] + b"another" + sibling(2)[at + 7 :]
    assert answer(other) == fresh(other)
    warmed()
    answer(other)
    assert prefix.known(sibling(2)) is prefix.NOTHING
    assert answer(sibling(2)) == fresh(sibling(2))


def test_a_file_larger_than_what_is_remembered_is_read_alike():
    pdf = pikepdf.open(BytesIO(page_with_much_fixed()))
    pdf.pages[0].obj["/ZX"] = pdf.make_stream(bytes(prefix._MAX_BYTES))
    large = [
        seal(saved(pdf), world().identity, at=AT + timedelta(seconds=number))
        for number in range(2)
    ]
    prefix.forget()
    cold = [answer(data) for data in large]
    assert [answer(data) for data in large] == cold
    assert len(prefix.known(large[0]).data) < prefix._MAX_BYTES


def test_only_so_many_beginnings_are_kept():
    prefix.forget()
    variants = [
        sealed().replace(b"[ 0 0 200", b"[ 0 0 %d" % number)
        for number in range(300, 400)
    ]
    assert len(set(variants)) == 100
    for data in variants:
        answer(data)
    assert len(prefix._SAMPLES) == prefix._MAX_KEPT


def test_what_was_forgotten_meanwhile_is_not_kept():
    known = warmed()
    prefix.forget()
    prefix.remember(known)
    assert prefix.known(sibling(2)) is prefix.NOTHING


def unsealed():
    return warmed().data + b"trailer\n%%EOF\n"


def moved(number, shift):
    """Return a file whose table puts a remembered object elsewhere."""
    known, data = warmed(), sibling(2)
    at = b"%010d 00000 n \n" % known.starts[number]
    assert data.count(at) == 1
    return data.replace(at, b"%010d 00000 n \n" % (known.starts[number] + shift))


def moved_end():
    known, data = warmed(), sibling(2)
    at = b"%010d 00000 n \n" % len(known.data)
    assert data.count(at) == 1
    return data.replace(at, b"%010d 00000 n \n" % (len(known.data) + 1))


def with_table(count):
    """Return a file with a remembered beginning and a table of so many objects."""
    data, starts = sibling(2), read(sibling(2)).starts
    table = starts[-1]
    lines = b"".join(b"%010d 00000 n \n" % start for start in starts[:count])
    ends = (
        b"xref\n0 %d\n0000000000 65535 f \n%b"
        b"trailer\n<<\n/Root 1 0 R\n/ID [ <%b> <%b> ]\n/Size %d\n>>\nstartxref\n%d\n"
        b"%%%%EOF\n" % (count + 1, lines, b"0" * 32, b"0" * 32, count + 1, table)
    )
    return data[:table] + ends


BAD = {
    "a beginning without a seal": (unsealed, NoSealError),
    "a table that puts the end elsewhere": (moved_end, MalformedError),
}


@pytest.mark.parametrize("name", BAD)
def test_a_known_beginning_does_not_rescue(name):
    make, expected = BAD[name]
    data = make()
    warmed()
    assert prefix.known(data) is not prefix.NOTHING
    assert answer(data) is expected
    assert fresh(data) is expected


def test_a_table_may_put_no_remembered_object_elsewhere():
    for number in range(1, len(warmed().starts)):
        for shift in (-1, 1):
            data = moved(number, shift)
            warmed()
            assert answer(data) is MalformedError, number
            assert fresh(data) is MalformedError, number


def test_a_table_of_any_size_is_answered_alike():
    count = len(read(sibling(2)).starts) - 1
    assert 1 < len(warmed().starts) < count
    for size in range(1, count + 1):
        data = with_table(size)
        warmed()
        assert prefix.known(data) is not prefix.NOTHING
        assert answer(data) == fresh(data), size
        assert size == count or answer(data) is MalformedError, size


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_edited_file_gets_the_same_answer_from_a_fresh_reader(data):
    pdf = bytearray(sibling(2))
    edge = len(warmed().data)
    places = st.integers(0, len(pdf) - 1) | st.integers(edge - 40, len(pdf) - 1)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(places)
        come = data.draw(st.binary(max_size=3))
        pdf[at : at + len(come)] = come
    edited = bytes(pdf)
    assert answer(edited) == fresh(edited)
