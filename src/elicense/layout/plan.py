"""A type's ``[layout]`` table as checked values.

Lengths in the table are millimetres from the upper left corner of the page, as a
designer measures them; they are turned into points where the page is composed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from elicense.errors import CatalogError
from elicense.layout.primitives import Theme
from elicense.model import Text

PAPERS = {"A4": (210.0, 297.0), "A4 landscape": (297.0, 210.0)}
"""Width and height in millimetres (ISO 216)."""
THEMES = {
    "brown": Theme("brown", (104, 62, 24), (196, 164, 120), (253, 250, 243)),
    "green": Theme("green", (22, 88, 62), (132, 178, 152), (246, 251, 247)),
    "teal": Theme("teal", (20, 78, 92), (128, 172, 184), (244, 250, 251)),
}
Millimetres = tuple[float, float, float, float]
"""left, top, width, height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One labelled value.

    Attributes:
        value: where it comes from: ``holder.name``, ``holder.code``, ``number``,
            ``issuer``, ``issue_date``, ``valid_from``, ``valid_until``, ``validity``,
            ``copy``, ``checkpoint.<kind>`` or ``fields.<key>``.
        label: printed label; empty where the type's own label is used.
        box: its place, label included.
        size: largest type size in points.
        label_width: in millimetres.
        top: text starts at the top of the box instead of standing in its middle.
        join: put between several texts of one value.
        suffix: put behind a value that is not absent.
        absent: printed for a value that is not there; empty drops the whole row.
        rule: a fine line is drawn under the value.
    """

    value: str
    label: str
    box: Millimetres
    size: float
    label_width: float
    top: bool
    join: str
    suffix: str
    absent: str
    rule: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole page.

    Attributes:
        width: of the paper in millimetres.
        height: of the paper in millimetres.
        theme: its colours.
        card: box of the card image; None for a certificate.
        title: box of the title.
        title_size: in points.
        title_spacing: between its characters, in parts of the type size.
        copy: box of the line 正本 or 副本; None where it is not printed.
        number: box of the number line; None where a row shows the number.
        number_label: overrides the type's label; may be empty.
        number_size: in points.
        rows: in drawing order.
        photo: room for the photo; None for a type without one.
        qr: left and bottom edge of the symbol.
        seal: centre of the seal.
        issuer_label: over the issuer's name; may be empty.
        issuer_width: greatest width of the issuer's name.
        issuer_size: in points.
        notices: fixed lines, each with its own place from `notices_at` downwards.
        notices_at: left, top and width of the fixed lines.
        notice_size: in points.
    """

    width: float
    height: float
    theme: Theme
    card: Millimetres | None
    title: Millimetres
    title_size: float
    title_spacing: float
    copy: Millimetres | None
    number: Millimetres | None
    number_label: str
    number_size: float
    rows: tuple[Row, ...]
    photo: Millimetres | None
    qr: tuple[float, float]
    seal: tuple[float, float]
    issuer_label: str
    issuer_width: float
    issuer_size: float
    notices: tuple[str, ...]
    notices_at: tuple[float, float, float]
    notice_size: float


def read(type_name: str, table: Mapping[str, object]) -> Plan:
    """Return the plan that a type's raw ``[layout]`` table describes.

    Args:
        type_name: for the error.
        table: as TOML gives it; unknown keys are refused.

    Raises:
        CatalogError: naming the type and the key that is missing, unknown or wrong.
    """
    top = _Table(type_name, "layout", table)
    paper = top.choice("paper", PAPERS)
    plan = Plan(
        width=paper[0],
        height=paper[1],
        theme=top.choice("theme", THEMES),
        card=top.box_or_none("card"),
        title=top.box("title"),
        title_size=top.number("title_size"),
        title_spacing=top.number("title_spacing", 0.0),
        copy=top.box_or_none("copy"),
        number=top.box_or_none("number"),
        number_label=top.text("number_label", ""),
        number_size=top.number("number_size", 12.0),
        rows=_rows(top),
        photo=top.box_or_none("photo"),
        qr=top.pair("qr"),
        seal=top.pair("seal"),
        issuer_label=top.text("issuer_label", ""),
        issuer_width=top.number("issuer_width"),
        issuer_size=top.number("issuer_size"),
        notices=top.texts("notices"),
        notices_at=top.triple("notices_at"),
        notice_size=top.number("notice_size", 8.5),
    )
    top.finish()
    return plan


