"""The printed face of a PDF, read back and held against the page it should be.

What a person sees is text, a symbol, a photo and a seal, and it takes more than these
to see them: nothing may lie over them, and none may be drawn out of sight. `read` takes
text, symbol and photo from the pages with another engine than the one that drew them,
and the page's own dictionaries and streams with a third. `compare` holds all of it
against the page that the record composes to.
"""

from elicense.face.comparing import compare
from elicense.face.drawing import Drawing
from elicense.face.seen import (
    MAX_BYTES,
    MAX_IMAGE,
    MAX_OBJECTS,
    MAX_PAGES,
    MAX_PIXELS,
    MAX_TEXT,
    RESOLUTIONS,
    Face,
    read,
)

__all__ = [
    "MAX_BYTES",
    "MAX_IMAGE",
    "MAX_OBJECTS",
    "MAX_PAGES",
    "MAX_PIXELS",
    "MAX_TEXT",
    "RESOLUTIONS",
    "Drawing",
    "Face",
    "compare",
    "read",
]
