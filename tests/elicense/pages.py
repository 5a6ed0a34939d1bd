"""Licenses and their parts for the tests of pages, from the catalog's own samples."""

import dataclasses
import functools
import hashlib
import random
from datetime import UTC, datetime

from elicense import payload, photos, record, samples
from elicense.catalog import Catalog, LicenseType, check_application
from elicense.document import DocumentParts
from elicense.model import FieldValue, License, Organization, Photo

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TYPES = ("business-license", "food-business", "special-operation")
TOKEN = random.Random(1).randbytes(366)
IDENTIFIER = "1.2.156.3005.2.11990000000000019A002.11990100000000027A.20260000002.001.2"


@functools.cache
def license_type(name: str) -> LicenseType:
    return Catalog.builtin().get(name)


@functools.cache
def photo(name: str) -> bytes | None:
    checked = check_application(license_type(name), samples.sample(name, AT), AT)
    return None if checked.photo is None else photos.prepare(checked.photo)


@functools.cache
def sample_license(name: str) -> License:
    checked = check_application(license_type(name), samples.sample(name, AT), AT)
    image = photo(name)
    digest = image and Photo("image/jpeg", hashlib.sha256(image).digest())
    return License(
        draft=dataclasses.replace(checked.draft, photo=digest),
        identifier=IDENTIFIER,
        issuer=Organization("11990100000000027A", "示例市行政审批局"),
        specimen=True,
    )


def changed(name: str, **changes: object) -> License:
    """Return the sample with parts of its draft replaced."""
    license_ = sample_license(name)
    return dataclasses.replace(
        license_, draft=dataclasses.replace(license_.draft, **changes)
    )


def with_fields(name: str, **values: FieldValue) -> License:
    """Return the sample with some of its type's fields replaced."""
    return changed(name, fields={**sample_license(name).draft.fields, **values})


def parts(license_: License, token: bytes = TOKEN) -> DocumentParts:
    name = license_.draft.type_name
    return DocumentParts(
        license=license_,
        license_type=license_type(name),
        qr_text=payload.qr_text(token),
        photo=photo(name),
        record=record.encode(license_, bytes(16)),
        token=token,
        at=AT,
    )
