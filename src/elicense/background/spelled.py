"""What a sealed file can hold of a background: names, depth and size as it is spelled.

A file is read in one strict profile (docs/formats/pdf.md, 1). A background that the
reader would refuse has to be refused here, before a number is reserved for a license.
"""

import re

import pikepdf

from elicense.background.refusals import RefusedError, refused
from esign.pades import spelling
from esign.pades.read import MAX_DICTIONARY_BYTES

FORBIDDEN_NAMES = frozenset({
    "/ByteRange", "/Encrypt", "/FT", "/JS", "/JavaScript", "/Launch",
    "/NeedAppearances", "/ObjStm", "/XFA", "/XRef",
})  # fmt: skip
"""Names that nothing but the seal and its field has in a sealed file."""
_FIRST = 10_000  # as long as any number of an object in a sealed file, or longer
_AROUND = 40  # bytes around each object, such as its number
_NAMES = re.compile(rb"/[^\n /()<>\[\]]*")
_STREAM = b"\n>>\nstream\n"
_ODD = re.compile(rb"#(?!2F)")
"""In a name: a character that the profile does not spell, all but letters, digits, some
marks and the slash."""
_WORDS = re.compile(rb"[0-9] obj|endobj|stream\n")
"""What looks like the beginning or end of an object, in a name or a text."""


def check(form: pikepdf.Object) -> None:
    """Refuse a form that a sealed file can not hold.

    Args:
        form: the static art; all that it refers to is looked at too.

    Raises:
        RefusedError: a name that no sealed file has, values nested too deep, or more
            than one object may have beside the streams.
    """
    numbers: dict[tuple[int, int], int] = {}
    waiting = [form]

    def number(item: pikepdf.Object) -> int:
        if item.objgen not in numbers:
            numbers[item.objgen] = _FIRST + len(numbers)
            waiting.append(item)
        return numbers[item.objgen]

    size = 0
    for item in waiting:  # it grows on the way
        text = _text(item, number)
        size += len(text) + _AROUND
        if size > MAX_DICTIONARY_BYTES:
            raise RefusedError(
                "过大的表", f"tables of more than {MAX_DICTIONARY_BYTES} bytes"
            )
        _check_words(text)


def _check_words(text: bytes) -> None:
    """Refuse names, and words in names and texts, that the reader refuses."""
    if _ODD.search(text):
        raise RefusedError(
            "含不允许字符的名称", "a name with characters that no sealed file has"
        )
    if _WORDS.search(text):
        raise RefusedError(
            "形似对象起止的名称或文本", "a name or text with the words of objects"
        )
    for name in _NAMES.findall(text):
        if name.decode("ascii") in FORBIDDEN_NAMES:
            raise refused(name.decode("ascii"))


def _text(item: pikepdf.Object, number: spelling.Number) -> bytes:
    """Return an object as a sealed file spells it, without its stream."""
    try:
        body = spelling.body(item, number)
    except ValueError as err:
        raise RefusedError(
            "嵌套过深或无法写出的对象", "objects nested too deep, or of no known kind"
        ) from err
    return body.partition(_STREAM)[0] if isinstance(item, pikepdf.Stream) else body
