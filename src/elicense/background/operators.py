"""The operators of a background's content streams (ISO 32000-1, annex A).

They are the ones that ISO 19005-3, 6.2.2 allows, without inline images and inks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pikepdf

from elicense.background.refusals import RefusedError, refused

MAX_NESTING = 28
"""Depth of q and Q (ISO 19005-3, 6.1.13)."""
INTENTS = frozenset(
    {"/RelativeColorimetric", "/AbsoluteColorimetric", "/Perceptual", "/Saturation"}
)
"""Rendering intents (ISO 19005-3, 6.2.6)."""
_KNOWN = frozenset({
    "b", "B", "b*", "B*", "BDC", "BMC", "BT", "c", "cm", "CS", "cs", "d", "Do", "DP",
    "EMC", "ET", "f", "F", "f*", "G", "g", "gs", "h", "i", "j", "J", "l", "m", "M",
    "MP", "n", "q", "Q", "re", "RG", "rg", "ri", "S", "s", "SC", "sc", "SCN", "scn",
    "sh", "T*", "Tc", "Td", "TD", "Tf", "Tj", "TJ", "TL", "Tm", "Tr", "Ts", "Tw", "Tz",
    "v", "w", "W", "W*", "y", "'", '"',
})  # fmt: skip
_NAMES = {"Do": "/XObject", "gs": "/ExtGState", "sh": "/Shading", "Tf": "/Font"}
"""Operator -> the table of resources in which its name must stand."""
SPACES = frozenset({"/DeviceGray", "/DeviceRGB", "/Pattern"})
"""Colour spaces that need no entry in the resources."""
_SHOWS = frozenset({"Tj", "TJ", "'", '"'})
_PAIRS = {"q": ("Q", 1), "Q": ("Q", -1), "BT": ("ET", 1), "ET": ("ET", -1)}
_PAIRS |= {"BMC": ("EMC", 1), "BDC": ("EMC", 1), "EMC": ("EMC", -1)}
_LAST = b"\nlast"
"""An operator of no standard, put behind the others: an open text or array swallows it,
as it would swallow the watermark of a specimen."""
_MAX_INTEGER = (1 << 31) - 1
_MAX_STRING = 32_767
_MAX_NAME = 127


def checked(
    data: bytes, resources: Mapping[str, frozenset[str]], loose: frozenset[str]
) -> bytes:
    """Return a content stream that may stand in a background.

    The bytes stay as they are, unless a font is chosen that is not embedded and with
    which nothing is drawn (reportlab begins every page so): then that choice goes.

    Args:
        data: the stream, decoded.
        resources: names of each table of its resources, such as ``/XObject``.
        loose: names of the fonts that are not embedded.

    Raises:
        RefusedError: an operator, name or number is not allowed, or a text is drawn in
            a font that is not embedded.
    """
    with pikepdf.new() as scratch:
        stream = pikepdf.Stream(scratch, data + _LAST)
        *steps, last = pikepdf.parse_content_stream(stream)
        if len(last.operands) or str(last.operator) != "last":
            raise RefusedError("中断的内容", "contents that break off")
        state = _State(resources, loose)
        kept = [step for step in steps if state.takes(step)]
        state.finish()
        return data if len(kept) == len(steps) else pikepdf.unparse_content_stream(kept)


@dataclass(slots=True)
class _State:
    """What the operators so far have set."""

    resources: Mapping[str, frozenset[str]]
    loose: frozenset[str]
    font: str | None = None
    fonts: list[str | None] = field(default_factory=list)
    depth: dict[str, int] = field(default_factory=lambda: {"Q": 0, "ET": 0, "EMC": 0})

    def takes(
        self, step: pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage
    ) -> bool:
        """Tell whether a step stays; refuse it where it may not."""
        if isinstance(step, pikepdf.ContentStreamInlineImage):
            raise RefusedError("内联图像", "an inline image")
        operator = str(step.operator)
        if operator in ("k", "K"):
            raise refused("/DeviceCMYK")
        if operator not in _KNOWN:
            raise refused(f"operator {operator[:8]}")
        for operand in step.operands:
            check_size(operand)
        self._nest(operator)
        names = [
            str(operand)
            for operand in step.operands
            if isinstance(operand, pikepdf.Name)
        ]
        self._check_names(operator, names)
        if operator == "Tf":
            self.font = names[0]
            return self.font not in self.loose
        if operator in _SHOWS:
            self._check_font()
        return True

    def _nest(self, operator: str) -> None:
        if operator == "q":
            self.fonts.append(self.font)
        if operator == "Q" and self.fonts:
            self.font = self.fonts.pop()
        if operator in _PAIRS:
            end, change = _PAIRS[operator]
            self.depth[end] += change
            if not 0 <= self.depth[end] <= MAX_NESTING:
                raise RefusedError(f"{operator} 不配对", f"{operator} without its pair")

    def _check_names(self, operator: str, names: list[str]) -> None:
        if operator in _NAMES:
            self._require(_NAMES[operator], names[:1])
        elif operator in ("CS", "cs"):
            self._require("/ColorSpace", [name for name in names if name not in SPACES])
        elif operator in ("SCN", "scn"):
            self._require("/Pattern", names)
        elif operator in ("BDC", "DP") and "/OC" in names[:1]:
            raise refused("/OC")
        elif operator in ("BDC", "DP") and len(names) > 1:
            raise refused("/Properties")
        elif operator == "ri" and not set(names) <= INTENTS:
            raise RefusedError("未知的呈现意图", "an unknown rendering intent")

    def _require(self, table: str, names: Iterable[str]) -> None:
        for name in names:
            if name == "/DeviceCMYK":
                raise refused(name)
            if name not in self.resources.get(table, frozenset()):
                raise RefusedError(
                    f"{table} 中没有所用的名称", f"a name that {table} has not"
                )

    def _check_font(self) -> None:
        if self.font is None:
            raise RefusedError("没有字体的文字", "a text without a font")
        if self.font in self.loose:
            raise RefusedError("未嵌入的字体", "a font that is not embedded")

    def finish(self) -> None:
        """Refuse what was opened and not closed."""
        for end, depth in self.depth.items():
            if depth:
                raise RefusedError(f"缺少 {end}", f"{end} is missing")


def check_size(value: object) -> None:
    """Refuse a value beyond the limits of ISO 19005-3, 6.1.13.

    Args:
        value: an operand, or a value of a dictionary; what has parts is not looked
            into.

    Raises:
        RefusedError: it is beyond them.
    """
    match value:
        case int() | Decimal():
            too_large = not -_MAX_INTEGER <= value <= _MAX_INTEGER
        case pikepdf.String():
            too_large = len(bytes(value)) > _MAX_STRING
        case pikepdf.Name():
            too_large = len(str(value).encode()) > 1 + _MAX_NAME
        case _:
            too_large = False
    if too_large:
        raise RefusedError("过大的数或文本", "a number or text beyond its limit")
