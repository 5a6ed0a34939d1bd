import hashlib
import json
from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import record
from elicense.catalog import COPIES, ORIGINS
from elicense.catalog.external_code import external_code_fault
from elicense.catalog.kinds import CODE_TYPES
from elicense.identifiers import Identifier
from elicense.masking import contains_citizen_id
from elicense.model import (
    Checkpoint,
    Draft,
    Holder,
    License,
    Organization,
    Photo,
    Scan,
    Validity,
)
from esign import cbor
from esign.errors import MalformedError

SALT = bytes(range(16))
CITIZEN_ID = "990100199003070019"
IDENTIFIER = Identifier.build(
    "11990000000000019A003", "11990100000000027A", "20260000001"
)
PERSON = License(
    identifier=IDENTIFIER.text,
    issuer=Organization("11990100000000027A", "示例省应急管理厅"),
    specimen=True,
    draft=Draft(
        type_name="special-operation",
        type_version=1,
        title="特种作业操作证",
        number=f"T{CITIZEN_ID}",
        holders=(Holder("买买提·示例", CITIZEN_ID, "111"),),
        issue_date=date(2026, 11, 21),
        validity=Validity(date(2026, 11, 21), date(2032, 11, 20)),
        checkpoints=(Checkpoint("复审", date(2029, 11, 20)),),
        case_number="990100202611210001",
        fields={"sex": "男", "items": ("甲", "乙")},
        photo=Photo("image/jpeg", bytes(32)),
    ),
)
OPEN_ENDED = replace(
    PERSON,
    draft=replace(
        PERSON.draft,
        number="92990100MA0000B234",
        holders=(
            Holder("示例市面馆", "92990100MA0000B234", "001", "建设单位"),
            Holder("示例市茶馆", "91990100MA0000A193", "001"),
        ),
        validity=Validity(date(2026, 11, 21), None),
        checkpoints=(),
        case_number=None,
        fields={},
        photo=None,
    ),
)
PREVIOUS = Identifier.build(
    "11990000000000019A003", "11990100000000027A", "20250000001"
).text
SCAN = Scan("application/pdf", bytes(range(32)), 1_482_910)
BACKFILLED = replace(
    OPEN_ENDED,
    draft=replace(OPEN_ENDED.draft, origin="存量补录", scan=SCAN),
    previous=PREVIOUS,
)
TEXT = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(str.strip)
DIGESTS = st.binary(min_size=32, max_size=32)
SCANS = st.none() | st.builds(
    Scan,
    st.sampled_from(record.SCAN_MEDIA_TYPES),
    DIGESTS,
    st.integers(1, record.MAX_SCAN_BYTES),
)
HOLDERS = st.builds(Holder, TEXT, TEXT, st.sampled_from(CODE_TYPES), st.just("") | TEXT)

ROWS = st.lists(st.dictionaries(TEXT, TEXT, min_size=1, max_size=3), min_size=1)
FIELD_VALUES = (
    TEXT
    | st.lists(TEXT, min_size=1, max_size=3).map(tuple)
    | ROWS.map(lambda rows: tuple(map(MappingProxyType, rows)))
)
EXTERNAL = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1)
EXTERNAL = EXTERNAL.filter(lambda text: external_code_fault(text) is None)


@st.composite
def licenses(draw):
    first = draw(st.dates())
    origin = draw(st.sampled_from(ORIGINS))
    return License(
        identifier=IDENTIFIER.text,
        issuer=Organization(draw(TEXT), draw(TEXT)),
        specimen=draw(st.booleans()),
        draft=Draft(
            type_name=draw(TEXT),
            type_version=draw(st.integers(0, 99)),
            title=draw(TEXT),
            number=draw(TEXT),
            holders=tuple(draw(st.lists(HOLDERS, min_size=1, max_size=3))),
            issue_date=draw(st.dates()),
            validity=Validity(first, draw(st.none() | st.dates(min_value=first))),
            checkpoints=tuple(
                draw(st.lists(st.builds(Checkpoint, TEXT, st.dates()), max_size=2))
            ),
            origin=origin,
            copy=draw(st.sampled_from(COPIES)),
            case_number=draw(st.none() | TEXT),
            fields=draw(st.dictionaries(TEXT, FIELD_VALUES, max_size=3)),
            photo=draw(st.none() | st.builds(Photo, st.just("image/jpeg"), DIGESTS)),
            scan=draw(SCANS) if origin == "存量补录" else None,
            external_qr=draw(st.none() | EXTERNAL),
        ),
        previous=draw(st.sampled_from([None, PREVIOUS])),
    )


