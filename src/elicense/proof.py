"""Proofs of a license type: what it prints at least, usual and greatest content.

A type is tried as it will be used: invented applications go through its rules, are laid
out, printed with a test seal and looked at. What does not fit, overlaps, has no glyph
or can not be scanned is said before the first license is issued. What can be meant, and
is more often a slip, is remarked.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

import pikepdf

from elicense import document, drawing, layout, payload, photos, qr, record
from elicense.catalog import (
    COPIES,
    FieldKind,
    LicenseType,
    NumberKind,
    Presentation,
    check_application,
)
from elicense.catalog.examples import Content, example
from elicense.document import DocumentParts, Sheet
from elicense.errors import (
    ApplicationError,
    CatalogError,
    ElicenseError,
    Problem,
    SymbolTooLargeError,
    TooLongError,
)
from elicense.fonts import STANDARD, FontSet
from elicense.identifiers import Identifier
from elicense.layout import Page, clearance, plan
from elicense.model import License, Organization, Text
from elicense.payload import StatusReference
from esign import seal_image
from esign.algorithms import Suite
from esign.errors import MalformedError
from esign.seal_image import SealSpec
from esign.signer import SoftwareSigner

ORGAN_CODE = "11990100000000027A"
ORGANS = {
    Content.MINIMUM: "示例市局",
    Content.TYPICAL: "示例市行政审批局",
    Content.MAXIMUM: "示例省示例市青禾高新技术产业开发区行政审批服务局",
}
"""Names of the issuing organ, of 4 to 24 characters as seals take."""
_SERIAL = "20260000002"
_INDEX = 999_999
_LIST = 2099
_LARGEST_SYMBOL = 17 + 4 * qr.MAX_VERSION
"""Modules on a side of the largest symbol that is printed."""
_IDS = (FieldKind.CITIZEN_ID, FieldKind.USCC)
_NARROW = 0.75
"""Horizontal scale below which a text looks narrow."""
_TOO_MUCH = Text(
    f"数据超过 {record.MAX_SIZE} 字节，无法制证；请减小 max_length 或 max_count",
    f"there is no record of more than {record.MAX_SIZE} bytes; lower max_length or"
    " max_count",
)
_ONE_BY_ONE, _BOTH = COPIES[:2], COPIES[2]
"""正本 and 副本; both in one."""


class Level(StrEnum):
    """How much a remark weighs; neither is a fault."""

    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that can be meant, and is more often a slip.

    Attributes:
        level: a warning is about what a license has to show.
        message: what it is.
    """

    level: Level
    message: Text


@dataclass(frozen=True, slots=True)
class Trial:
    """A license of a type, printed in one presentation with one content.

    Attributes:
        presentation: its name; empty for a type that is printed in one way.
        content: how much it says.
        pages: as composed; none where it can not be laid out.
        token_size: bytes of the token.
        qr_version: of the symbol; 0 where it does not fit.
        faults: what is wrong; empty where all is well.
        pdf: the pages with a test seal; empty where it can not be printed. No license.
    """

    presentation: str
    content: Content
    pages: tuple[Page, ...]
    token_size: int
    qr_version: int
    faults: tuple[Text, ...]
    pdf: bytes = field(repr=False)


def prove(
    license_type: LicenseType, at: datetime, *, faces: FontSet = STANDARD
) -> Iterator[Trial]:
    """Yield a trial for every presentation and content of a type.

    Args:
        license_type: what is tried.
        at: the instant that days follow, whole seconds UTC.
        faces: what pages are set in.

    Raises:
        CatalogError: a layout table is wrong, or the type's art is not to be used;
            before anything is yielded.
    """
    for presentation in license_type.presentations:
        _check_layout(license_type, presentation, faces, at)
    signer = SoftwareSigner.generate(Suite.ES256)
    for presentation in license_type.presentations:
        for content in Content:
            try:
                drafted = _drafted(license_type, presentation, content, at)
            except ApplicationError as err:
                found = tuple(map(_told, err.problems))
                yield Trial(presentation.name, content, (), 0, 0, found, b"")
                continue
            yield _tried(drafted, signer, faces, at)


def _check_layout(
    license_type: LicenseType, presentation: Presentation, faces: FontSet, at: datetime
) -> None:
    """Refuse a layout that no license can be printed with.

    Raises:
        CatalogError: as for :func:`prove`.
    """
    try:
        drafted = _drafted(license_type, presentation, Content.MINIMUM, at)
        document.lay_out(
            drafted.license,
            license_type,
            "A",
            presentation=presentation,
            faces=faces,
        )
    except CatalogError:
        raise
    except ElicenseError:
        return  # of this content: its trial tells


def _told(problem: Problem) -> Text:
    field_, message = problem.field, problem.message
    return Text(f"{field_}：{message.zh}", f"{field_}: {message.en}")


@dataclass(frozen=True, slots=True)
class _Drafted:
    """An invented license that follows the rules."""

    license: License
    photo: bytes | None
    license_type: LicenseType
    presentation: Presentation
    content: Content


