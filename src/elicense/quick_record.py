"""Reads a record at speed: one layout, one pass, no general decoder.

The fence. This file repeats, for records without a scan, without rows and without a
version before them, what :mod:`esign.cbor` and :mod:`elicense.record` do in general.
It may only say less: for every record it returns None, or exactly what the simple
reader returns.
tests/elicense/test_quick_record.py holds it to that; where it says None the simple
reader decides, and its error is the one that is reported.

Why it is fast: the keys are compared with constants in the order in which deterministic
CBOR puts them, so nothing is built that is not kept, and being in order and there once
is checked by the comparison itself.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from elicense.catalog.external_code import external_code_fault
from elicense.catalog.kinds import CODE_TYPES, COPIES, ORIGINS
from elicense.dates import parse_day
from elicense.identifiers import ROOT, is_standard
from elicense.model import (
    Checkpoint,
    Draft,
    FieldValue,
    Holder,
    License,
    Organization,
    Photo,
    Validity,
)
from esign.errors import MalformedError

_FORMAT = b"\x66format\x71elicense.record/1\x66issuer\xa2\x64code"
_PHOTO = b"\x65photo\xa2\x66sha256\x58\x20"
_PHOTO_TYPE = b"\x6amedia_type\x6aimage/jpeg"
_EXTERNAL = b"\x6bexternal_qr"
_REQUIRED = 17  # keys of a record without any optional one
_TEXT, _ARRAY, _MAP = 0x60, 0x80, 0xA0  # heads of nothing; those of more count up
_DIRECT = 24  # lengths below this stand in the head
_LONG_TEXT, _LONGER_TEXT = 0x78, 0x79
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6
_SALT_BYTES, _DIGEST_BYTES = 16, 32
_IDENTIFIER = f"{ROOT}."

Read = tuple[str, int]
"""A text, and where the next item begins."""


class _NotThisLayoutError(Exception):
    """The record is something else, or not canonical: the simple reader decides."""


def read(data: bytes) -> tuple[License, bytes] | None:
    """Return the license and the salt of a record in the one layout, else None.

    Args:
        data: any bytes of at most the size of a record.
    """
    try:
        return _read(data)
    except (_NotThisLayoutError, IndexError, MalformedError, ValueError):
        return None  # the simple reader says what is wrong


def _read(data: bytes) -> tuple[License, bytes]:
    case, at = _case(data, 1)
    copy, at = _one_of(data, _after(data, at, b"\x64copy"), COPIES)
    at = _after(data, at, b"\x64salt\x50") + _SALT_BYTES
    salt = data[at - _SALT_BYTES : at]
    type_name, at = _filled(data, _after(data, at, b"\x64type"))
    photo, at = _photo(data, at)
    title, at = _filled(data, _after(data, at, b"\x65title"))
    fields, at = _fields(data, _after(data, at, b"\x66fields"))
    issuer_code, at = _filled(data, _after(data, at, _FORMAT))
    issuer_name, at = _filled(data, _after(data, at, b"\x64name"))
    number, at = _filled(data, _after(data, at, b"\x66number"))
    origin, at = _one_of(data, _after(data, at, b"\x66origin"), ORIGINS)
    holders, at = _holders(data, _after(data, at, b"\x67holders"))
    at = _after(data, at, b"\x68specimen")
    specimen = data[at]
    identifier, at = _text(data, _after(data, at + 1, b"\x6aidentifier"))
    issue_date, at = _day(data, _after(data, at, b"\x6aissue_date"))
    first, at = _day(data, _after(data, at, b"\x6avalid_from"))
    checkpoints, at = _checkpoints(data, _after(data, at, b"\x6bcheckpoints"))
    external, at = _external_code(data, at)
    until, at = _until(data, _after(data, at, b"\x6bvalid_until"))
    at = _after(data, at, b"\x6ctype_version")
    optional = sum(item is not None for item in (case, photo, external))
    if (
        data[0] != _MAP + _REQUIRED + optional
        or at + 1 != len(data)
        or data[at] >= _DIRECT
        or specimen not in (_FALSE, _TRUE)
        or (until is not None and until < first)
        or not identifier.startswith(_IDENTIFIER)
        or not is_standard(identifier[len(_IDENTIFIER) :])
    ):
        raise _NotThisLayoutError
    draft = Draft(
        type_name=type_name,
        type_version=data[at],
        title=title,
        number=number,
        holders=holders,
        issue_date=issue_date,
        validity=Validity(first, until),
        checkpoints=checkpoints,
        origin=origin,
        copy=copy,
        case_number=case,
        fields=fields,
        photo=photo,
        scan=None,
        external_qr=external,
    )
    issuer = Organization(issuer_code, issuer_name)
    read_license = License(
        identifier=identifier,
        issuer=issuer,
        specimen=specimen == _TRUE,
        draft=draft,
    )
    return read_license, salt


def _case(data: bytes, at: int) -> tuple[str | None, int]:
    if not data.startswith(b"\x64case", at):
        return None, at
    return _filled(data, at + 5)


def _photo(data: bytes, at: int) -> tuple[Photo | None, int]:
    if not data.startswith(_PHOTO, at):
        return None, at
    start = at + len(_PHOTO)
    at = start + _DIGEST_BYTES
    return Photo("image/jpeg", data[start:at]), _after(data, at, _PHOTO_TYPE)


def _external_code(data: bytes, at: int) -> tuple[str | None, int]:
    if not data.startswith(_EXTERNAL, at):
        return None, at
    text, at = _text(data, at + len(_EXTERNAL))
    if external_code_fault(text) is not None:
        raise _NotThisLayoutError
    return text, at


def _after(data: bytes, at: int, key: bytes) -> int:
    """Return where the value of a key begins, which must stand here."""
    if not data.startswith(key, at):
        raise _NotThisLayoutError
    return at + len(key)


def _text(data: bytes, at: int) -> Read:
    """Read a text; one that runs over the end ends beyond it, which `_read` sees."""
    size = data[at] - _TEXT
    at += 1
    if 0 <= size < _DIRECT:
        end = at + size
        return data[at:end].decode(), end
    size, at = _long(data, at)
    end = at + size
    return data[at:end].decode(), end


def _long(data: bytes, at: int) -> tuple[int, int]:
    """Return the length behind a head, and where the text begins."""
    head = data[at - 1]
    if head == _LONG_TEXT and data[at] >= _DIRECT:
        return data[at], at + 1
    if head == _LONGER_TEXT and data[at]:
        return data[at] << 8 | data[at + 1], at + 2
    raise _NotThisLayoutError


def _filled(data: bytes, at: int) -> Read:
    """Read a text that is not blank."""
    text, at = _text(data, at)
    if not text or text.isspace():
        raise _NotThisLayoutError
    return text, at


def _one_of(data: bytes, at: int, allowed: tuple[str, ...]) -> Read:
    text, at = _text(data, at)
    if text not in allowed:
        raise _NotThisLayoutError
    return text, at


def _day(data: bytes, at: int) -> tuple[date, int]:
    text, at = _text(data, at)
    return parse_day(text), at


def _until(data: bytes, at: int) -> tuple[date | None, int]:
    return (None, at + 1) if data[at] == _NULL else _day(data, at)


def _count(data: bytes, at: int, kind: int) -> tuple[int, int]:
    """Return how many items an array or a map has, and where they begin."""
    count = data[at] - kind
    if not 0 <= count < _DIRECT:
        raise _NotThisLayoutError
    return count, at + 1


def _fields(data: bytes, at: int) -> tuple[Mapping[str, FieldValue], int]:
    count, at = _count(data, at, _MAP)
    found: dict[str, FieldValue] = {}
    last = b""
    for _ in range(count):
        start = at
        key, at = _text(data, at)
        raw = data[start:at]
        if raw <= last:
            raise _NotThisLayoutError
        last = raw
        if data[at] < _ARRAY:
            found[key], at = _text(data, at)
        else:
            found[key], at = _texts(data, at)
    return MappingProxyType(found), at


def _texts(data: bytes, at: int) -> tuple[tuple[str, ...], int]:
    count, at = _count(data, at, _ARRAY)
    if not count:
        raise _NotThisLayoutError
    texts = []
    for _ in range(count):
        text, at = _text(data, at)
        texts.append(text)
    return tuple(texts), at


def _holders(data: bytes, at: int) -> tuple[tuple[Holder, ...], int]:
    count, at = _count(data, at, _ARRAY)
    if not count:
        raise _NotThisLayoutError
    holders = []
    for _ in range(count):
        members, at = _count(data, at, _MAP)
        code, at = _filled(data, _after(data, at, b"\x64code"))
        name, at = _filled(data, _after(data, at, b"\x64name"))
        role = ""
        if data.startswith(b"\x64role", at):
            members, (role, at) = members - 1, _filled(data, at + 5)
        code_type, at = _one_of(data, _after(data, at, b"\x69code_type"), CODE_TYPES)
        if members != 3:  # noqa: PLR2004  code, name and code_type
            raise _NotThisLayoutError
        holders.append(Holder(name=name, code=code, code_type=code_type, role=role))
    return tuple(holders), at


def _checkpoints(data: bytes, at: int) -> tuple[tuple[Checkpoint, ...], int]:
    count, at = _count(data, at, _ARRAY)
    found = []
    for _ in range(count):
        due, at = _day(data, _after(data, at, b"\xa2\x63due"))
        kind, at = _filled(data, _after(data, at, b"\x64kind"))
        found.append(Checkpoint(kind, due))
    return tuple(found), at
