"""QR symbols: the symbol of a text, its drawings, and the texts in an image.

A symbol is drawn as ISO/IEC 18004 says, at error correction level M, in the smallest
version that holds the text (docs/formats/token.md, section 3). Reading says what the
symbols in an image spell and nothing more: it trusts no text.
"""

from elicense.qr.drawing import (
    MAX_SCALE,
    bitmap,
    to_image,
    to_png,
    to_svg,
    to_terminal,
)
from elicense.qr.opening import (
    MAX_HEAVY_PIXELS,
    MAX_IMAGE_BYTES,
    MAX_IMAGE_PIXELS,
    MAX_IMAGE_SIDE,
    MAX_JPEG_SCANS,
)
from elicense.qr.reading import read_alone, read_image
from elicense.qr.symbol import (
    MAX_VERSION,
    MIN_MODULE_MM,
    QUIET_ZONE,
    Symbol,
    dark_runs,
    encode,
    printed_width_mm,
    version,
)

__all__ = [
    "MAX_HEAVY_PIXELS",
    "MAX_IMAGE_BYTES",
    "MAX_IMAGE_PIXELS",
    "MAX_IMAGE_SIDE",
    "MAX_JPEG_SCANS",
    "MAX_SCALE",
    "MAX_VERSION",
    "MIN_MODULE_MM",
    "QUIET_ZONE",
    "Symbol",
    "bitmap",
    "dark_runs",
    "encode",
    "printed_width_mm",
    "read_alone",
    "read_image",
    "to_image",
    "to_png",
    "to_svg",
    "to_terminal",
    "version",
]