@settings(max_examples=60)
@given(licenses(), st.binary(min_size=16, max_size=16))
def test_round_trip(granted, salt):
    data = record.encode(granted, salt)
    assert record.decode(data) == (granted, salt)
    assert record.encode(*record.decode(data)) == data


def test_the_keys_of_the_format_page():
    entries = cbor.decode(record.encode(PERSON, SALT))
    assert set(entries) == {
        *("format", "identifier", "number", "type", "type_version", "title"),
        *("holders", "issuer", "issue_date", "valid_from", "valid_until"),
        *("checkpoints", "origin", "copy", "case", "fields", "photo", "specimen"),
        "salt",
    }
    assert entries["format"] == "elicense.record/1"
    assert entries["holders"] == [
        {"name": "买买提·示例", "code": CITIZEN_ID, "code_type": "111"}
    ]
    assert entries["checkpoints"] == [{"kind": "复审", "due": "2029-11-20"}]


def test_an_open_end_is_null_and_a_missing_case_is_absent():
    entries = cbor.decode(record.encode(OPEN_ENDED, SALT))
    assert entries["valid_until"] is None
    assert "case" not in entries
    assert "photo" not in entries
    assert entries["holders"][0]["role"] == "建设单位"


def test_the_entries_of_an_imported_license_that_follows_another():
    entries = cbor.decode(record.encode(BACKFILLED, SALT))
    assert entries["previous"] == PREVIOUS
    assert entries["scan"] == {
        "media_type": "application/pdf",
        "sha256": bytes(range(32)),
        "size": 1_482_910,
    }
    assert record.decode(record.encode(BACKFILLED, SALT)) == (BACKFILLED, SALT)


def test_a_first_version_without_a_scan_has_neither_entry():
    assert {"previous", "scan"}.isdisjoint(cbor.decode(record.encode(PERSON, SALT)))


def test_han_text_is_not_normalized():
    name = "\uf900示例"  # a compatibility character that NFC would replace
    draft = replace(PERSON.draft, holders=(Holder(name, CITIZEN_ID, "111"),))
    granted, _ = record.decode(record.encode(replace(PERSON, draft=draft), SALT))
    assert granted.draft.holders[0].name == name


def without(key):
    return lambda entries: entries.pop(key)


def setting(key, value):
    return lambda entries: entries.update({key: value})


BAD_RECORDS = {
    "another format": setting("format", "elicense.record/2"),
    "an unknown key": setting("trust", 1),
    "no salt": without("salt"),
    "a salt of 15 bytes": setting("salt", bytes(15)),
    "no valid_until": without("valid_until"),
    "no holders": setting("holders", []),
    "a holder that is a text": setting("holders", ["张示例"]),
    "a holder without a code": setting(
        "holders", [{"name": "张示例", "code_type": "111"}]
    ),
    "a holder with an unknown key": setting(
        "holders", [{"name": "张示例", "code": "1", "code_type": "111", "age": 1}]
    ),
    "a holder of an unknown code type": setting(
        "holders", [{"name": "张示例", "code": "1", "code_type": "112"}]
    ),
    "an empty role": setting(
        "holders", [{"name": "张示例", "code": "1", "code_type": "111", "role": ""}]
    ),
    "a blank number": setting("number", " "),
    "an empty case number": setting("case", ""),
    "a case that is null": setting("case", None),
    "an identifier without root": setting("identifier", IDENTIFIER.without_root),
    "an identifier with a wrong check character": setting(
        "identifier", IDENTIFIER.text[:-1] + "!"
    ),
    "a day in another spelling": setting("issue_date", "2026-1-5"),
    "a day that does not exist": setting("valid_from", "2026-02-30"),
    "an end before the beginning": setting("valid_until", "2020-01-01"),
    "an end in words": setting("valid_until", "长期"),
    "an unknown origin": setting("origin", "其他"),
    "an unknown copy": setting("copy", "复印件"),
    "fields that are a list": setting("fields", []),
    "a field that is a number": setting("fields", {"sex": 1}),
    "a field that is null": setting("fields", {"sex": None}),
    "a field that is an empty list": setting("fields", {"items": []}),
    "a field that is a list of numbers": setting("fields", {"items": [1]}),
    "a field whose key is a number": setting("fields", {1: "a"}),
    "a field that is a map": setting("fields", {"rows": {"a": "b"}}),
    "a row without a column": setting("fields", {"rows": [{"a": "b"}, {}]}),
    "a row of numbers": setting("fields", {"rows": [{"a": 1}]}),
    "a row of arrays": setting("fields", {"rows": [{"a": ["b"]}]}),
    "a row of maps": setting("fields", {"rows": [{"a": {"b": "c"}}]}),
    "a row whose key is a number": setting("fields", {"rows": [{1: "b"}]}),
    "texts and rows in one array": setting("fields", {"rows": ["a", {"b": "c"}]}),
    "an external code that is null": setting("external_qr", None),
    "an external code that is blank": setting("external_qr", " "),
    "an external code in Chinese": setting("external_qr", "官方查询码"),
    "an external code with a line break": setting("external_qr", "A\nB"),
    "an external code of 1001 characters": setting("external_qr", "A" * 1001),
    "an external code of our own format": setting("external_qr", "EL1-AQYZ/.:$0"),
    "a photo of another type": setting(
        "photo", {"media_type": "image/png", "sha256": bytes(32)}
    ),
    "a photo digest of 31 bytes": setting(
        "photo", {"media_type": "image/jpeg", "sha256": bytes(31)}
    ),
    "a checkpoint without a day": setting("checkpoints", [{"kind": "复审"}]),
    "a type version below zero": setting("type_version", -1),
    "a specimen mark that is a number": setting("specimen", 1),
}


