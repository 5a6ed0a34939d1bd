"""Pictures of seals: test seals by rank, imported ones, and seals across pages.

The proportions follow 国发〔1999〕25号 and the practice of the field, rank by rank
(`RANKS`). The national emblem is never drawn. Text is drawn as outlines, so that the
art needs no font where it is placed. docs/seal-images.md shows every rank.
"""

from esign.seal_image.cross_page import MIN_SLICE_MM, CrossPage, Edge, Slice, slices
from esign.seal_image.cross_page_pdf import draw_across
from esign.seal_image.imported import (
    MAX_PICTURE_BYTES,
    MAX_SIDE_MM,
    import_picture,
    on_canvas,
)
from esign.seal_image.page import draw
from esign.seal_image.paths import POINTS_PER_MM, RED
from esign.seal_image.png import MAX_DPI, MIN_DPI, to_png
from esign.seal_image.ranks import RANKS, Centre, Line, Rank
from esign.seal_image.refusals import PictureError, UnsupportedPictureError
from esign.seal_image.spec import (
    LINE_MAX,
    RING_MAX,
    RING_MIN,
    TEST_MARK,
    TEST_NOTICE,
    SealSpec,
)
from esign.seal_image.svg import to_svg

__all__ = [
    "LINE_MAX",
    "MAX_DPI",
    "MAX_PICTURE_BYTES",
    "MAX_SIDE_MM",
    "MIN_DPI",
    "MIN_SLICE_MM",
    "POINTS_PER_MM",
    "RANKS",
    "RED",
    "RING_MAX",
    "RING_MIN",
    "TEST_MARK",
    "TEST_NOTICE",
    "Centre",
    "CrossPage",
    "Edge",
    "Line",
    "PictureError",
    "Rank",
    "SealSpec",
    "Slice",
    "UnsupportedPictureError",
    "draw",
    "draw_across",
    "import_picture",
    "on_canvas",
    "slices",
    "to_png",
    "to_svg",
]
