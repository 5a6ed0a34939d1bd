"""Every character that may be printed is read back from a page as itself."""

import unicodedata

import pytest

from elicense import face, layout
from elicense.catalog.values import Findings, check_text
from elicense.fonts import Typeface, is_ideograph
from elicense.fonts import face as face_of
from tests.elicense import pages

TYPE = "business-license"
A_PAGE = 380  # characters with an ideograph between each two


def is_plain(char: str) -> bool:
    """Tell whether it is one of the 27,000 common ideographs, which all work alike."""
    return is_ideograph(char) and not (
        0xF900 <= ord(char) <= 0xFAFF or ord(char) >= 0x20000
    )


def printable() -> list[str]:
    """Return what the main face draws and the catalog lets through."""
    found = (chr(number) for number in sorted(face_of(Typeface.SERIF)._names))
    return [
        char
        for char in found
        if not is_plain(char)
        and not unicodedata.category(char).startswith("Z")
        and check_text(Findings(), "scope", char, 1) == char
    ]


CHARACTERS = printable()
SETS = [CHARACTERS[at : at + A_PAGE] for at in range(0, len(CHARACTERS), A_PAGE)]


def test_there_are_many():
    assert len(CHARACTERS) > 3_000


@pytest.mark.parametrize("number", range(len(SETS)))
def test_each_is_read_back_as_itself(number):
    license_ = pages.with_fields(TYPE, scope="例".join(("", *SETS[number], "")))
    sealed = pages.press("one pass").print(pages.parts(license_))
    composed = layout.compose(license_, pages.license_type(TYPE))
    assert face.compare(face.read(sealed), composed, license_, pages.TOKEN) == ()