def scan_with(**changes):
    entry = {"media_type": SCAN.media_type, "sha256": SCAN.sha256, "size": SCAN.size}
    return setting("scan", entry | changes)


BAD_VERSIONS = {
    "a previous version that is itself": setting("previous", IDENTIFIER.text),
    "a previous version without root": setting("previous", IDENTIFIER.without_root),
    "a previous version that is null": setting("previous", None),
    "a previous version that is a number": setting("previous", 7),
    "a scan with another origin": setting("origin", "新发"),
    "a scan that is null": setting("scan", None),
    "a scan that is a digest": setting("scan", bytes(32)),
    "a scan of another type": scan_with(media_type="image/tiff"),
    "a scan digest of 31 bytes": scan_with(sha256=bytes(31)),
    "a scan without bytes": scan_with(size=0),
    "a scan above the limit": scan_with(size=record.MAX_SCAN_BYTES + 1),
    "a scan with a name": scan_with(name="scan.pdf"),
    "a scan without a size": setting(
        "scan", {"media_type": SCAN.media_type, "sha256": SCAN.sha256}
    ),
}


@pytest.mark.parametrize("change", BAD_VERSIONS.values(), ids=BAD_VERSIONS)
def test_bad_record_of_an_imported_license_that_follows_another(change):
    entries = dict(cbor.decode(record.encode(BACKFILLED, SALT)))
    change(entries)
    with pytest.raises(MalformedError):
        record.decode(cbor.encode(entries))


@pytest.mark.parametrize("change", BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_bad_record(change):
    entries = dict(cbor.decode(record.encode(PERSON, SALT)))
    change(entries)
    with pytest.raises(MalformedError) as caught:
        record.decode(cbor.encode(entries))
    assert not contains_citizen_id(str(caught.value))
    assert "张" not in str(caught.value)


BAD_BYTES = {
    "nothing": lambda _: b"",
    "a byte after the end": lambda data: data + b"\0",
    "a byte less": lambda data: data[:-1],
    "a list": lambda _: b"\x80",
    "too large": lambda data: data + bytes(record.MAX_SIZE),
    "nested too deeply": lambda _: b"\x81" * 1000,
}


@pytest.mark.parametrize("change", BAD_BYTES.values(), ids=BAD_BYTES)
def test_bad_bytes(change):
    with pytest.raises(MalformedError):
        record.decode(change(record.encode(PERSON, SALT)))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_malformed_error(data):
    with pytest.raises(MalformedError):  # no record has less than 200 bytes
        record.decode(data)


@given(st.data())
def test_an_edited_byte_is_another_record_or_none(data):
    raw = bytearray(record.encode(PERSON, SALT))
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] ^= data.draw(st.integers(1, 255))
    try:
        granted, salt = record.decode(bytes(raw))
    except MalformedError:
        return
    assert (granted, salt) != (PERSON, SALT)
    assert record.encode(granted, salt) == bytes(raw)


def test_the_largest_record():
    def titled(length):
        return replace(PERSON, draft=replace(PERSON.draft, title="x" * length))

    # The head of a text of this size has 5 bytes, that of one character has 1.
    room = record.MAX_SIZE - len(record.encode(titled(1), SALT)) + 1 - 4
    data = record.encode(titled(room), SALT)
    assert len(data) == record.MAX_SIZE
    assert record.decode(data) == (titled(room), SALT)
    with pytest.raises(record.RecordTooLargeError):
        record.encode(titled(room + 1), SALT)


