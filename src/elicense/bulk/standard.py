"""The check character of many identifiers at once (GB/T 36904, ISO/IEC 7064 MOD 37,36).

Says of all what :func:`elicense.identifiers.is_standard` says of each.
"""

from collections.abc import Sequence

import numpy as np

from elicense.identifiers import MOD_37_36_STEPS, is_standard

_FOREIGN = 255
_VALUES = bytes(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".find(byte) % 256 for byte in range(256)
)
_STEPS = np.array([list(row) for row in MOD_37_36_STEPS], np.uint8).ravel()
_WIDTH = 36  # values of a character
_TYPE_ENDS, _PREFIX = 21, 41  # "type code.issuer." where the issuer is a USCC
_TAIL = 6  # ".001.Y"
_LONGEST = 32 + _PREFIX + _TAIL
_DOT = ord(".")
_FEW = 16  # numpy costs more than it saves for fewer


def all_standard(column: Sequence[bytes], products: dict[bytes, int]) -> bool:
    """Tell whether all are identifiers without root, in the standard dialect.

    Args:
        column: identifiers as bytes, of any form.
        products: kept from call to call: the leading part of identifiers that were
            standard -> product of its characters.
    """
    sizes = set(map(len, column))
    if len(sizes) == 1:
        return _of_one_size(column, products)
    return all(
        _of_one_size([text for text in column if len(text) == size], products)
        for size in sizes
    )


def _of_one_size(column: Sequence[bytes], products: dict[bytes, int]) -> bool:
    size = len(column[0])
    if len(column) < _FEW or not _PREFIX + _TAIL < size <= _LONGEST:
        return all(map(_is_standard, column))
    prefixes = [text[:_PREFIX] for text in column]
    new = set(prefixes) - products.keys()
    if new and not _learn(new, column, products):
        return all(map(_is_standard, column))
    # One row for each place of the text, which is what the steps run over.
    joined = b"".join(column)
    table = np.frombuffer(joined, np.uint8).reshape(-1, size).T[_PREFIX:]
    raw = joined.translate(_VALUES)
    values = np.frombuffer(raw, np.uint8).reshape(-1, size).T[_PREFIX:]
    serial, version, check = values[:-_TAIL], values[-5:-2], values[-1]
    dots = np.all(table[-_TAIL] == _DOT) and np.all(table[-2] == _DOT)
    form = np.all(serial < _WIDTH) and np.all(version <= 9) and np.all(version.any(0))  # noqa: PLR2004  a digit
    if not dots or not form:
        return False
    product = np.fromiter(map(products.__getitem__, prefixes), np.uint16, len(prefixes))
    for value in (*serial, *version):
        product = _STEPS.take(product * _WIDTH + value).astype(np.uint16)
    return bool(np.all((37 - product) % _WIDTH == check))


def _learn(
    new: set[bytes], column: Sequence[bytes], products: dict[bytes, int]
) -> bool:
    """Keep the products of leading parts; False where one is of another form.

    A part is right if one whole identifier that begins with it is standard.
    """
    examples = {text[:_PREFIX]: text for text in column}
    for prefix in new:
        whole = examples[prefix]
        ends = whole[_TYPE_ENDS], whole[_PREFIX - 1]
        if ends != (_DOT, _DOT) or not _is_standard(whole):
            return False
        product = _WIDTH
        for value in prefix.replace(b".", b"").translate(_VALUES):
            product = MOD_37_36_STEPS[product][value]
        products[prefix] = product
    return True


def _is_standard(text: bytes) -> bool:
    try:
        return is_standard(text.decode("ascii"))
    except UnicodeDecodeError:
        return False
