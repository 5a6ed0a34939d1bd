"""The cases that the module of each type has, held against all of its versions."""

import pytest

from tests.elicense.builtin_types import bench as at
from tests.elicense.builtin_types.benches import BENCHES, CASES


def each(table, *key):
    """Give a test the bench and the entry of every case of every type.

    Named between them is the argument that takes the entry's key, for a test that
    wants it.
    """
    return pytest.mark.parametrize(
        ("held", *key, "entry"),
        [
            pytest.param(held, *[case for _ in key], entry, id=f"{name}-{case}")
            for name, held in BENCHES.items()
            for case, entry in getattr(CASES[held.kind.name], table).items()
        ],
    )


def test_every_type_has_its_cases():
    assert set(CASES) == {held.kind.name for held in BENCHES.values()}
    for module in CASES.values():
        assert module.ACCEPTED
        assert module.REFUSED
        assert module.TOLD
        assert module.MISSING
        assert module.LENGTHS


@each("ACCEPTED")
def test_accepted_without_a_word(held, entry):
    held.accepts(entry)


@each("REFUSED")
def test_refused(held, entry):
    changes, *expected = entry
    held.refuses(changes, *expected)


@each("TOLD")
def test_told(held, entry):
    changes, *expected = entry
    held.tells(changes, *expected)


@each("MISSING", "field")
def test_a_field_that_every_license_of_the_type_has(held, field, entry):
    for none in (..., None):
        held.refuses({field: none}, (field, *at.missing(*entry)))


@each("LENGTHS", "place")
def test_lengths(held, place, entry):
    length, form = entry if isinstance(entry, tuple) else (entry, "{}")
    held.keeps_to_length(place, length, form)


@each("COUNTS", "field")
def test_counts(held, field, entry):
    held.keeps_to_count(field, entry)
