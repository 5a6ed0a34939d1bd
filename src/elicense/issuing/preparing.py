"""An application, checked with all that its request adds to it."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from elicense import photos, record
from elicense.attachments import scan_of
from elicense.catalog import LicenseType
from elicense.catalog.application import check_application
from elicense.errors import ApplicationError, Problem
from elicense.identifiers import Identifier
from elicense.issuing.desk import IssuingDesk
from elicense.issuing.request import (
    Request,
    check_backfill,
    check_own_time,
    completed,
)
from elicense.model import Draft, Text
from elicense.register import Row
from elicense.register.checks import check_digest
from elicense.versions import check_successor

_NO_SCAN = Problem(
    "scan",
    Text("没有纸质证照的扫描件", "there is no scan of the paper"),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked application, and the pictures that go with it."""

    license_type: LicenseType
    draft: Draft
    photo: bytes | None = field(repr=False)
    scan: bytes | None = field(repr=False)
    warnings: tuple[Problem, ...]


def prepare(desk: IssuingDesk, request: Request, at: datetime) -> Prepared:
    """Check an application for a new license, by the newest version of its type.

    Args:
        desk: its catalog, and its register for an old version.
        request: what is asked for.
        at: the instant of sealing, aware.

    Raises:
        UnknownTypeError, ApplicationError, PhotoError, ScanError: it is wrong.
        NotFoundError: the register has no such previous version.
    """
    return _prepared(desk, request, desk.catalog.get(request.type_name), at)


def prepare_again(desk: IssuingDesk, request: Request, row: Row) -> Prepared:
    """Check an application that has its row already, by the rules that held for it.

    It was taken under one version of its type; a newer one does not refuse it.

    Args:
        desk: its catalog, and its register for an old version.
        request: what is asked for.
        row: what an earlier run reserved or issued for it.

    Raises:
        ConflictError: the row is of other data.
        UnknownTypeError, ApplicationError, PhotoError, ScanError: it is wrong; or the
            catalog lost the type in that version.
        NotFoundError: the register has no such previous version.
    """
    check_digest(row.digest, request.digest)
    version = record.decode(row.record)[0].draft.type_version
    license_type = desk.catalog.get(request.type_name, version)
    return _prepared(desk, request, license_type, row.allocation.instant)


def _prepared(
    desk: IssuingDesk, request: Request, license_type: LicenseType, at: datetime
) -> Prepared:
    case = request.number if request.is_case else None
    checked = check_application(license_type, completed(request), at, case)
    draft = checked.draft
    warnings = list(checked.warnings)
    if request.previous is not None and request.grounds is not None:
        old, _ = record.decode(desk.register.get(request.previous).record)
        warnings += check_successor(old, draft, request.grounds.reason)
    if request.operation == "import" and request.scan is None:
        warnings.append(_NO_SCAN)
    draft, photo = photos.put_on(draft, checked.photo)
    if request.scan is not None:
        draft = replace(draft, scan=scan_of(request.scan))
    return Prepared(license_type, draft, photo, request.scan, tuple(warnings))


def admit(desk: IssuingDesk, request: Request, draft: Draft, at: datetime) -> None:
    """Refuse what this desk has no right to, now; what was issued is not asked again.

    Args:
        desk: whose organ and keys count.
        request: what is asked for.
        draft: what it comes to.
        at: the instant of sealing, aware.

    Raises:
        ApplicationError: the old version is another organ's; or an import's issue date
            is in no backfill range of the token key; or a first license's one lies
            before the organ's own keys.
    """
    if request.operation == "issue":
        check_own_time(draft.issue_date, desk.trust.first_days.get(desk.organization))
    if request.operation == "import":
        key = desk.token_signer.public_key
        place = (desk.organization, key.kid, key.suite.cose)
        check_backfill(draft.issue_date, desk.trust.token_keys.get(place), at)
    if request.previous is None:
        return
    issuer = Identifier.parse(request.previous).issuer
    if issuer not in (desk.organization, *desk.predecessors):
        text = Text(
            "原证照由其他机关签发，本机关不能以新版本替代",
            "issued by another organ, which this one does not succeed",
        )
        raise ApplicationError([Problem("previous", text)])
