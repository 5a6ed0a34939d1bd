"""Errors of the license side, each with its text in both languages.

The culprit decides the type: an application that breaks a rule, a catalog file, a
register, a workspace. Bytes and claims of strangers raise the errors of esign. A text
names fields, rules and code points, never the value of a personal field.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from elicense.model import Text
from esign.errors import MalformedError

_PRIVATE_USE = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))


class ElicenseError(Exception):
    """Base of every error of this package.

    Attributes:
        message: what is wrong, where, and what is expected, in both languages.
    """

    def __init__(self, message: Text) -> None:
        """Keep the text in both languages."""
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        """Return both languages on one line."""
        return f"{self.message.zh} / {self.message.en}"


class MalformedCodeError(ElicenseError, MalformedError):
    """Their text: an identifier, a code or a date does not follow its standard."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or worth a warning, in an application.

    Attributes:
        field: where, such as ``valid_until`` or ``holders[0].code``.
        message: what is expected there; never the value of a personal field.
    """

    field: str
    message: Text


class ApplicationError(ElicenseError):
    """The application breaks rules of its license type; all of them are listed.

    Attributes:
        problems: every problem that was found, in the order of the checks.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems; ValueError if there is none."""
        if not problems:
            raise ValueError("an application error needs at least one problem")
        count = len(problems)
        zh = "；".join(f"{problem.field}：{problem.message.zh}" for problem in problems)
        en = "; ".join(f"{problem.field}: {problem.message.en}" for problem in problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(
            Text(
                f"申请数据有 {count} 处问题：{zh}",
                f"the application has {count} {noun}: {en}",
            )
        )
        self.problems = tuple(problems)
        self.args = (self.problems,)


class ProfileError(ElicenseError):
    """The keys are not what the workspace's profile asks for; nothing was done."""


class CatalogError(ElicenseError):
    """A license type's file is wrong; the text names the file and the key."""


class UnknownTypeError(ElicenseError):
    """No license type of this name, or not in this version, is in the catalog."""


class ConflictError(ElicenseError):
    """The same request came with other data, or a row changed meanwhile."""


class NotFoundError(ElicenseError):
    """The register holds nothing under this identifier, number or key."""


class AmbiguousNumberError(ElicenseError):
    """A license number names several licenses, so nothing was changed.

    Attributes:
        identifiers: all licenses of that number.
    """

    def __init__(self, identifiers: Sequence[str]) -> None:
        """Keep the identifiers to choose from."""
        listed = ", ".join(identifiers)
        super().__init__(
            Text(
                f"该证照编号对应 {len(identifiers)} 个证照，请改用证照标识：{listed}",
                f"the number names {len(identifiers)} licenses; use one of the"
                f" identifiers: {listed}",
            )
        )
        self.identifiers = tuple(identifiers)
        self.args = (self.identifiers,)


class IllegalTransitionError(ElicenseError):
    """The license's state does not allow this event; nothing was changed."""


class RegisterError(ElicenseError):
    """The register can not be used: locked, damaged, full or foreign."""


class WorkspaceError(ElicenseError):
    """The workspace can not be used: wrong folder, file or passphrase."""


def _advice(code_point: int) -> Text:
    """Return what to do about a character that cannot be drawn."""
    if any(low <= code_point <= high for low, high in _PRIVATE_USE):
        return Text(
            "私用区字符，请改用正式编码",
            "a private-use character; write its assigned code point instead",
        )
    if unicodedata.category(chr(code_point)).startswith("M"):
        return Text(
            "组合附加符号，请改用合成后的字符",
            "a combining mark; write the composed letter instead",
        )
    return Text("请加装含该字的字体", "add a face that contains it")


class MissingGlyphError(ElicenseError):
    """No face of the workspace can draw a character.

    Attributes:
        field: key of the field that holds the character.
        code_point: the character's number.
    """

    def __init__(self, field: str, code_point: int) -> None:
        """Keep the field and the code point, and say what to do."""
        name, advice = f"U+{code_point:04X}", _advice(code_point)
        super().__init__(
            Text(
                f"字段 {field} 中的字符 {name} 无法打印：{advice.zh}",
                f"field {field}: the character {name} can not be printed: {advice.en}",
            )
        )
        self.field = field
        self.code_point = code_point
        self.args = (field, code_point)


class TooLongError(ElicenseError):
    """A value does not fit its place on the page even in the smallest type.

    Attributes:
        field: key of the field.
        fits: how many characters fit; 0 where it goes on and even all pages do not do.
    """

    def __init__(self, field: str, fits: int) -> None:
        """Keep the field and how many characters fit."""
        told = Text(
            f"字段 {field} 过长，版面最多容纳 {fits} 个字符",
            f"field {field} is too long: {fits} characters fit on the page",
        )
        if not fits:
            told = Text(
                f"字段 {field} 过长，续页也放不下",
                f"field {field} does not fit even on continuation pages",
            )
        super().__init__(told)
        self.field = field
        self.fits = fits
        self.args = (field, fits)


class SymbolTooLargeError(ElicenseError):
    """The token does not fit the largest QR symbol that is printed (version 20-M).

    Attributes:
        fields: keys of the largest fields, largest first.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        """Keep the fields that would have to become shorter."""
        listed = ", ".join(fields)
        super().__init__(
            Text(
                f"二维码内容超出版本 20-M 的容量，占用最多的字段：{listed}",
                "the QR text does not fit version 20-M; the largest fields are:"
                f" {listed}",
            )
        )
        self.fields = tuple(fields)
        self.args = (self.fields,)


class SealTooLargeError(ElicenseError):
    """The seal's picture, at the size that the seal states, does not fit its box.

    Attributes:
        size_mm: width and height of the picture.
        box_mm: width and height of the box that the page declares.
    """

    def __init__(
        self, size_mm: tuple[float, float], box_mm: tuple[float, float]
    ) -> None:
        """Keep both sizes."""
        size = f"{size_mm[0]:g} mm x {size_mm[1]:g} mm"
        box = f"{box_mm[0]:.4g} mm x {box_mm[1]:.4g} mm"
        super().__init__(
            Text(
                f"印章印模为 {size}，版面的用印位置为 {box}，印模不得缩小：请在证照类型"
                "的版面中加大 seal_size，或使用其他印章",
                f"the seal's picture has {size}, and the page's box for it has {box}; a"
                " seal is not made smaller: enlarge seal_size in the type's layout, or"
                " use another seal",
            )
        )
        self.size_mm = size_mm
        self.box_mm = box_mm
        self.args = (size_mm, box_mm)
