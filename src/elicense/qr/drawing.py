"""The drawings of a QR symbol: bitmap, SVG, PNG, half blocks of a terminal."""

import functools
import io

from PIL import Image

from elicense.qr.symbol import MIN_MODULE_MM, QUIET_ZONE, Symbol, dark_runs

MAX_SCALE = 64
"""The largest drawing scale, in pixels per module."""


def bitmap(symbol: Symbol, pixels: int = 4) -> tuple[int, bytes]:
    """Return the symbol with its quiet zone as an image of one bit a pixel.

    Args:
        symbol: the symbol.
        pixels: pixels per module on a side, 1 to ``MAX_SCALE``.

    Returns:
        The side in pixels, and the rows from the top, each padded with light pixels to
        whole bytes. The highest bit is the leftmost pixel; 0 is dark.

    Raises:
        ValueError: the pixels are out of range.
    """
    if not 1 <= pixels <= MAX_SCALE:
        raise ValueError(f"the scale is 1 to {MAX_SCALE} pixels per module")
    modules = symbol.size + 2 * QUIET_ZONE
    packed = (modules + 7) // 8  # bytes of a row at one pixel per module
    blank = bytes(packed * QUIET_ZONE)
    padding = packed * 8 - modules + QUIET_ZONE
    inner = [(row << padding).to_bytes(packed, "big") for row in symbol.rows]
    small = b"".join([blank, *inner, blank])
    wide = bytearray(len(small) * pixels)
    for index, table in enumerate(_widening(pixels)):
        wide[index::pixels] = small.translate(table)
    stride = (modules * pixels + 7) // 8
    starts = range(0, len(wide), packed * pixels)
    data = b"".join([wide[start : start + stride] * pixels for start in starts])
    return modules * pixels, data


@functools.lru_cache(maxsize=8)
def _widening(pixels: int) -> tuple[bytes, ...]:
    """Return the tables that make eight modules, one byte, into bytes of pixels.

    Table k gives byte k of the eight times ``pixels`` pixels; 1 is light in them.
    """
    module = (1 << pixels) - 1
    wide = [
        sum((~byte >> bit & 1) * module << bit * pixels for bit in range(8))
        for byte in range(256)
    ]
    return tuple(
        bytes(value >> 8 * (pixels - 1 - index) & 0xFF for value in wide)
        for index in range(pixels)
    )


def to_svg(symbol: Symbol, module_mm: float = MIN_MODULE_MM) -> str:
    """Return an SVG 1.1 document of the symbol on white, with its quiet zone.

    Args:
        symbol: the symbol.
        module_mm: the printed module in mm.

    Raises:
        ValueError: the module is not positive.
    """
    if not module_mm > 0:
        raise ValueError("a module is a positive number of mm")
    side = symbol.size + 2 * QUIET_ZONE
    width = f"{side * module_mm:.2f}mm"
    path = "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{length}v1h-{length}z"
        for x, y, length in dark_runs(symbol)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{width}"'
        f' viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/>'
        f'<path fill="#000" d="{path}"/></svg>\n'
    )


def to_image(symbol: Symbol, scale: int = 4) -> Image.Image:
    """Return the symbol as a black and white image (mode 1), with its quiet zone.

    Args:
        symbol: the symbol.
        scale: pixels per module, 1 to ``MAX_SCALE``.

    Raises:
        ValueError: the scale is out of range.
    """
    side, data = bitmap(symbol, scale)
    return Image.frombytes("1", (side, side), data)


def to_png(symbol: Symbol, scale: int = 4) -> bytes:
    """Return a one-bit PNG of the symbol with its quiet zone.

    The same symbol gives the same bytes under one version of Pillow.

    Args:
        symbol: the symbol.
        scale: pixels per module, 1 to ``MAX_SCALE``.

    Raises:
        ValueError: the scale is out of range.
    """
    out = io.BytesIO()
    to_image(symbol, scale).save(out, "PNG", optimize=True)
    return out.getvalue()


def to_terminal(symbol: Symbol, *, light_background: bool = False) -> str:
    """Return the symbol in half blocks, two modules a character, with its quiet zone.

    Args:
        symbol: the symbol.
        light_background: the terminal shows dark letters on a light ground; otherwise
            light letters on a dark one.

    Returns:
        Lines that each end in a line feed.
    """
    side = symbol.size + 2 * QUIET_ZONE
    blank = "0" * side
    quiet = "0" * QUIET_ZONE
    rows = [f"{quiet}{row:0{symbol.size}b}{quiet}" for row in symbol.rows]
    # The side is odd, so one light row more completes the last line.
    rows = [blank] * QUIET_ZONE + rows + [blank] * (QUIET_ZONE + 1)
    # What is printed is the letters' ink: dark on a light ground, light on a dark one.
    printed = "1" if light_background else "0"
    ink = (" ", "▄", "▀", "█")
    lines = (
        "".join(
            ink[2 * (high == printed) + (low == printed)]
            for high, low in zip(upper, lower, strict=True)
        )
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
    return "".join(line + "\n" for line in lines)
