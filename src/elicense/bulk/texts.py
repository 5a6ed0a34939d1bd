"""A column of QR texts as Arrow has it, whatever its bytes are.

Arrow takes a writer's word that strings are UTF-8. What is none is an input like any
other, and no QR text of ours; it stops nothing.
"""

import numpy as np
import pyarrow as pa

from elicense.snapshot.texts import Column

TEXT_COLUMN = "qr_text"


def texts_of(batch: pa.RecordBatch) -> pa.Array:
    """Return the column of texts, with an empty one for each null.

    Args:
        batch: with a column ``qr_text`` of strings, large or encoded ones too.

    Raises:
        KeyError: there is no such column.
        TypeError: it does not hold strings.
    """
    column = batch.column(TEXT_COLUMN)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise TypeError(f"{TEXT_COLUMN}: expected strings, not {column.type}")
    return column.fill_null("") if column.null_count else column


def strings(column: pa.Array) -> list[str]:
    """Return texts as strings of Python, with U+FFFD for bytes that are no UTF-8.

    Args:
        column: without nulls.
    """
    try:
        found: list[str] = column.to_pylist()
    except UnicodeDecodeError:
        found = unicode_of(column).to_pylist()
    return found


def unicode_of(column: pa.Array) -> pa.Array:
    """Return a column of texts, each of them Unicode: as :func:`strings` has them.

    Args:
        column: of strings; nulls stay.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raw = column.cast(pa.large_binary()).to_pylist()
        texts = [None if one is None else one.decode(errors="replace") for one in raw]
        return pa.array(texts, pa.large_string())
    return column


def encoded(column: pa.Array) -> Column:
    """Return the texts of a column where they are.

    Args:
        column: of strings, without nulls.
    """
    kind = np.int32 if pa.types.is_string(column.type) else np.int64
    _, bounds, data = column.buffers()
    if data is None or bounds is None or not len(column):
        return Column(memoryview(b""), np.zeros(len(column) + 1, np.int64))
    places = np.frombuffer(bounds, kind, len(column) + 1, column.offset * kind().nbytes)
    return Column(memoryview(data).cast("B"), places.astype(np.int64))
