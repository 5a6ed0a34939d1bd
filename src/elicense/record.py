"""The record: every field of one license, as it is attached to the PDF.

docs/formats/record.md, version 1. One license and one salt have exactly one record.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from elicense import quick_record
from elicense.catalog.external_code import external_code_fault
from elicense.catalog.kinds import BACKFILL, CODE_TYPES, COPIES, ORIGINS
from elicense.dates import parse_day
from elicense.errors import ElicenseError
from elicense.identifiers import ROOT, Identifier, is_standard
from elicense.masking import mask_holder, mask_number
from elicense.model import (
    Checkpoint,
    Draft,
    FieldValue,
    Holder,
    License,
    Organization,
    Photo,
    Scan,
    Text,
    Validity,
)
from esign import cbor
from esign.errors import MalformedError
from esign.shape import Fields

FORMAT = "elicense.record/1"
SALT_SIZE = 16  # bytes
MAX_SIZE = 1 << 18  # bytes; 3000 characters of 经营范围 are 9 KiB
_DEPTH = 4  # the record, its fields, an array of them, a row of the array
SCAN_MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/png")
MAX_SCAN_BYTES = 10 << 20  # two pages of A4 in colour at 300 dpi have 2 to 6 MiB
_DIGEST_SIZE = 32


class RecordTooLargeError(ElicenseError):
    """A license says more than a record holds."""

    def __init__(self, size: int) -> None:
        """Keep how many bytes there would be."""
        most = MAX_SIZE >> 10
        super().__init__(
            Text(
                f"内容过多：记录最多 {most} KiB，现有 {size >> 10} KiB",
                f"too much content: a record has at most {most} KiB, this one"
                f" {size >> 10}",
            )
        )
        self.args = (size,)


def encode(license: License, salt: bytes) -> bytes:  # noqa: A002  the noun of this module
    """Return the record of a license.

    Args:
        license: the license, checked by the catalog.
        salt: 16 random bytes of its reservation.

    Raises:
        RecordTooLargeError: it would be larger than any that is read.
        ValueError: the salt has another size, or the license holds what :func:`decode`
            refuses.
    """
    if len(salt) != SALT_SIZE:
        raise ValueError(f"expected a salt of {SALT_SIZE} bytes")
    data = cbor.encode({**_entries(license), "salt": salt})
    if len(data) > MAX_SIZE:
        raise RecordTooLargeError(len(data))
    try:
        decode(data)
    except MalformedError as err:
        raise ValueError(f"this license has no record: {err}") from err
    return data


def decode(data: bytes) -> tuple[License, bytes]:
    """Return the license that a record holds, and the record's salt.

    Total: any bytes give a value or an error. Does NOT check the license against its
    type, which may be unknown here, nor the codes of holders and issuer.

    Raises:
        MalformedError: the bytes are not a record, or not its one spelling.
    """
    if len(data) > MAX_SIZE:
        raise MalformedError(f"record: more than {MAX_SIZE} bytes")
    return quick_record.read(data) or decode_simply(data)


def decode_simply(data: bytes) -> tuple[License, bytes]:
    """Return what :func:`decode` does, by the general decoder alone.

    Args:
        data: at most ``MAX_SIZE`` bytes.

    Raises:
        MalformedError: as :func:`decode`.
    """
    record = Fields(cbor.decode(data, max_depth=_DEPTH), "record")
    if record.text("format") != FORMAT:
        raise MalformedError(f"record.format: expected {FORMAT}")
    salt = record.bytes("salt", SALT_SIZE)
    identifier = _identifier(record.text("identifier"))
    decoded = License(
        identifier=identifier,
        issuer=_issuer(record.map("issuer")),
        specimen=record.boolean("specimen"),
        draft=_draft(record),
        previous=record.optional("previous", lambda key: _previous(record, key)),
    )
    record.end()
    if decoded.previous == identifier:
        raise MalformedError("record.previous: the license's own identifier")
    return decoded, salt


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of a record, 32 bytes, as the token carries it."""
    return hashlib.sha256(data).digest()


