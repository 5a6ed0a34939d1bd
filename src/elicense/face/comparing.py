"""Holding what was read from a PDF against the page that its record composes to."""

import difflib
from collections.abc import Iterator

from elicense import payload
from elicense.face import drawn
from elicense.face.seen import Face
from elicense.layout import Page
from elicense.model import License
from esign.errors import MalformedError

_EXTRA = "text that is not on the composed page"


def compare(face: Face, page: Page, license_: License, token: bytes) -> tuple[str, ...]:
    """Return how a face differs from what it should be; empty where it does not.

    1. One page. 2. The whole text is that of the composed page: nothing is missing,
    nothing else is there, and none of it is hidden. 3. Exactly one symbol of ours, and
    it spells the token. 4. The photo is the one of the record. 5. No other image.
    6. The page is drawn as the composed one, seal included
    (:func:`elicense.face.drawn.differences`); asked only where the text is right.

    Args:
        face: what was read.
        page: composed from the record.
        license_: the record.
        token: bytes of the token.

    Returns:
        One English phrase for each difference with the names of fields, never values.
    """
    differences = []
    if face.pages != 1:  # (1)
        differences.append(f"{face.pages} pages instead of one")
    differences += _text_differences(face.text, page)  # (2)
    if face.hidden:
        differences.append("hidden text")
    differences += _symbol_differences(face.qr_texts, token)  # (3)
    photo = license_.draft.photo
    if face.photo_sha256 != (photo.sha256 if photo else None):  # (4)
        differences.append("photo")
    if face.images != (2 if photo else 1):  # (5)
        differences.append(f"{face.images} images on the page")
    if face.text == page.text:  # (6)
        differences += drawn.differences(face.drawing, page, license_)
    return tuple(differences)


def _text_differences(seen: str, page: Page) -> Iterator[str]:
    """Yield the fields whose text is not as composed."""
    expected = page.text
    if seen == expected:
        return
    if len(seen) > 2 * len(expected) + 200:
        yield _EXTRA
        return
    owners = [run.field for run in page.runs for part in run.text.split() for _ in part]
    matcher = difflib.SequenceMatcher(None, expected, seen, autojunk=False)
    touched: dict[str, None] = {}
    for kind, start, end, _, _ in matcher.get_opcodes():
        if kind == "insert":
            touched[owners[start - 1] if start else _EXTRA] = None
        elif kind != "equal":
            touched.update(dict.fromkeys(owners[start:end]))
    yield from (f"text of {field}" if field != _EXTRA else field for field in touched)


def _symbol_differences(texts: tuple[str, ...], token: bytes) -> Iterator[str]:
    """Yield what is wrong with the symbols; foreign ones are not ours to judge."""
    tokens = []
    for text in texts:
        try:
            tokens.append(payload.read_qr_text(text))
        except payload.NotOursError:
            continue
        except MalformedError:
            tokens.append(b"")
    if len(tokens) != 1:
        yield f"{len(tokens)} QR symbols of this format instead of one"
    elif tokens[0] != token:
        yield "the QR symbol is of another license"