def _drafted(
    license_type: LicenseType,
    presentation: Presentation,
    content: Content,
    at: datetime,
) -> _Drafted:
    """Return an invented license."""
    checked = check_application(license_type, example(license_type, at, content), at)
    draft, photo = photos.put_on(checked.draft, checked.photo)
    license_ = License(
        draft=draft,
        identifier=Identifier.build(license_type.code, ORGAN_CODE, _SERIAL).text,
        issuer=Organization(ORGAN_CODE, ORGANS[content]),
        specimen=True,
    )
    return _Drafted(license_, photo, license_type, presentation, content)


def _tried(
    drafted: _Drafted, signer: SoftwareSigner, faces: FontSet, at: datetime
) -> Trial:
    """Print an invented license and look at it."""
    try:
        data = record.encode(drafted.license, bytes(record.SALT_SIZE))
    except record.RecordTooLargeError:
        name, content = drafted.presentation.name, drafted.content
        return Trial(name, content, (), 0, 0, (_TOO_MUCH,), b"")
    claims = payload.claims_of(
        drafted.license,
        drafted.license_type,
        record_digest=record.digest(data),
        status=StatusReference(_LIST, _INDEX),
        signed_at=at,
    )
    token = payload.sign_token(claims, signer)
    trial = Trial(
        drafted.presentation.name, drafted.content, (), len(token), 0, (), b""
    )
    text = payload.qr_text(token)
    try:
        sheet = document.lay_out(
            drafted.license,
            drafted.license_type,
            text,
            presentation=drafted.presentation,
            faces=faces,
        )
    except SymbolTooLargeError as err:
        return _without_symbol(trial, drafted, _too_large(err, token), faces)
    except ElicenseError as err:
        return replace(trial, faults=(_advised(err, drafted.license_type),))
    parts = DocumentParts(
        sheet=sheet, photo=drafted.photo, record=data, token=token, at=at
    )
    pdf = document.render(parts)
    return replace(
        trial,
        pages=sheet.pages,
        qr_version=qr.version(sheet.symbol),
        faults=tuple(_faults(sheet, pdf, text, faces)),
        pdf=_sealed(pdf, sheet),
    )


def _too_large(err: SymbolTooLargeError, token: bytes) -> Text:
    """Return that a symbol is too large, and what can be done about ours."""
    if err.fields != ("qr_text",):
        return err.message
    told = SymbolTooLargeError(payload.largest_claims(token)).message
    return Text(
        f"{told.zh}；请减小 max_length、name_max_length 或 qr_length",
        f"{told.en}; lower max_length, name_max_length or qr_length",
    )


def _without_symbol(
    trial: Trial, drafted: _Drafted, told: Text, faces: FontSet
) -> Trial:
    """Return the trial of a license whose symbol is too large, its pages looked at."""
    try:
        pages = layout.compose(
            drafted.license,
            drafted.license_type,
            drafted.presentation,
            modules=_LARGEST_SYMBOL,
            faces=faces,
        )
    except ElicenseError as err:
        return replace(trial, faults=(told, _advised(err, drafted.license_type)))
    more = map(_placed, clearance.faults(pages, faces=faces))
    return replace(trial, faults=(told, *more))


def _advised(err: ElicenseError, license_type: LicenseType) -> Text:
    """Return what an error says, and what to do about a value that is too long."""
    told = err.message
    own = {rule.key for rule in license_type.fields}
    if not isinstance(err, TooLongError) or err.field not in own:
        return told
    if not err.fits:
        return Text(
            f"{told.zh}；请减小 max_length 或 max_count",
            f"{told.en}; lower max_length or max_count",
        )
    return Text(
        f"{told.zh}；请加大版位，减小 floor 或 max_length，或设 continued = true",
        f"{told.en}; give it a larger box, a smaller floor or max_length, or"
        " continued = true",
    )


def _placed(fault: clearance.Fault) -> Text:
    """Return a fault with its page."""
    page, told = fault.page, fault.message
    return Text(f"第 {page} 页：{told.zh}", f"page {page}: {told.en}")


def _faults(sheet: Sheet, pdf: bytes, text: str, faces: FontSet) -> Iterator[Text]:
    """Yield what is wrong with a printed license."""
    yield from map(_placed, clearance.faults(sheet.pages, faces=faces))
    try:
        seen = drawing.read(pdf, arts=drawing.arts_of(sheet.presentation, sheet.pages))
    except MalformedError as err:
        yield Text(f"版面过繁，无法核验：{err}", f"no verifier would read it: {err}")
        return
    if text not in seen.qr_texts:
        yield Text("打印后的二维码无法识读", "the printed QR symbol can not be read")


