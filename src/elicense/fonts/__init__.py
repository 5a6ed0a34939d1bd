"""Faces, widths and per-document subsets.

The main faces are Noto Serif SC and Noto Sans SC (OFL, fsType 0) with CFF outlines; a
workspace may add fallback faces for characters that they lack (docs/formats/faces.md).
A page embeds TrueType outlines of exactly the characters it shows; each glyph is
converted once in a process and kept. A character without a glyph is an error, never a
blank box.
"""

from elicense.fonts.faces import (
    Face,
    FaceError,
    Metrics,
    Typeface,
    face,
    is_ideograph,
    open_face,
)
from elicense.fonts.fontset import STANDARD, Advances, FontSet
from elicense.fonts.glyph import EM
from elicense.fonts.subset import Subset, subset, to_unicode

__all__ = [
    "EM",
    "STANDARD",
    "Advances",
    "Face",
    "FaceError",
    "FontSet",
    "Metrics",
    "Subset",
    "Typeface",
    "face",
    "is_ideograph",
    "open_face",
    "subset",
    "to_unicode",
]
