"""A type's layout table as checked values (docs/formats/layout.md).

Lengths in the table are millimetres from the upper left corner of the page, as a
designer measures them; they are turned into points where the page is composed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from elicense.layout.primitives import Theme
from elicense.layout.table import Millimetres, Table
from elicense.model import Text

PAPERS = {
    "A4": (210.0, 297.0),
    "A4 landscape": (297.0, 210.0),
    "A3 landscape": (420.0, 297.0),
    "card": (85.6, 54.0),
}
"""Width and height in millimetres (ISO 216; ISO/IEC 7810, ID-1)."""
THEMES = {
    "brown": Theme("brown", (104, 62, 24), (196, 164, 120), (253, 250, 243)),
    "green": Theme("green", (22, 88, 62), (132, 178, 152), (246, 251, 247)),
    "teal": Theme("teal", (20, 78, 92), (128, 172, 184), (244, 250, 251)),
    "blue": Theme("blue", (28, 62, 122), (140, 164, 206), (245, 248, 253)),
    "plum": Theme("plum", (92, 40, 84), (186, 146, 180), (252, 247, 251)),
}
MAX_FIXED_PAGES = 4
"""Pages that a layout has before any continuation page."""
QR_MM = 32.0
"""Side of the symbol with its quiet zone, unless modules or layout need more."""
MAX_QR_MM = 60.0
SEAL_MM = 42.0
"""Side of the box that a seal is placed in, unless the layout says otherwise."""
MIN_SEAL_MM = 15.0
LARGEST_QR_MM = 42.0
"""Side of our symbol with its quiet zone where the token is longest."""
EXTERNAL_MM = 26.0
"""Side of the slot for a foreign code, with its quiet zone."""
EXTERNAL_AWAY_MM = 20.0
"""Smallest distance of that slot from our symbol: a reader sees one code at a time."""
SMALLEST = 7.0
"""Points; below this a printed page can not be read without a glass."""
LABEL_SIZE = 13.0
"""Largest type size of a label in points, unless the layout says otherwise."""
STYLES = ("", "arabic", "chinese", "words", "wan", "masked")
_ARABIC_OR_CHINESE = ("arabic", "chinese")
_CARD = "card"
_CORNER = "[left, bottom]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One labelled value.

    Attributes:
        sources: where it comes from (docs/formats/layout.md, section 3); their texts
            are joined.
        label: printed label; empty where the type's own label is used.
        box: its place, label included.
        page: on which page, from 1.
        size: largest type size in points.
        floor: smallest type size in points.
        label_width: in millimetres; 0 for no label.
        label_size: largest type size of the label in points.
        top: text starts at the top of the box instead of standing in its middle.
        continued: what does not fit goes on on a continuation page.
        style: of days, amounts and codes; empty for the usual one.
        join: put between several texts of one value.
        suffix: put behind a value that is not absent.
        absent: printed for a value that is not there; empty drops the whole row.
        rule: a fine line is drawn under the value.
    """

    sources: tuple[str, ...]
    label: str
    box: Millimetres
    page: int
    size: float
    floor: float
    label_width: float
    label_size: float
    top: bool
    continued: bool
    style: str
    join: str
    suffix: str
    absent: str
    rule: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a grid.

    Attributes:
        key: of the column of the field.
        label: its head; empty where the column's own label is used.
        width: its share of the width of the grid.
    """

    key: str
    label: str
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A field of rows as a table with a head.

    Attributes:
        field: key of the field.
        label: stands over the grid; empty for none.
        box: its place, label and head included.
        page: on which page, from 1.
        size: largest type size in points.
        floor: smallest type size in points.
        columns: from left to right.
        blank: the grid is drawn to the end of its box.
    """

    field: str
    label: str
    box: Millimetres
    page: int
    size: float
    floor: float
    columns: tuple[Column, ...]
    blank: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All pages of one presentation.

    Attributes:
        width: of the paper in millimetres.
        height: of the paper in millimetres.
        is_card: the page itself is a card.
        pages: fixed pages.
        theme: its colours.
        dates: ``arabic`` or ``chinese``.
        lines: straight rules on the first page: x and y of both ends.
        card: box of the card image; None for a certificate.
        title: box of the title.
        title_size: in points.
        title_spacing: between its characters, in parts of the type size.
        copy: box of the line （正本）; None where it is not printed.
        number: box of the number line; None where a row shows the number.
        number_label: overrides the type's label; may be empty.
        number_size: in points.
        identifier: box of the line with the identifier, on the page of the symbol.
        rows: in drawing order.
        grids: likewise, after the rows.
        photo: room for the photo; None for a type without one.
        qr: left and bottom edge of the symbol.
        qr_size: its least side, quiet zone included.
        qr_page: its page, from 1.
        external: left and bottom edge of the slot for a foreign code, None without one.
        external_label: stands below it.
        seal: centre of the seal.
        seal_size: its side.
        issuer_label: over the issuer's name; may be empty.
        issuer_width: greatest width of the issuer's name.
        issuer_size: in points.
        notices: fixed lines, each with its own place from `notices_at` downwards.
        notices_at: left, top and width of the fixed lines.
        notices_page: their page, from 1.
        notice_size: in points.
        notices_left: they begin at the left edge instead of standing in the middle.
    """

    width: float
    height: float
    is_card: bool
    pages: int
    theme: Theme
    dates: str
    lines: tuple[Millimetres, ...]
    card: Millimetres | None
    title: Millimetres
    title_size: float
    title_spacing: float
    copy: Millimetres | None
    number: Millimetres | None
    number_label: str
    number_size: float
    identifier: Millimetres
    rows: tuple[Row, ...]
    grids: tuple[Grid, ...]
    photo: Millimetres | None
    qr: tuple[float, float]
    qr_size: float
    qr_page: int
    external: tuple[float, float] | None
    external_label: str
    seal: tuple[float, float]
    seal_size: float
    issuer_label: str
    issuer_width: float
    issuer_size: float
    notices: tuple[str, ...]
    notices_at: tuple[float, float, float]
    notices_page: int
    notice_size: float
    notices_left: bool

    @property
    def sources(self) -> frozenset[str]:
        """What the pages show, by the names of docs/formats/layout.md, section 3.

        ``number`` is there too where it has a line of its own. A column is named by its
        field, as a grid is.
        """
        named = {source for row in self.rows for source in row.sources}
        named |= {f"fields.{grid.field}" for grid in self.grids}
        named |= {"number"} if self.number is not None else set()
        return frozenset(".".join(name.split(".")[:2]) for name in named)


def read(type_name: str, table: Mapping[str, object], name: str = "") -> Plan:
    """Return the plan that a type's raw layout table describes.

    Args:
        type_name: for the error.
        table: as TOML gives it; unknown keys are refused.
        name: of the presentation, for the error.

    Raises:
        CatalogError: naming the type and the key that is missing, unknown or wrong.
    """
    top = Table(type_name, f"layouts.{name}" if name else "layout", table)
    width, height = top.choice("paper", PAPERS)
    top.lies_on(width, height)
    pages = top.count("pages", MAX_FIXED_PAGES)
    plan = Plan(
        width=width,
        height=height,
        is_card=(width, height) == PAPERS[_CARD],
        pages=pages,
        theme=top.choice("theme", THEMES),
        dates=_one_of(top, "dates", _ARABIC_OR_CHINESE),
        lines=top.rules("lines"),
        card=top.box_or_none("card"),
        title=top.box("title"),
        title_size=top.size("title_size"),
        title_spacing=top.number("title_spacing", 0.0),
        copy=top.box_or_none("copy"),
        number=top.box_or_none("number"),
        number_label=top.text("number_label", ""),
        number_size=top.size("number_size", 12.0),
        identifier=top.box_or_none("identifier")
        or (20.0, height - 20.5, width - 40.0, 4.0),
        rows=_rows(top, pages),
        grids=_grids(top, pages),
        photo=top.box_or_none("photo"),
        qr=top.pair("qr", _CORNER),
        qr_size=top.number("qr_size", QR_MM),
        qr_page=top.count("qr_page", pages),
        external=top.pair_or_none("external", _CORNER),
        external_label=top.text("external_label", "官方查询码"),
        seal=top.pair("seal", "[x, y]"),
        seal_size=top.number("seal_size", SEAL_MM),
        issuer_label=top.text("issuer_label", ""),
        issuer_width=top.number("issuer_width"),
        issuer_size=top.size("issuer_size"),
        notices=top.texts("notices"),
        notices_at=top.triple("notices_at", "[left, top, width]"),
        notices_page=top.count("notices_page", pages),
        notice_size=top.size("notice_size", 8.5),
        notices_left=top.flag("notices_left", default=False),
    )
    top.end()
    _check_places(plan, top)
    return plan


def _check_places(plan: Plan, top: Table) -> None:
    """Refuse a seal that is too small and a slot that is too near to our symbol."""
    if plan.seal_size < MIN_SEAL_MM:
        least = Text(f"至少 {MIN_SEAL_MM:g} 毫米", f"at least {MIN_SEAL_MM:g} mm")
        raise top.error("seal_size", least)
    if not QR_MM <= plan.qr_size <= MAX_QR_MM:
        sizes = Text(
            f"{QR_MM:g} 至 {MAX_QR_MM:g} 毫米", f"{QR_MM:g} to {MAX_QR_MM:g} mm"
        )
        raise top.error("qr_size", sizes)
    if plan.external is None or plan.qr_page != 1:
        return
    side = max(plan.qr_size, LARGEST_QR_MM)
    across = _gap(plan.qr[0], plan.external[0], side)
    down = _gap(-plan.qr[1], -plan.external[1], side)
    if max(across, down) < EXTERNAL_AWAY_MM:
        away = Text(
            f"距二维码（最大 {side:g} 毫米）{EXTERNAL_AWAY_MM:g} 毫米以外",
            f"a place at least {EXTERNAL_AWAY_MM:g} mm from our symbol, which grows to"
            f" {side:g} mm",
        )
        raise top.error("external", away)


def _gap(ours: float, theirs: float, side: float) -> float:
    """Return the distance of two intervals: our symbol at its largest, and the slot."""
    return max(theirs - (ours + side), ours - (theirs + EXTERNAL_MM))


def _one_of(table: Table, key: str, allowed: tuple[str, ...]) -> str:
    """Return one of some texts, of which the first is the default."""
    return table.choice(key, {text: text for text in allowed}, allowed[0])


def _rows(top: Table, pages: int) -> tuple[Row, ...]:
    """Return the rows of the table, with the page's defaults filled in."""
    label_width = top.number("label_width")
    label_size = top.size("label_size", LABEL_SIZE)
    size = top.size("size")
    rule = top.flag("rule", default=False)
    rows = []
    for row in top.tables("rows"):
        rows.append(
            Row(
                sources=row.text_or_texts("value"),
                label=row.text("label", ""),
                box=row.box("box"),
                page=row.count("page", pages),
                size=row.size("size", size),
                floor=row.size("floor", SMALLEST),
                label_width=row.number("label_width", label_width),
                label_size=row.size("label_size", label_size),
                top=row.flag("top", default=False),
                continued=row.flag("continued", default=False),
                style=_one_of(row, "style", STYLES),
                join=row.text("join", "；"),
                suffix=row.text("suffix", ""),
                absent=row.text("absent", "无"),
                rule=row.flag("rule", default=rule),
            )
        )
        row.end()
    return tuple(rows)


def _grids(top: Table, pages: int) -> tuple[Grid, ...]:
    """Return the tables of the table."""
    grids = []
    for grid in top.tables("tables", required=False):
        source = grid.text("value")
        if not source.startswith("fields."):
            rows = Text(" fields.KEY，KEY 为 rows 字段", "fields.KEY of the kind rows")
            raise grid.error("value", rows)
        grids.append(
            Grid(
                field=source.removeprefix("fields."),
                label=grid.text("label", ""),
                box=grid.box("box"),
                page=grid.count("page", pages),
                size=grid.size("size", 10.0),
                floor=grid.size("floor", SMALLEST),
                columns=_columns(grid),
                blank=grid.flag("blank", default=False),
            )
        )
        grid.end()
    return tuple(grids)


def _columns(grid: Table) -> tuple[Column, ...]:
    columns = []
    for column in grid.tables("columns"):
        width = column.number("width")
        if not width:
            raise column.error("width", Text("大于 0 的数", "a number over 0"))
        columns.append(Column(column.text("key"), column.text("label", ""), width))
        column.end()
    return tuple(columns)
