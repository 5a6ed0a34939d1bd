"""Private-use characters of old GBK and GB18030-2000 files that have a place now.

GBK gave code points of the private use area to characters that Unicode did not have.
GB18030-2000, GB18030-2005 and GB18030-2022 moved them, byte pair by byte pair, to the
places that Unicode assigned since. Where the table comes from:

- ``_BY_CODEC``: old GBK maps these byte pairs to consecutive code points; what they
  stand for now is what Python's codec ``gb18030`` (the standard of 2000) decodes them
  to.
- ``_LATER``: places that came after that codec: U+1E3F by GB18030-2005; U+9FB4 to
  U+9FBB and the vertical forms U+FE10 to U+FE19 by GB18030-2022; six characters of the
  supplementary plane that Unicode's notes on the standard give for the rest. The codec
  cannot show these; they were compared with ``iconv`` of the GNU C library, and U+1E3F
  with ICU. The pairs A6DA and A6DB stand for U+FE12 and U+FE11, in that order.
"""

from types import MappingProxyType

_BY_CODEC = (
    # lead byte, first and last trail byte, first code point
    (0xA2, 0xE3, 0xE3, 0xE76C),
    (0xA8, 0xBF, 0xBF, 0xE7C8),
    (0xA9, 0x89, 0x95, 0xE7E7),
    (0xFE, 0x50, 0xA0, 0xE815),
)
_NO_TRAIL = 0x7F  # is no trail byte of GBK
_VERTICAL = (
    *(0xFE10, 0xFE12, 0xFE11, 0xFE13, 0xFE14),
    *(0xFE15, 0xFE16, 0xFE17, 0xFE18, 0xFE19),
)
_LATER = {
    **dict(enumerate(_VERTICAL, 0xE78D)),
    0xE7C7: 0x1E3F,
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE831: 0x215D7,
    0xE832: 0x9FB8,
    0xE83B: 0x2298F,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE855: 0x241FE,
    0xE864: 0x9FBB,
}


def _table() -> dict[int, int]:
    found: dict[int, int] = {}
    for lead, first, last, point in _BY_CODEC:
        trails = [trail for trail in range(first, last + 1) if trail != _NO_TRAIL]
        for number, trail in enumerate(trails, point):
            found[number] = ord(bytes([lead, trail]).decode("gb18030"))
    return found | _LATER


STANDARD_PLACE = MappingProxyType(_table())
"""Private-use code point -> the one that the standard gives its character now."""