def view(
    license: License,  # noqa: A002  the noun of this module
    *,
    masked: bool = False,
) -> dict[str, object]:
    """Return the license as JSON has it, without the salt.

    Args:
        license: the license.
        masked: hide natural persons, a number that holds one's code, the type's own
            fields, photo, scan and the code of another system; otherwise ids stand in
            clear, for the issuer's eyes.
    """
    draft = license.draft
    out: dict[str, object] = {str(key): item for key, item in _entries(license).items()}
    if draft.photo is not None:
        out["photo"] = _shown(_photo_entry(draft.photo))
    if draft.scan is not None:
        out["scan"] = _shown(_scan_entry(draft.scan))
    if not masked:
        return out
    for key in ("photo", "scan", "fields", "external_qr"):
        out.pop(key, None)
    out["holders"] = [_holder_entry(mask_holder(holder)) for holder in draft.holders]
    out["number"] = mask_number(draft.number, draft.holders)
    return out


def _entries(
    license: License,  # noqa: A002  the noun of this module
) -> dict[int | str, cbor.Value]:
    """Return the record's entries without the salt, in the order of the format page."""
    draft = license.draft
    until = draft.validity.valid_until
    fields: dict[int | str, cbor.Value] = {
        key: _field_entry(value) for key, value in draft.fields.items()
    }
    entries: dict[int | str, cbor.Value] = {
        "format": FORMAT,
        "identifier": license.identifier,
        "number": draft.number,
        "type": draft.type_name,
        "type_version": draft.type_version,
        "title": draft.title,
        "holders": [_holder_entry(holder) for holder in draft.holders],
        "issuer": {"code": license.issuer.code, "name": license.issuer.name},
        "issue_date": draft.issue_date.isoformat(),
        "valid_from": draft.validity.valid_from.isoformat(),
        "valid_until": None if until is None else until.isoformat(),
        "checkpoints": [
            {"kind": checkpoint.kind, "due": checkpoint.due.isoformat()}
            for checkpoint in draft.checkpoints
        ],
        "origin": draft.origin,
        "copy": draft.copy,
        "fields": fields,
        "specimen": license.specimen,
    }
    if draft.case_number is not None:
        entries["case"] = draft.case_number
    if draft.photo is not None:
        entries["photo"] = _photo_entry(draft.photo)
    if draft.scan is not None:
        entries["scan"] = _scan_entry(draft.scan)
    if license.previous is not None:
        entries["previous"] = license.previous
    if draft.external_qr is not None:
        entries["external_qr"] = draft.external_qr
    return entries


def _field_entry(value: FieldValue) -> cbor.Value:
    if isinstance(value, str):
        return value
    return [item if isinstance(item, str) else _row_entry(item) for item in value]


def _row_entry(row: Mapping[str, str]) -> cbor.Value:
    entry: dict[int | str, cbor.Value] = {}
    entry.update(row)
    return entry


def _photo_entry(photo: Photo) -> dict[int | str, cbor.Value]:
    return {"media_type": photo.media_type, "sha256": photo.sha256}


def _scan_entry(scan: Scan) -> dict[int | str, cbor.Value]:
    return {"media_type": scan.media_type, "sha256": scan.sha256, "size": scan.size}


def _shown(entry: Mapping[int | str, cbor.Value]) -> dict[str, object]:
    """Return an entry of the record as JSON has it: bytes in hexadecimal."""
    return {
        str(key): item.hex() if isinstance(item, bytes) else item
        for key, item in entry.items()
    }


def _holder_entry(holder: Holder) -> dict[int | str, cbor.Value]:
    entry: dict[int | str, cbor.Value] = {
        "name": holder.name,
        "code": holder.code,
        "code_type": holder.code_type,
    }
    if holder.role:
        entry["role"] = holder.role
    return entry


def _draft(record: Fields) -> Draft:
    first = _day(record, "valid_from")
    until = record.nullable("valid_until", lambda key: _day(record, key))
    if until is not None and until < first:
        raise MalformedError("record.valid_until: before valid_from")
    holders = tuple(_holder(item) for item in record.array("holders"))
    if not holders:
        raise MalformedError("record.holders: expected at least one")
    origin = _one_of(record, "origin", ORIGINS)
    scan = record.optional("scan", lambda key: _scan(record.map(key)))
    if scan is not None and origin != BACKFILL:
        raise MalformedError(f"record.scan: goes with the origin {BACKFILL} alone")
    return Draft(
        type_name=_filled(record, "type"),
        type_version=record.uint("type_version"),
        title=_filled(record, "title"),
        number=_filled(record, "number"),
        holders=holders,
        issue_date=_day(record, "issue_date"),
        validity=Validity(first, until),
        checkpoints=tuple(_checkpoint(item) for item in record.array("checkpoints")),
        origin=origin,
        copy=_one_of(record, "copy", COPIES),
        case_number=record.optional("case", lambda key: _filled(record, key)),
        fields=_type_fields(record.take("fields")),
        photo=record.optional("photo", lambda key: _photo(record.map(key))),
        scan=scan,
        external_qr=record.optional(
            "external_qr", lambda key: _external_code(record.text(key))
        ),
    )


