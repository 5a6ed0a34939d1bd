"""The quick reader of records says nothing that the simple reader does not say."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import quick_record, record
from elicense.model import Checkpoint
from esign import cbor
from esign.errors import MalformedError
from tests.elicense.pages import TYPES, sample_license
from tests.elicense.test_record import BACKFILLED, OPEN_ENDED, PERSON, licenses

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
SALT = bytes(range(16))


def agrees(data: bytes) -> bool:
    """Tell whether the quick reader knew the record; fail where it says otherwise."""
    quick = quick_record.read(data)
    if quick is None:
        return False
    try:
        expected = record.decode_simply(data)
    except MalformedError as err:
        raise AssertionError("the quick reader accepted what is refused") from err
    assert quick == expected
    assert type(quick[0].draft.fields) is type(expected[0].draft.fields)
    return True


@pytest.mark.parametrize("name", TYPES)
def test_samples_are_read_quickly(name):
    assert agrees(record.encode(sample_license(name), SALT))


def test_what_is_another_layout_is_left_to_the_simple_reader():
    assert agrees(record.encode(PERSON, SALT))
    assert agrees(record.encode(OPEN_ENDED, SALT))
    assert agrees(record.encode(EXTERNAL, SALT))
    backfilled = record.encode(BACKFILLED, SALT)
    assert not agrees(backfilled)
    assert record.decode(backfilled) == (BACKFILLED, SALT)


@settings(max_examples=300)
@given(licenses(), st.binary(min_size=16, max_size=16))
def test_every_record_is_read_as_the_simple_reader_reads_it(license_, salt):
    data = record.encode(license_, salt)
    known = agrees(data)
    assert record.decode(data) == (license_, salt)
    draft = license_.draft
    rows = any(
        not isinstance(item, str)
        for value in draft.fields.values()
        for item in ((value,) if isinstance(value, str) else value)
    )
    if license_.previous is None and draft.type_version < 24:
        assert known is (draft.scan is None and not rows)


EXTERNAL = replace(PERSON, draft=replace(PERSON.draft, external_qr="HTTPS://A.B/C"))
RECORDS = [
    record.encode(license_, SALT)
    for license_ in (
        *(PERSON, OPEN_ENDED, EXTERNAL),
        *(sample_license(name) for name in TYPES),
    )
]


@settings(max_examples=400)
@given(st.sampled_from(RECORDS), st.data())
def test_an_edited_record_is_never_read_otherwise(data, draw):
    at = draw.draw(st.integers(0, len(data) - 1))
    cut = draw.draw(st.integers(0, 3))
    put = draw.draw(st.binary(max_size=3))
    agrees(data[:at] + put + data[at + cut :])


@pytest.mark.parametrize("number", range(len(RECORDS)))
def test_no_byte_of_a_record_may_be_another_one(number):
    data = RECORDS[number]
    rng = random.Random(number)
    for at in range(len(data)):
        for value in {data[at] ^ 1, data[at] ^ 0x20, rng.randrange(256)} - {data[at]}:
            agrees(data[:at] + bytes([value]) + data[at + 1 :])


@given(st.binary(max_size=300))
def test_any_bytes_give_a_value_or_none(data):
    agrees(data)


def changed(**entries):
    """The record of a person with other entries, as deterministic CBOR."""
    return cbor.encode({**cbor.decode(RECORDS[0]), **entries})


OTHERWISE = {
    "a blank number": changed(number="　"),
    "another copy": changed(copy="三本"),
    "another origin": changed(origin="新"),
    "no holder": changed(holders=[]),
    "a holder without a name": changed(
        holders=[{"code": "1", "name": "", "code_type": "111"}]
    ),
    "a holder of another kind": changed(
        holders=[{"code": "1", "name": "甲", "code_type": "998"}]
    ),
    "a holder with an entry more": changed(
        holders=[{"code": "1", "name": "甲", "code_type": "111", "zz": "1"}]
    ),
    "a day of no calendar": changed(issue_date="2026-02-30"),
    "a day in other digits": changed(valid_from="２026-11-21"),
    "an end before the beginning": changed(valid_until="2026-11-20"),
    "an identifier that is none": changed(identifier="1.2.156.3005.2.x"),
    "an identifier with a wrong check character": changed(
        identifier=PERSON.identifier[:-1] + "*"
    ),
    "an empty array of texts": changed(fields={"items": []}),
    "an array of numbers": changed(fields={"items": [1]}),
    "a number as a field": changed(fields={"items": 1}),
    "a key that is no text": changed(fields={1: "a"}),
    "a checkpoint without a day": changed(checkpoints=[{"kind": "复审"}]),
    "a specimen that is none": changed(specimen=None),
    "a version below zero": changed(type_version=-1),
    "a key more": changed(zz=1),
    "an external code of our own": changed(external_qr="EL1-AQYZ/.:$0"),
    "an external code that is empty": changed(external_qr=""),
    "an empty row": changed(fields={"units": [{}]}),
    "a photo of another kind": changed(
        photo={"media_type": "image/png", "sha256": bytes(32)}
    ),
    "a short digest": changed(photo={"media_type": "image/jpeg", "sha256": bytes(31)}),
    "a short salt": changed(salt=bytes(15)),
    "another format": changed(format="elicense.record/2"),
    "something behind it": RECORDS[0] + b"\x00",
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_the_simple_reader_refuses_is_refused(name):
    assert quick_record.read(OTHERWISE[name]) is None
    with pytest.raises(MalformedError):
        record.decode(OTHERWISE[name])


UNUSUAL = {
    "a large version of the type": changed(type_version=24),
    "many fields": changed(fields={f"f{n}": "a" for n in range(30)}),
    "many texts of one field": changed(fields={"items": ["甲"] * 40}),
    "rows": changed(fields={"units": [{"unit": "甲"}]}),
    "a very long text": changed(fields={"scope": "营" * 30_000}),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_it_does_not_know_the_simple_reader_reads(name):
    assert quick_record.read(UNUSUAL[name]) is None
    found, _ = record.decode(UNUSUAL[name])
    assert found.draft.checkpoints == (Checkpoint("复审", date(2029, 11, 20)),)


def test_a_long_text_is_read_quickly():
    assert agrees(changed(fields={"scope": "营" * 3_000, "b": "a" * 255}))