def _rows(top: "_Table") -> tuple[Row, ...]:
    """Return the rows of the table, with the page's defaults filled in."""
    label_width = top.number("label_width")
    size = top.number("size")
    rule = top.flag("rule", default=False)
    rows = []
    for index, raw in enumerate(top.tables("rows")):
        row = _Table(top.type_name, f"layout.rows[{index}]", raw)
        rows.append(
            Row(
                value=row.text("value"),
                label=row.text("label", ""),
                box=row.box("box"),
                size=row.number("size", size),
                label_width=row.number("label_width", label_width),
                top=row.flag("top", default=False),
                join=row.text("join", "；"),
                suffix=row.text("suffix", ""),
                absent=row.text("absent", "无"),
                rule=row.flag("rule", default=rule),
            )
        )
        row.finish()
    return tuple(rows)


_T = TypeVar("_T")


class _Table:
    """One TOML table that is read key by key; what is left over is an error."""

    def __init__(self, type_name: str, where: str, table: Mapping[str, object]) -> None:
        """Keep the table and where it stands."""
        self.type_name = type_name
        self._where = where
        self._left = dict(table)

    def error(self, key: str) -> CatalogError:
        """Return the error that names a key."""
        place = f"{self._where}.{key}"
        return CatalogError(
            Text(
                f"证照类型 {self.type_name} 的版式表中 {place} 缺失或不正确",
                f"type {self.type_name}: {place} is missing or wrong",
            )
        )

    def finish(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self._left:
            raise self.error(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text."""
        value = self._left.pop(key, default)
        if not isinstance(value, str):
            raise self.error(key)
        return value

    def choice(self, key: str, values: Mapping[str, _T]) -> _T:
        """Return the value that a text names."""
        name = self.text(key)
        if name not in values:
            raise self.error(key)
        return values[name]

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; absent means none."""
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise self.error(key)
        texts = tuple(item for item in value if isinstance(item, str))
        if len(texts) != len(value):
            raise self.error(key)
        return texts

    def number(self, key: str, default: float | None = None) -> float:
        """Return a positive number or zero."""
        return self._float(key, self._left.pop(key, default))

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a yes or no."""
        value = self._left.pop(key, default)
        if not isinstance(value, bool):
            raise self.error(key)
        return value

    def tables(self, key: str) -> list[Mapping[str, object]]:
        """Return an array of tables with at least one entry."""
        value = self._left.pop(key, None)
        if not isinstance(value, list) or not value:
            raise self.error(key)
        if not all(isinstance(item, dict) for item in value):
            raise self.error(key)
        return value

    def box(self, key: str) -> Millimetres:
        """Return left, top, width, height."""
        left, top, width, height = self._floats(key, 4)
        return (left, top, width, height)

    def box_or_none(self, key: str) -> Millimetres | None:
        """Return left, top, width, height, or None where the key is absent."""
        return self.box(key) if key in self._left else None

    def pair(self, key: str) -> tuple[float, float]:
        """Return two lengths."""
        first, second = self._floats(key, 2)
        return (first, second)

    def triple(self, key: str) -> tuple[float, float, float]:
        """Return three lengths."""
        first, second, third = self._floats(key, 3)
        return (first, second, third)

    def _floats(self, key: str, count: int) -> list[float]:
        value = self._left.pop(key, None)
        if not isinstance(value, list) or len(value) != count:
            raise self.error(key)
        return [self._float(key, item) for item in value]

    def _float(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key)
        if not 0 <= value <= 1000:  # noqa: PLR2004  millimetres or points of a page
            raise self.error(key)
        return float(value)
