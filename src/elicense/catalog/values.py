"""Rules on single values of an application, and the findings they leave.

A text is refused rather than repaired: what is printed and signed is what was given.
The only foldings are in names, where one separator (U+00B7) has many look-alikes and a
letter outside Han may be written in two ways, and of private-use characters that have
a standard place now; all are told as warnings.
"""

import base64
import binascii
import re
import unicodedata

from elicense.catalog.private_use import STANDARD_PLACE
from elicense.errors import Problem
from elicense.masking import MIDDLE_DOT
from elicense.model import Text

MAX_PHOTO = 8 << 20  # bytes of an image before it is prepared
_DOTS = "\u2022\u2027\u2219\u22c5\u30fb\uff0e\uff65\ufe52"
_FOLD_DOTS = str.maketrans(dict.fromkeys(_DOTS, MIDDLE_DOT))
# NFC would replace these by other characters (singleton decompositions of Han).
_COMPATIBILITY_HAN = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")
_REFUSED = {
    "Cc": Text("控制字符", "a control character"),
    "Cf": Text("不可见的格式字符", "an invisible format character"),
    "Cs": Text("不成对的代理码", "a lone surrogate"),
    "Co": Text("私用区字符，请改用正式编码", "a private-use character"),
    "Zl": Text("换行符", "a line separator"),
    "Zp": Text("分段符", "a paragraph separator"),
}
_REPLACEMENT = "\ufffd"
# Readers of a page give their letters instead, so that the page would seem to differ.
_LIGATURE = re.compile("[\ufb00-\ufb06]")
_NO_CHARACTER = re.compile(
    "[\ufdd0-\ufdef"
    + "".join(
        chr(plane + end)
        for plane in range(0, 0x110000, 0x10000)
        for end in (0xFFFE, 0xFFFF)
    )
    + "]"
)
"""Code points that will never be characters (Unicode 23.7)."""


class Findings:
    """Problems and warnings, in the order in which they are found."""

    def __init__(self) -> None:
        """Start with none."""
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def problem(self, field: str, zh: str, en: str) -> None:
        """Add something for which the application is refused."""
        self.problems.append(Problem(field, Text(zh, en)))

    def warn(self, field: str, zh: str, en: str) -> None:
        """Add something that a person should look at."""
        self.warnings.append(Problem(field, Text(zh, en)))


def check_text(found: Findings, field: str, value: object, limit: int) -> str | None:
    """Return a text that may be printed and signed; None where a problem was added.

    Private-use characters that have a standard place are replaced, told as a warning.

    Args:
        found: takes the problem.
        field: name of the field in it.
        value: what the application holds.
        limit: characters at most.
    """
    if not isinstance(value, str):
        found.problem(field, "应为文本", "expected a text")
        return None
    if len(value) > limit:
        found.problem(
            field,
            f"过长：最多 {limit} 个字符，现有 {len(value)} 个",
            f"too long: at most {limit} characters, there are {len(value)}",
        )
        return None
    if not value.strip():
        found.problem(field, "不得为空", "blank")
        return None
    if value != value.strip():
        found.problem(field, "首尾不得有空格", "white space at its start or end")
        return None
    replaced = value.translate(STANDARD_PLACE)
    if not _check_characters(found, field, replaced):
        return None
    for point in sorted({ord(char) for char in value} & STANDARD_PLACE.keys()):
        place = STANDARD_PLACE[point]
        found.warn(
            field,
            f"私用区字符 U+{point:04X} 已改为正式编码 U+{place:04X}",
            f"the private-use character U+{point:04X} was changed to its standard"
            f" place, U+{place:04X}",
        )
    return replaced


def _check_characters(found: Findings, field: str, value: str) -> bool:
    for position, char in enumerate(value, 1):
        fault = _REFUSED.get(unicodedata.category(char))
        if char == _REPLACEMENT:
            fault = Text("乱码替换字符", "the mark of a failed decoding")
        elif _NO_CHARACTER.match(char):
            fault = Text("非字符码位", "no character at all")
        elif _LIGATURE.match(char):
            fault = Text("连字，请写成单个字母", "a ligature; write its letters")
        if fault is not None:
            found.problem(
                field,
                f"第 {position} 个字符 U+{ord(char):04X} 是{fault.zh}，不能使用",
                f"character {position} is U+{ord(char):04X}, {fault.en}: not allowed",
            )
            return False
    return True


def check_name(found: Findings, field: str, value: object, limit: int) -> str | None:
    """Return a name with its separators folded to U+00B7, told as a warning.

    Han text is never Unicode-normalized; other letters are brought to NFC. Arguments
    and result otherwise as :func:`check_text`.
    """
    if not isinstance(value, str):
        return check_text(found, field, value, limit)
    dotted = value.translate(_FOLD_DOTS)
    parts = _COMPATIBILITY_HAN.split(dotted)
    parts[::2] = [unicodedata.normalize("NFC", part) for part in parts[::2]]
    composed = "".join(parts)
    name = check_text(found, field, composed, limit)
    if name is None:
        return None
    if dotted != value:
        found.warn(
            field,
            "间隔号已统一为 U+00B7（·）",
            "the separator was changed to U+00B7 (·)",
        )
    if composed != dotted:
        found.warn(
            field,
            "字母与附加符号已合并（NFC）",
            "letters and their marks were composed (NFC)",
        )
    return name


def check_photo(found: Findings, field: str, value: object) -> bytes | None:
    """Return the bytes of a photo in base64 (RFC 4648, section 4), strictly.

    Does NOT look into the image.
    """
    if not isinstance(value, str):
        found.problem(field, "应为 base64 文本", "expected a base64 text")
        return None
    if value.startswith("data:"):
        found.problem(
            field,
            "请去掉 data: 前缀，只保留 base64 内容",
            "leave out the data: prefix and give the base64 alone",
        )
        return None
    if len(value) > (MAX_PHOTO + 2) // 3 * 4:
        found.problem(
            field,
            f"照片过大：最多 {MAX_PHOTO >> 20} MiB",
            f"the photo is too large: at most {MAX_PHOTO >> 20} MiB",
        )
        return None
    data = decode_base64(value)
    if not data:
        found.problem(
            field,
            "不是规范的 base64（不得有换行、空格或多余字符）",
            "not canonical base64: no line breaks, spaces or other characters",
        )
    return data or None


def decode_base64(value: str) -> bytes:
    """Return the bytes, or none where the text is not their one spelling."""
    try:
        data = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return b""
    return data if base64.b64encode(data).decode() == value else b""
