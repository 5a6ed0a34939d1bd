"""How our profile spells PDF objects: one spelling for every value.

It is the spelling of the writer that the plain path uses (pyHanko), so that files of
both paths are read by one strict reader (docs/formats/pdf.md, section 1).
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pikepdf

_PLAIN = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ")
_REGULAR = _PLAIN - {0x20} | frozenset(b"-_.+*:;@!$&',=?^`|~\"\\")
_SAME = frozenset(map(chr, range(0x20, 0x7F)))
MAX_DEPTH = 16  # of dictionaries and arrays inside one object; ours have six

Number = Callable[["pikepdf.Object"], int | None]
"""The number of an indirect object in the file that is written; None inlines it."""


def string(value: bytes) -> bytes:
    """Return a literal string: letters, digits and spaces, all else as octal escapes.

    Args:
        value: the string's bytes.
    """
    return b"(%s)" % b"".join(
        bytes((octet,)) if octet in _PLAIN else b"\\%03o" % octet for octet in value
    )


def text(value: str) -> bytes:
    """Return a text string in PDFDocEncoding or in UTF-16BE (ISO 32000-1, 7.9.2.2).

    The first only where it is the same as ASCII.

    Args:
        value: the text.
    """
    if all(char in _SAME for char in value):
        return string(value.encode("ascii"))
    return string(b"\xfe\xff" + value.encode("utf-16-be"))


def name(value: str) -> bytes:
    """Return a name; what is not a regular character is escaped (ISO 32000-1, 7.3.5).

    Args:
        value: the name with its leading slash.
    """
    rest = value[1:].encode()
    return b"/" + b"".join(
        bytes((octet,)) if octet in _REGULAR else b"#%02X" % octet for octet in rest
    )


def stream(entries: bytes, data: bytes) -> bytes:
    """Return the body of a stream object.

    Args:
        entries: the dictionary's lines but ``/Length``, each with its line feed.
        data: the stream as it is stored.
    """
    return b"<<\n%s/Length %d\n>>\nstream\n%s\nendstream" % (entries, len(data), data)


def body(item: "pikepdf.Object", number: Number) -> bytes:
    """Return what stands between ``N 0 obj`` and ``endobj`` for one object.

    Args:
        item: a dictionary, a stream or another object; streams keep their raw bytes.
        number: gives the numbers of the objects that it refers to.

    Raises:
        ValueError: it is nested too deeply, or holds what a file cannot.
    """
    import pikepdf  # noqa: PLC0415  costs 60 ms, and reading needs none of it

    if isinstance(item, pikepdf.Stream):
        keys = [key for key in item.keys() if key != "/Length"]  # noqa: SIM118  not a dict
        return stream(_entries(item, keys, number, 0), item.read_raw_bytes())
    return _value(item, number, 0, top=True)


def _entries(
    item: "pikepdf.Object", keys: Iterable[str], number: Number, depth: int
) -> bytes:
    lines = (
        b"%s %s\n" % (name(key), _value(item[key], number, depth + 1))
        for key in sorted(keys)
    )
    return b"".join(lines)


def _value(item: object, number: Number, depth: int, *, top: bool = False) -> bytes:
    """Return one value; ``top`` writes an indirect object itself, not a reference."""
    import pikepdf  # noqa: PLC0415  see body

    if depth > MAX_DEPTH:
        raise ValueError(f"a PDF object is nested more than {MAX_DEPTH} levels deep")
    if isinstance(item, pikepdf.Object):
        if item.is_indirect and not top:
            target = number(item)
            if target is not None:
                return b"%d 0 R" % target
        return _object(item, number, depth)
    return _scalar(item)


def _object(item: "pikepdf.Object", number: Number, depth: int) -> bytes:
    import pikepdf  # noqa: PLC0415  see body

    if isinstance(item, pikepdf.Dictionary):
        return b"<<\n%s>>" % _entries(item, item.keys(), number, depth)
    if isinstance(item, pikepdf.Array):
        parts = (b" " + _value(part, number, depth + 1) for part in item.as_list())
        return b"[%s ]" % b"".join(parts)
    if isinstance(item, pikepdf.Name):
        return name(str(item))
    if isinstance(item, pikepdf.String):
        return string(bytes(item))
    raise ValueError("a PDF object of a kind that cannot be written here")


def _scalar(item: object) -> bytes:
    if item is None:
        return b"null"
    if isinstance(item, bool):
        return b"true" if item else b"false"
    if isinstance(item, int):
        return b"%d" % item
    if isinstance(item, Decimal | float):
        return real(float(item))
    raise ValueError("a PDF object of a kind that cannot be written here")


def real(value: float) -> bytes:
    """Return a number with at most six decimals, without exponent and -0."""
    digits = f"{value:.6f}".rstrip("0").rstrip(".")
    return b"0" if digits in ("-0", "") else digits.encode("ascii")
