"""The QR symbol of a text (ISO/IEC 18004; docs/formats/token.md, section 3)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from elicense import quick_symbol
from elicense.errors import SymbolTooLargeError

QUIET_ZONE = quick_symbol.MARGIN
"""Light modules around a symbol, on each side (ISO/IEC 18004, section 6.3.8)."""

MAX_VERSION = 20
"""The largest version that is printed (docs/formats/token.md, section 3)."""

_MAX_SIZE = 17 + 4 * MAX_VERSION

MIN_MODULE_MM = 0.40
"""The smallest printed module in mm.

At 0.34, four dots of a 300 dpi printer, zbar does not read about one page in twenty at
150 dpi; at 0.38 and more it read all.
"""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol, without its quiet zone.

    Attributes:
        size: modules on a side, 17 + 4 * version.
        rows: the rows of modules from the top. In ``rows[y]`` the bit ``size - 1 - x``
            is module x from the left; 1 is dark.

    Raises:
        ValueError: no symbol has that size, or the rows are not of that size.
    """

    size: int
    rows: tuple[int, ...] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no square of modules of a version's size."""
        number, rest = divmod(self.size - 17, 4)
        if rest or not 1 <= number <= 40:  # noqa: PLR2004  versions of the standard
            raise ValueError("no QR symbol has that size")
        if (
            len(self.rows) != self.size
            or min(self.rows) < 0
            or max(self.rows) >> self.size
        ):
            raise ValueError("the rows of the symbol are not of its size")


def encode(text: str) -> Symbol:
    """Return the symbol of ``text`` at level M with the mask of the lowest penalty.

    The base45 carrier is in alphanumeric mode throughout; of the carrier with a host
    only the characters outside that alphabet are in byte mode. The penalty is that of
    ISO/IEC 18004, section 7.8.3.

    Args:
        text: printable ASCII, at least one character.

    Raises:
        SymbolTooLargeError: the text does not fit version 20-M.
        ValueError: the text is empty or not printable ASCII.
    """
    if not text or not (text.isascii() and text.isprintable()):
        raise ValueError("a QR text is printable ASCII and not empty")
    try:
        frame = quick_symbol.draw(text, mask=0)
    except ValueError as err:  # longer than version 40 holds
        raise SymbolTooLargeError(("qr_text",)) from err
    if frame.size > _MAX_SIZE:
        raise SymbolTooLargeError(("qr_text",))
    return Symbol(frame.size, quick_symbol.rows(quick_symbol.best(frame)))


def version(symbol: Symbol) -> int:
    """Return the version, 1 to 40, of a symbol (ISO/IEC 18004, section 6.1)."""
    return (symbol.size - 17) // 4


def printed_width_mm(modules: int, wanted_mm: float) -> float:
    """Return the width in mm to print a symbol at, with both quiet zones.

    It is ``wanted_mm``, or more where modules would be below ``MIN_MODULE_MM``.

    Args:
        modules: modules on a side, without quiet zone.
        wanted_mm: the width in mm if the modules allow it.
    """
    return max(wanted_mm, (modules + 2 * QUIET_ZONE) * MIN_MODULE_MM)


def dark_runs(symbol: Symbol) -> Iterator[tuple[int, int, int]]:
    """Yield the dark runs of each row as column, row and length, in modules.

    Rows and columns count from the top left module, without the quiet zone.
    """
    for y, row in enumerate(symbol.rows):
        rest = row
        while rest:
            left = rest.bit_length()
            # What is light from there on, the run's own modules turned to zero.
            light = rest ^ ((1 << left) - 1)
            yield symbol.size - left, y, left - light.bit_length()
            rest &= (1 << light.bit_length()) - 1
