"""The check ``face``: a file shows the pages that its record composes to.

A license may be printed in several ways (正本, 副本); its record does not say which of
them a file is, and the file is right if it is one of them, whole.
"""

from collections.abc import Iterator

from elicense import drawing, face, layout
from elicense.catalog import LicenseType, Presentation
from elicense.errors import ElicenseError, TooLongError
from elicense.fonts import FontSet
from elicense.layout import Page
from elicense.model import License
from esign.errors import MalformedError
from esign.verdict import Check, Code

Composed = tuple[tuple[Page, ...], tuple[bytes | None, ...]]
"""The pages of a presentation, and the digests of their art."""


def check_face(
    pdf: bytes,
    license_: License,
    license_type: LicenseType,
    token: bytes,
    faces: FontSet,
) -> Check:
    """Return whether a file shows a license as one of its presentations.

    Args:
        pdf: the file; its seal held.
        license_: its record, which agrees with its token.
        license_type: of the version that the record names.
        token: bytes of the token.
        faces: that the verifier has.
    """
    # Who drew the pages may have had more faces than there are here.
    faces = faces.for_reading()
    composed: list[Composed] = []
    error: ElicenseError | None = None
    too_long: TooLongError | None = None
    for presentation in license_type.presentations_of(license_.draft.copy):
        try:
            composed.append(_composed(license_, license_type, presentation, faces))
        except TooLongError as err:  # so no file can be this presentation
            too_long = err
        except ElicenseError as err:  # this catalog's layout or fonts, not the license
            error = err
    found = [
        (_distance(seen, pages), differences)
        for seen, pages, differences in _compared(pdf, composed, license_, token, faces)
    ]
    if any(not differences for _, differences in found):
        return Check.passed("face")
    if not composed:
        error = error or too_long
    if error is not None:
        text = f"this type is laid out otherwise here: {error}"
        return Check.not_checked("face", text)
    _, closest = min(found, key=lambda item: (item[0], len(item[1])))
    return Check.failed("face", Code.FACE_MISMATCH, "; ".join(closest))


def _composed(
    license_: License,
    license_type: LicenseType,
    presentation: Presentation,
    faces: FontSet,
) -> Composed:
    pages = layout.compose(license_, license_type, presentation, faces=faces)
    return pages, drawing.arts_of(presentation, pages)


def _compared(
    pdf: bytes,
    composed: list[Composed],
    license_: License,
    token: bytes,
    faces: FontSet,
) -> Iterator[tuple[face.Face | None, tuple[Page, ...], tuple[str, ...]]]:
    """Yield how a file differs from each presentation, up to one that it is.

    It is read once for all presentations with the same art. Under other art than its
    own it may be unreadable.
    """
    read: dict[tuple[bytes | None, ...], face.Face | str] = {}
    for pages, arts in composed:
        own = arts if any(arts) else ()
        if own not in read:
            try:
                read[own] = face.read(pdf, arts=own)
            except MalformedError as err:
                read[own] = f"unreadable: {err}"
        seen = read[own]
        if isinstance(seen, str):
            yield None, pages, (seen,)
            continue
        differences = face.compare(seen, pages, license_, token, faces=faces)
        yield seen, pages, differences
        if not differences:
            return


def _distance(seen: face.Face | None, pages: tuple[Page, ...]) -> tuple[int, int]:
    """Return how far a file is from a presentation.

    One whose papers are others is meant less than one with other texts on them.
    """
    if seen is None:
        return (1, 0)
    papers = [(side.paper[2], side.paper[3]) for side in seen.sides]
    composed = [(page.ornament.width, page.ornament.height) for page in pages]
    others = abs(len(papers) - len(composed)) + sum(
        max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) > face.PLACE
        for ours, theirs in zip(papers, composed, strict=False)
    )
    return (0, others)