def _sealed(pdf: bytes, sheet: Sheet) -> bytes:
    """Return the pages with a test seal drawn where it goes; there is no signature."""
    box = layout.seal_box(sheet.license_type, sheet.presentation)
    seal = seal_image.draw(SealSpec(sheet.license.issuer.name))
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened, pikepdf.open(io.BytesIO(seal)) as art:
        opened.pages[0].add_overlay(art.pages[0], pikepdf.Rectangle(*box))
        for key in ("/Names", "/AF"):  # no license: neither record nor token
            if key in opened.Root:
                del opened.Root[key]
        opened.save(out, deterministic_id=True)
    return out.getvalue()


def remarks(license_type: LicenseType, trials: Sequence[Trial]) -> tuple[Remark, ...]:
    """Return what no page shows, and what is shown worse than it could be.

    Args:
        license_type: whose layout tables :func:`prove` has read.
        trials: of it.
    """
    plans = [
        plan.read(license_type.name, item.layout, item.name)
        for item in license_type.presentations
    ]
    shown = frozenset[str]().union(*(item.sources for item in plans))
    found = [Remark(Level.WARNING, text) for text in _missing(license_type, shown)]
    if license_type.has_photo and not any(item.photo for item in plans):
        told = Text("没有任何版面为照片留有位置（photo）", "no page has a photo box")
        found.append(Remark(Level.WARNING, told))
    found += [
        Remark(Level.NOTE, text)
        for text in (
            *_unprinted(license_type, shown),
            *_copies(license_type, shown),
            *_looks(trials),
        )
    ]
    return tuple(dict.fromkeys(found))


def _missing(license_type: LicenseType, shown: frozenset[str]) -> Iterator[Text]:
    """Yield what a license has to show, and no page does: who, and by which code."""
    ids = [rule.key for rule in license_type.fields if rule.kind in _IDS]
    wanted = ["number", "holder.name", "holder.code", *(f"fields.{id_}" for id_ in ids)]
    if license_type.number.kind is NumberKind.HOLDER_CODE and "number" in shown:
        wanted.remove("holder.code")
    for name in wanted:
        if name not in shown:
            yield Text(f"没有任何版面印有 {name}", f"no page shows {name}")


def _unprinted(license_type: LicenseType, shown: frozenset[str]) -> Iterator[Text]:
    """Yield which other values no page shows; they are in the record all the same."""
    keys = [rule.key for rule in license_type.fields if rule.kind not in _IDS]
    absent = [key for key in keys if f"fields.{key}" not in shown]
    if absent:
        listed = ", ".join(absent)
        yield Text(
            f"没有任何版面印有字段 {listed}，它们只在数据中",
            f"no page shows the fields {listed}: they are in the record alone",
        )
    if not shown & {"validity", "valid_until"}:
        yield Text("没有任何版面印有有效期", "no page shows the last day")


def _copies(license_type: LicenseType, shown: frozenset[str]) -> Iterator[Text]:
    """Yield where 正本 and 副本 are granted and look alike, or the other way round."""
    names = {item.name for item in license_type.presentations}
    alike = [copy for copy in _ONE_BY_ONE if copy in license_type.copies]
    if len(alike) > 1 and not names & set(alike) and "copy" not in shown:
        listed = "、".join(alike)
        yield Text(
            f"{listed} 印得一样：没有各自的 [layouts]，也没有一行印有 copy",
            f"{listed} are printed alike: there is no [layouts] for each, and no row"
            " shows copy",
        )
    for name in sorted(names & set(_ONE_BY_ONE) - set(license_type.copies)):
        if _BOTH not in license_type.copies:
            yield Text(
                f"有 {name} 的版面，而 copies 中没有 {name}",
                f"there is a layout for {name}, and copies has no {name}",
            )


def _looks(trials: Sequence[Trial]) -> Iterator[Text]:
    """Yield which boxes share room, and which texts are narrow."""
    for trial in trials:
        name = f"{trial.presentation} " if trial.presentation else ""
        faults = clearance.crowded(trial.pages)
        for told in map(_placed, faults):
            yield Text(f"{name}{told.zh}", f"{name}{told.en}")
        for run in (run for page in trial.pages for run in page.runs):
            if clearance.NARROWEST <= run.stretch < _NARROW:
                of = clearance.told(run.field)
                yield Text(
                    f"{name}{of.zh} 被压窄至 {run.stretch:.0%}",
                    f"{name}{of.en} is narrowed to {run.stretch:.0%}",
                )


def sheet_of(trials: Sequence[Trial]) -> bytes:
    """Return all pages of trials in one PDF, with a bookmark for each trial.

    Args:
        trials: of one type.
    """
    out = io.BytesIO()
    with pikepdf.new() as proof:
        marks = []
        for trial in trials:
            if not trial.pdf:
                continue
            name = f"{trial.presentation} {trial.content}".strip()
            marks.append(pikepdf.OutlineItem(name, len(proof.pages)))
            with pikepdf.open(io.BytesIO(trial.pdf)) as opened:
                proof.pages.extend(opened.pages)
        with proof.open_outline() as outline:
            outline.root.extend(marks)
        proof.save(out, deterministic_id=True)
    return out.getvalue()