BAD_LICENSES = {
    "no holder": replace(PERSON, draft=replace(PERSON.draft, holders=())),
    "a blank number": replace(PERSON, draft=replace(PERSON.draft, number="")),
    "no identifier": replace(PERSON, identifier=""),
    "a previous version that is itself": replace(PERSON, previous=IDENTIFIER.text),
    "a scan with the origin 新发": replace(
        PERSON, draft=replace(PERSON.draft, scan=SCAN)
    ),
    "a lone surrogate": replace(PERSON, draft=replace(PERSON.draft, title="\ud800")),
}


@pytest.mark.parametrize("granted", BAD_LICENSES.values(), ids=BAD_LICENSES)
def test_a_license_that_could_not_be_read_again_is_not_written(granted):
    with pytest.raises(ValueError):  # noqa: PT011  several texts
        record.encode(granted, SALT)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_salt_of_another_size_is_misuse(size):
    with pytest.raises(ValueError, match="16 bytes"):
        record.encode(PERSON, bytes(size))


def test_digest_is_sha_256():
    assert record.digest(b"abc") == hashlib.sha256(b"abc").digest()


def test_the_view_is_json_without_the_salt():
    view = record.view(PERSON)
    assert json.loads(json.dumps(view)) == view
    assert "salt" not in view
    assert view["number"] == f"T{CITIZEN_ID}"
    assert view["photo"] == {"media_type": "image/jpeg", "sha256": "00" * 32}
    assert view["fields"] == {"sex": "男", "items": ["甲", "乙"]}


def test_the_view_shows_the_previous_version_and_the_scan():
    view = record.view(BACKFILLED)
    assert json.loads(json.dumps(view)) == view
    assert view["previous"] == PREVIOUS
    assert view["scan"] == {
        "media_type": "application/pdf",
        "sha256": bytes(range(32)).hex(),
        "size": 1_482_910,
    }
    masked = record.view(BACKFILLED, masked=True)
    assert masked["previous"] == PREVIOUS
    assert "scan" not in masked


def test_rows_and_an_external_code_are_in_the_record_and_its_view():
    rows = (
        MappingProxyType({"unit": "示例勘察院", "lead": "李示例"}),
        MappingProxyType({"unit": "示例设计院"}),
    )
    draft = replace(PERSON.draft, fields={"units": rows}, external_qr="HTTPS://A.B/C")
    license_ = replace(PERSON, draft=draft)
    entries = cbor.decode(record.encode(license_, SALT), max_depth=4)
    assert entries["fields"] == {"units": [dict(row) for row in rows]}
    assert entries["external_qr"] == "HTTPS://A.B/C"
    assert record.decode(record.encode(license_, SALT)) == (license_, SALT)
    view = record.view(license_)
    assert json.loads(json.dumps(view)) == view
    assert view["fields"] == {"units": [dict(row) for row in rows]}
    assert view["external_qr"] == "HTTPS://A.B/C"
    assert {"fields", "external_qr"}.isdisjoint(record.view(license_, masked=True))


def test_the_masked_view_names_no_person():
    view = record.view(PERSON, masked=True)
    assert view["holders"] == [{"name": "买*", "code": "****0019", "code_type": "111"}]
    assert view["number"] == "****0019"
    text = json.dumps(view, ensure_ascii=False)
    assert not contains_citizen_id(text)
    assert "提" not in text
    assert {"salt", "fields", "photo"}.isdisjoint(view)


def test_the_masked_view_masks_the_number_of_a_holder_without_a_citizen_id():
    draft = replace(
        PERSON.draft, number="TE12345678", holders=(Holder("示例", "E12345678", "414"),)
    )
    view = record.view(replace(PERSON, draft=draft), masked=True)
    assert "E12345678" not in json.dumps(view)


def test_the_masked_view_keeps_organizations():
    view = record.view(OPEN_ENDED, masked=True)
    assert view["number"] == "92990100MA0000B234"
    assert view["holders"] == record.view(OPEN_ENDED)["holders"]


def test_a_license_that_says_more_than_a_record_holds_is_told_so():
    rows = tuple(f"{n}{'示' * 3000}" for n in range(100))
    large = replace(PERSON, draft=replace(PERSON.draft, fields={"items": rows}))
    with pytest.raises(record.RecordTooLargeError) as caught:
        record.encode(large, bytes(16))
    assert "256 KiB" in caught.value.message.zh
    assert "256 KiB" in caught.value.message.en
