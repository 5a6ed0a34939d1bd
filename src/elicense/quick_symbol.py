"""Chooses the mask of a QR symbol at speed: all modules in one integer.

The fence. zxing-cpp draws every symbol; left to choose the mask it draws and scores all
eight, module by module, and takes nine times as long. This module has it draw one,
derives the other seven, and scores them as ISO/IEC 18004, section 7.8.3, says.
tests/elicense/test_quick_symbol.py holds what it derives to zxing-cpp, module by
module, and its scores to the plain reading of the standard's table.

Why it is fast: a frame is one integer, so a rule looks at every module of the symbol in
a few shifts and ands. A frame is the symbol with a light margin of four modules, row by
row from the top left, the first module in the highest bit, 1 is dark. The margin is the
quiet zone, which rule 3 needs, and it keeps a row from running into the next one.
Columns are lines as rows are, with a step of a whole row instead of one bit.
"""

import functools
from typing import NamedTuple

import zxingcpp

MASKS = 8
"""Mask patterns of a symbol (ISO/IEC 18004, table 10)."""

MARGIN = 4
"""Light modules on each side of a frame: the quiet zone, and a light area of rule 3."""

_RUN, _BLOCK, _LOOKALIKE, _SHARE = 3, 3, 40, 10  # N1 to N4 of table 11
_DIGITS = b"1" + b"0" * 255  # value of a pixel -> digit: black is a dark module


class Frame(NamedTuple):
    """A symbol with its margin.

    Attributes:
        size: modules on a side, without the margin.
        bits: the modules, laid out as the text of this module says.
    """

    size: int
    bits: int


class _Field(NamedTuple):
    """What is the same in all frames of one size, laid out as their bits.

    Attributes:
        step: bits from a row to the next.
        whole: every module of the frame.
        across: the last of every five modules side by side in the symbol.
        down: the last of every five modules one below the other in the symbol.
        blocks: the last of every block of two by two modules in the symbol.
    """

    step: int
    whole: int
    across: int
    down: int
    blocks: int


def draw(text: str, mask: int, version: int | None = None) -> Frame:
    """Return the symbol of a text at level M with one mask.

    Args:
        text: printable ASCII, at least one character.
        mask: number of the mask pattern, 0 to 7.
        version: 1 to 40, or None for the smallest that holds the text.

    Raises:
        ValueError: the text does not fit.
    """
    options = {} if version is None else {"version": version}
    symbol = zxingcpp.create_barcode(
        text, zxingcpp.BarcodeFormat.QRCode, ec_level="M", data_mask=mask, **options
    )
    image = symbol.to_image()
    pixels = bytes(image)  # type: ignore[call-overload]  # it has the buffer protocol
    return Frame(image.shape[1] - 2 * MARGIN, int(pixels.translate(_DIGITS), 2))


def best(frame: Frame) -> Frame:
    """Return the symbol with the mask of the lowest penalty.

    Of masks with the same penalty the first is taken; the standard leaves that open.

    Args:
        frame: the symbol at level M with mask 0.
    """
    size, bits = frame
    masked = [Frame(size, bits ^ difference) for difference in differences(size)]
    return min(masked, key=penalty)


@functools.cache
def differences(size: int) -> tuple[int, ...]:
    """Return what turns a symbol with mask 0 into the one with each mask.

    Mask patterns and format information depend on the mask and the version alone, so
    the difference between two symbols of any text serves for all texts (ISO/IEC 18004,
    sections 7.8.2 and 7.9).

    Args:
        size: modules on a side of the symbol.

    Returns:
        For each mask the modules that differ, laid out as the bits of a frame.
    """
    version = (size - 17) // 4
    plain, *others = (draw("A", mask, version).bits for mask in range(MASKS))
    return (0, *(plain ^ other for other in others))


def penalty(frame: Frame) -> int:
    """Return the penalty of a symbol (ISO/IEC 18004, section 7.8.3.1, table 11).

    The table is read so: the light area beside a look-alike of a finder pattern may lie
    in the quiet zone; a look-alike between two light areas counts once; a block of any
    size counts as the blocks of two by two modules in it.
    """
    size, bits = frame
    step, whole, across, down, blocks = _field(size)
    in_rows, beside = _line_penalty(bits, 1, whole, across)
    in_columns, below = _line_penalty(bits, step, whole, down)
    like_blocks = beside & (beside >> step) & below & blocks
    modules = size * size
    share = 10 * abs(2 * bits.bit_count() - modules) // modules
    return in_rows + in_columns + _BLOCK * like_blocks.bit_count() + _SHARE * share


def _line_penalty(bits: int, step: int, whole: int, ends: int) -> tuple[int, int]:
    """Return the penalty of all rows or columns, and which neighbours are alike.

    ``alike0`` says of a module whether it is like the one a step before it, ``alike1``
    whether that one is like the next, and so on. A run of n modules has n - 4 fives and
    n - 5 sixes and costs N1 + n - 5. A look-alike is 1011101: from its last module on,
    two changes, two alike, two changes.

    Args:
        bits: of a frame.
        step: bits from a module to its neighbour in the line.
        whole: every module of the frame.
        ends: where fives may end, so that all of their modules are of the symbol.
    """
    alike0 = whole ^ bits ^ (bits >> step)
    alike1 = alike0 >> step
    alike2 = alike1 >> step
    alike3 = alike2 >> step
    threes = alike0 & alike1
    later_threes = alike2 & alike3
    fives = threes & later_threes & ends
    sixes = fives & (fives >> step)
    changes = whole ^ (alike0 | alike1)
    lookalikes = bits & changes & later_threes & (changes >> 4 * step)
    light = threes & alike2 & (whole ^ bits)
    beside_light = lookalikes & ((light >> 7 * step) | (light << 4 * step))
    return (
        _RUN * fives.bit_count()
        - (_RUN - 1) * sixes.bit_count()
        + _LOOKALIKE * beside_light.bit_count()
    ), alike0


@functools.cache
def _field(size: int) -> _Field:
    """Return what is the same in all frames of one size."""
    step = size + 2 * MARGIN

    def top_left(columns: int, rows: int) -> int:
        """Return so many columns and rows of the symbol, from its top left."""
        row = ((1 << columns) - 1) << MARGIN + size - columns
        return sum(row << step * (MARGIN + size - 1 - y) for y in range(rows))

    return _Field(
        step=step,
        whole=(1 << step * step) - 1,
        across=top_left(size, size) & ~top_left(4, size),
        down=top_left(size, size) & ~top_left(size, 4),
        blocks=top_left(size, size) & ~top_left(1, size) & ~top_left(size, 1),
    )


def rows(frame: Frame) -> tuple[int, ...]:
    """Return the rows of a symbol without the margin, the top row first.

    The highest of ``size`` bits is the leftmost module.
    """
    size, bits = frame
    step = size + 2 * MARGIN
    row = (1 << size) - 1
    last = step * MARGIN + MARGIN
    shifts = range(last + step * (size - 1), last - 1, -step)
    return tuple([(bits >> shift) & row for shift in shifts])
