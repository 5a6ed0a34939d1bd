"""The operators and pixels of a foreign seal's picture: read, bounded, never drawn."""

import io
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal

from esign.errors import MalformedError
from esign.pades.values import Name, Value

MAX_OPERATORS = (
    512 << 10
)  # bytes of all forms of a picture; the finest rings have 100 KB
MAX_PIXELS = 4_000_000  # of an image; 42 mm at 600 dpi have one million
_MOST_SIDES = 8192  # of a width or a height, pixels
_BYTES_A_PIXEL = 3
_PAINTING = frozenset(
    b"q Q cm w J j M d i m l c v y h re S s f F f* B B* b b* n W W* Do"
    b" rg RG g G k K".split()
)
_TOKEN = re.compile(
    rb"[\x00\t\n\f\r ]*(?:([+-]?(?:[0-9]{1,10}(?:\.[0-9]{0,10})?|\.[0-9]{1,10}))"
    rb"|/([!\"$&'*-.0-;=?-Z\\^-z|~]{1,127})|([A-Za-z]{1,2}\*?)|([\[\]]))"
    rb"(?=[\x00\t\n\f\r \[\]/]|\Z)"
)
_PAINTS = re.compile(
    rb"(?:\A|[\x00\t\n\f\r \]])(?:[Ss]|[fBb]\*?|F)(?=[\x00\t\n\f\r \[\]/]|\Z)"
)
_REST = re.compile(rb"[\x00\t\n\f\r ]*\Z")


def plain(data: bytes, kind: Value, limit: int) -> bytes:
    """Return a stream's bytes without its filter.

    Args:
        data: as stored.
        kind: its /Filter, FlateDecode or None.
        limit: bytes that it may have.

    Raises:
        MalformedError: it has more, or cannot be inflated to its end.
    """
    if kind is None:
        found = data
    else:
        inflater = zlib.decompressobj()
        try:
            found = inflater.decompress(data, limit + 1)
        except zlib.error as err:
            raise MalformedError(
                "PDF: a stream of the seal cannot be inflated"
            ) from err
        if len(found) <= limit and not inflater.eof:
            raise MalformedError("PDF: a stream of the seal does not end")
    if len(found) > limit:
        raise MalformedError("PDF: a stream of the seal is too large")
    return found


def used(operators: bytes) -> set[bytes]:
    """Return the names that operators draw; they paint paths and draw, no more.

    Args:
        operators: of a form, inflated.

    Raises:
        MalformedError: any other operator, or what no operator takes.
    """
    drawn: set[bytes] = set()
    depth, name = 0, None
    for token in _tokens(operators):
        operator = token[3]
        name = token[2] or name
        if operator is None:
            continue
        if operator not in _PAINTING or (operator == b"Do") != (name is not None):
            raise MalformedError("PDF: the seal's picture does more than paint")
        depth += (operator == b"q") - (operator == b"Q")
        if depth < 0:
            raise MalformedError("PDF: the seal's picture restores what it never saved")
        drawn |= {name} if name else set()
        name = None
    if depth or name is not None:
        raise MalformedError("PDF: the seal's picture does not end")
    return drawn


def paints(operators: bytes) -> bool:
    """Tell whether operators fill or stroke a path.

    Args:
        operators: that :func:`used` read.
    """
    return _PAINTS.search(operators) is not None


def _tokens(operators: bytes) -> Iterator[re.Match[bytes]]:
    """Yield numbers, names and operators; strings and dictionaries are none."""
    at = 0
    while not _REST.match(operators, at):
        token = _TOKEN.match(operators, at)
        if token is None:
            raise MalformedError("PDF: the seal's picture does more than paint")
        at = token.end()
        yield token


def check_image(data: bytes, kind: Value, sides: tuple[Value, Value]) -> None:
    """Refuse an image of more pixels than a seal needs, or than it says.

    Args:
        data: as stored.
        kind: its /Filter.
        sides: /Width and /Height.

    Raises:
        MalformedError: too many, or a stream that cannot be read.
    """
    numbers = [int(one) for one in sides if isinstance(one, Decimal)]
    if len(numbers) != len(sides) or not all(0 < one <= _MOST_SIDES for one in numbers):
        raise MalformedError("PDF: an image of the seal has no size")
    width, height = numbers
    if width * height > MAX_PIXELS:
        raise MalformedError("PDF: an image of the seal is too large")
    if kind == Name(b"DCTDecode"):
        if _jpeg_size(data) != (width, height):
            raise MalformedError("PDF: an image of the seal has another size")
        return
    plain(data, kind, _BYTES_A_PIXEL * width * height + height)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    from PIL import Image  # noqa: PLC0415  costs 60 ms, and most seals need none of it

    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            width, height = image.size
    except (OSError, Image.DecompressionBombError) as err:
        raise MalformedError("PDF: an image of the seal is no JPEG") from err
    return width, height
