"""Reads the raw tables of a layout key by key; what is left over is an error."""

from collections.abc import Mapping
from typing import TypeVar

from elicense.errors import CatalogError, ElicenseError
from elicense.model import Text
from elicense.strict_table import StrictTable

Millimetres = tuple[float, float, float, float]
"""left, top, width, height."""
_LARGEST = 1000  # millimetres or points of a page
_SMALLEST_TYPE, _LARGEST_TYPE = 1, 200  # points
_SLACK = 1e-6
_T = TypeVar("_T")


class Table(StrictTable):
    """One table of a layout: texts, lengths in millimetres, tables below it."""

    def __init__(self, type_name: str, where: str, table: Mapping[str, object]) -> None:
        """Keep the table and where it stands."""
        super().__init__(table)
        self.type_name = type_name
        self._where = where
        self._given = frozenset(table)
        self._paper: tuple[float, float] | None = None

    def lies_on(self, width: float, height: float) -> None:
        """Refuse boxes that are not on a paper of this size, here and in tables below.

        Args:
            width: of the paper in millimetres.
            height: likewise.
        """
        self._paper = (width, height)

    def error(self, key: str, expected: Text) -> ElicenseError:
        """Return the error that names a key and says what is expected there.

        Args:
            key: missing or wrong.
            expected: what belongs there.
        """
        if key in self._given:
            return self.wrong(
                key, Text(f"应为{expected.zh}", f"expected {expected.en}")
            )
        return self._missing(
            key,
            Text(f"缺少该项，应为{expected.zh}", f"is missing; expected {expected.en}"),
        )

    def wrong(self, key: str, what: Text) -> CatalogError:
        """Return the error that names a key and says what is wrong with it."""
        place = f"{self._where}.{key}"
        return CatalogError(
            Text(
                f"证照类型 {self.type_name} 的版式表 {place}：{what.zh}",
                f"type {self.type_name}: {place}: {what.en}",
            )
        )

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text."""
        value = self._take(key, default)
        if not isinstance(value, str):
            raise self.error(key, Text("文本", "a text"))
        return value

    def choice(
        self, key: str, values: Mapping[str, _T], default: str | None = None
    ) -> _T:
        """Return the value that a text names."""
        name = self._take(key, default)
        if not isinstance(name, str) or name not in values:
            listed = [f'"{item}"' for item in values if item]
            raise self.error(
                key,
                Text(f"下列之一：{'、'.join(listed)}", f"one of: {', '.join(listed)}"),
            )
        return values[name]

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; absent means none."""
        return self._texts(
            key, self._take(key, []), Text("文本列表", "a list of texts")
        )

    def text_or_texts(self, key: str) -> tuple[str, ...]:
        """Return a text, or a list of at least one, as a list."""
        value = self._take(key)
        expected = Text("文本，或至少一项的文本列表", "a text, or a list of some")
        texts = self._texts(key, [value] if isinstance(value, str) else value, expected)
        if not texts:
            raise self.error(key, expected)
        return texts

    def _texts(self, key: str, value: object, expected: Text) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.error(key, expected)
        texts = tuple(item for item in value if isinstance(item, str))
        if len(texts) != len(value):
            raise self.error(key, expected)
        return texts

    def number(self, key: str, default: float | None = None) -> float:
        """Return a positive number or zero."""
        expected = Text(f" 0 至 {_LARGEST} 的数", f"a number from 0 to {_LARGEST}")
        return self._float(key, self._take(key, default), expected)

    def size(self, key: str, default: float | None = None) -> float:
        """Return a type size in points."""
        value = self.number(key, default)
        if not _SMALLEST_TYPE <= value <= _LARGEST_TYPE:
            low, high = _SMALLEST_TYPE, _LARGEST_TYPE
            expected = Text(
                f" {low} 至 {high} 磅", f"a type size from {low} to {high} points"
            )
            raise self.error(key, expected)
        return value

    def count(self, key: str, limit: int, default: int = 1) -> int:
        """Return a whole number from 1 to a limit."""
        value = self._take(key, default)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not isinstance(value, int) or not whole or not 1 <= value <= limit:
            some = Text(f" 1 至 {limit} 的整数", f"a whole number from 1 to {limit}")
            raise self.error(key, some if limit > 1 else Text(" 1", "1"))
        return value

    def tables(self, key: str, *, required: bool = True) -> "list[Table]":
        """Return an array of tables, with at least one entry where it is required."""
        value = self._take(key, None if required else [])
        expected = Text("表的列表", "a list of tables")
        if required:
            expected = Text("表的列表，至少一项", "a list of tables, one at least")
        if not isinstance(value, list) or (required and not value):
            raise self.error(key, expected)
        if not all(isinstance(item, dict) for item in value):
            raise self.error(key, expected)
        return [self._below(f"{key}[{n}]", item) for n, item in enumerate(value)]

    def _below(self, place: str, content: Mapping[str, object]) -> "Table":
        table = Table(self.type_name, f"{self._where}.{place}", content)
        table._paper = self._paper
        return table

    def box(self, key: str) -> Millimetres:
        """Return left, top, width, height."""
        left, top, width, height = self._floats(key, "[left, top, width, height]")
        if self._paper is not None:
            self._check_on(key, left + width, self._paper[0], Text("右", "right"))
            self._check_on(key, top + height, self._paper[1], Text("下", "lower"))
        return (left, top, width, height)

    def _check_on(self, key: str, end: float, paper: float, side: Text) -> None:
        """Refuse an edge beyond the paper's."""
        if end > paper + _SLACK:
            raise self.wrong(
                key,
                Text(
                    f"{side.zh}边位于 {end:g} 毫米，纸面止于 {paper:g} 毫米",
                    f"its {side.en} edge is at {end:g} mm, the paper ends at"
                    f" {paper:g} mm",
                ),
            )

    def box_or_none(self, key: str) -> Millimetres | None:
        """Return left, top, width, height, or None where the key is absent."""
        return self.box(key) if key in self else None

    def rules(self, key: str) -> tuple[Millimetres, ...]:
        """Return a list of straight rules, x and y of both ends; absent means none."""
        value = self._take(key, [])
        expected = _lengths("[x1, y1, x2, y2]")
        expected = Text(f"列表，每项为{expected.zh}", f"a list of {expected.en}")
        if not isinstance(value, list):
            raise self.error(key, expected)
        found = []
        for item in value:
            x1, y1, x2, y2 = self._each(key, item, 4, expected)
            found.append((x1, y1, x2, y2))
        return tuple(found)

    def pair(self, key: str, names: str) -> tuple[float, float]:
        """Return two lengths.

        Args:
            key: of the pair.
            names: of both in brackets, for the error.
        """
        first, second = self._floats(key, names)
        return (first, second)

    def pair_or_none(self, key: str, names: str) -> tuple[float, float] | None:
        """Return two lengths, or None where the key is absent."""
        return self.pair(key, names) if key in self else None

    def triple(self, key: str, names: str) -> tuple[float, float, float]:
        """Return three lengths; ``names`` as for :meth:`pair`."""
        first, second, third = self._floats(key, names)
        return (first, second, third)

    def _floats(self, key: str, names: str) -> list[float]:
        """Return as many lengths as there are names."""
        count = names.count(",") + 1
        return self._each(key, self._take(key), count, _lengths(names))

    def _each(self, key: str, value: object, count: int, expected: Text) -> list[float]:
        if not isinstance(value, list) or len(value) != count:
            raise self.error(key, expected)
        return [self._float(key, item, expected) for item in value]

    def _float(self, key: str, value: object, expected: Text) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, expected)
        if not 0 <= value <= _LARGEST:
            raise self.error(key, expected)
        return float(value)


_NAMES = {"left": "左", "top": "上", "width": "宽", "height": "高", "bottom": "下"}


def _lengths(names: str) -> Text:
    """Return what is expected of several lengths with these names."""
    zh = names
    for name, called in _NAMES.items():
        zh = zh.replace(name, called)
    return Text(
        f" {zh}，各为 0 至 {_LARGEST} 毫米", f"{names}, each 0 to {_LARGEST} mm"
    )
