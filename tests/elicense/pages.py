"""Licenses and their parts for the tests of pages, from the catalog's own samples."""

import dataclasses
import functools
import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime

from elicense import document, layout, payload, photos, record, samples
from elicense.attachments import scan_of
from elicense.catalog import Catalog, LicenseType, Presentation, check_application
from elicense.document import DocumentParts, OnePassPress, PlainPress, Press
from elicense.layout import Box, Page
from elicense.model import FieldValue, License, Organization, Photo
from esign import seal_image
from esign.seal_image import SealSpec
from tests.esign import pades_world

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TYPES = ("business-license", "food-business", "special-operation")
PRESSES = {"plain": PlainPress, "one pass": OnePassPress}
TOKEN = random.Random(1).randbytes(366)
IDENTIFIER = "1.2.156.3005.2.11990000000000019A002.11990100000000027A.20260000002.001.2"


@functools.cache
def license_type(name: str) -> LicenseType:
    return Catalog.builtin().get(name)


def with_layout(kind: LicenseType, **changes: object) -> LicenseType:
    """Return a type with parts of its first presentation replaced."""
    first, *others = kind.presentations
    changed_ = dataclasses.replace(first, **changes)
    return dataclasses.replace(kind, presentations=(changed_, *others))


def seal_place(
    kind: LicenseType, presentation: Presentation | None = None
) -> tuple[int, Box]:
    """Return the page of the seal, from 0, and its box on it."""
    return 0, layout.seal_box(kind, presentation)


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
    has_photo = license_.draft.photo is not None
    return DocumentParts(
        sheet=document.lay_out(license_, license_type(name), payload.qr_text(token)),
        photo=photo(name) if has_photo else None,
        record=record.encode(license_, bytes(16)),
        token=token,
        at=AT,
    )


@dataclass(frozen=True, slots=True)
class Case:
    """What one document of the matrix is made of."""

    type_name: str
    specimen: bool = True
    photo: bool = False
    scan: bool = False

    def __str__(self) -> str:
        """Return a sentence for the test's name."""
        parts_ = [self.type_name, "specimen" if self.specimen else "real"]
        parts_.append("with photo" if self.photo else "without photo")
        return ", ".join([*parts_, "with a scan"] if self.scan else parts_)


CASES = tuple(
    Case(name, specimen, with_photo, with_scan)
    for name in TYPES
    for specimen in (True, False)
    for with_photo in ((True, False) if license_type(name).has_photo else (False,))
    for with_scan in (False, True)
)
"""Every built-in type, specimen and real, with and without photo, likewise a scan."""
SCAN = b"%PDF-1.4\n/ByteRange [0 1 2 3]\nendstream\nendobj\nstartxref\n9\n%%EOF\n"


def case_license(case: Case) -> License:
    """Return the license of a case."""
    changes: dict[str, object] = {}
    if not case.photo:
        changes["photo"] = None
    if case.scan:
        changes |= {"origin": "存量补录", "scan": scan_of(SCAN)}
    license_ = changed(case.type_name, **changes)
    return dataclasses.replace(license_, specimen=case.specimen)


def case_parts(case: Case) -> DocumentParts:
    """Return what the document of a case is printed from."""
    given = parts(case_license(case))
    return dataclasses.replace(given, scan=SCAN if case.scan else None)


@functools.cache
def press(kind: str) -> Press:
    """Return a press with the seal of the test world."""
    identity = pades_world.world().identity
    return PRESSES[kind](identity, seal_image.draw(SealSpec("示例市行政审批局")))


@functools.cache
def sealed(kind: str, case: Case) -> bytes:
    """Return the sealed document of a case as one press prints it."""
    return press(kind).print(case_parts(case))


@functools.cache
def composed(case: Case) -> tuple[Page, ...]:
    """Return the pages that the document of a case must show."""
    return layout.compose(case_license(case), license_type(case.type_name))