def _external_code(text: str) -> str:
    fault = external_code_fault(text)
    if fault is not None:
        raise MalformedError(f"record.external_qr: {fault.en}")
    return text


def _filled(entries: Fields, key: int | str) -> str:
    """Take a text that is not blank."""
    text = entries.text(key)
    if not text.strip():
        raise MalformedError(f"record.{key}: blank")
    return text


def _day(entries: Fields, key: int | str) -> date:
    return parse_day(entries.text(key))


def _one_of(entries: Fields, key: str, allowed: tuple[str, ...]) -> str:
    text = entries.text(key)
    if text not in allowed:
        raise MalformedError(f"record.{key}: not one of its values")
    return text


def _issuer(entries: Fields) -> Organization:
    issuer = Organization(_filled(entries, "code"), _filled(entries, "name"))
    entries.end()
    return issuer


def _holder(value: cbor.Value) -> Holder:
    entries = Fields(value, "record.holders")
    holder = Holder(
        name=_filled(entries, "name"),
        code=_filled(entries, "code"),
        code_type=_one_of(entries, "code_type", CODE_TYPES),
        role=entries.optional("role", lambda key: _filled(entries, key)) or "",
    )
    entries.end()
    return holder


def _checkpoint(value: cbor.Value) -> Checkpoint:
    entries = Fields(value, "record.checkpoints")
    checkpoint = Checkpoint(_filled(entries, "kind"), _day(entries, "due"))
    entries.end()
    return checkpoint


def _photo(entries: Fields) -> Photo:
    media_type = _one_of(entries, "media_type", ("image/jpeg",))
    photo = Photo(media_type, entries.bytes("sha256", _DIGEST_SIZE))
    entries.end()
    return photo


def _scan(entries: Fields) -> Scan:
    scan = Scan(
        media_type=_one_of(entries, "media_type", SCAN_MEDIA_TYPES),
        sha256=entries.bytes("sha256", _DIGEST_SIZE),
        size=entries.uint("size", MAX_SCAN_BYTES),
    )
    entries.end()
    if not scan.size:
        raise MalformedError("record.scan.size: expected at least one byte")
    return scan


def _previous(record: Fields, key: int | str) -> str:
    return _identifier(record.text(key))


def _identifier(text: str) -> str:
    """Return an identifier that is one; most are read without taking them apart."""
    root, known, rest = text.partition(f"{ROOT}.")
    if known and not root and is_standard(rest):
        return text
    return Identifier.parse(text).text


def _type_fields(value: cbor.Value) -> Mapping[str, FieldValue]:
    if not isinstance(value, Mapping):
        raise MalformedError("record.fields: expected a map")
    fields: dict[str, FieldValue] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise MalformedError("record.fields: a key that is not a text")
        fields[key] = _field_value(item)
    return MappingProxyType(fields)


def _field_value(item: cbor.Value) -> FieldValue:
    if isinstance(item, str):
        return item
    if isinstance(item, list):
        texts = tuple(text for text in item if isinstance(text, str))
        if texts and len(texts) == len(item):
            return texts
        rows = tuple(_row(row) for row in item if isinstance(row, Mapping))
        if rows and len(rows) == len(item):
            return rows
    raise MalformedError("record.fields: expected texts, arrays of texts and of maps")


def _row(value: Mapping[int | str, cbor.Value]) -> Mapping[str, str]:
    row = {
        key: text
        for key, text in value.items()
        if isinstance(key, str) and isinstance(text, str)
    }
    if not row or len(row) != len(value):
        raise MalformedError("record.fields: a row maps texts to texts, at least one")
    return MappingProxyType(row)
