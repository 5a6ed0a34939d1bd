"""Takes the entries of a file's tables as values; the errors name file and key."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Never, TypeVar

from elicense.errors import CatalogError
from elicense.model import Text
from elicense.strict_table import StrictTable

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
_KINDS: Mapping[type, Text] = {
    str: Text("文本", "a text"),
    int: Text("整数", "a whole number"),
    bool: Text(" true 或 false", "true or false"),
    date: Text("日期（如 2026-01-31）", "a day, such as 2026-01-31"),
    list: Text("列表", "a list"),
    dict: Text("表", "a table"),
}
"""What TOML calls a kind of value, in words."""


class Table(StrictTable):
    """The entries of one TOML table, taken out one by one.

    Whatever is not as it should be is a CatalogError that names file and key.
    """

    def __init__(self, content: Mapping[str, object], where: str) -> None:
        """Start with all entries.

        Args:
            content: the table.
            where: the file and the keys that lead to the table, for errors.
        """
        super().__init__(content)
        self._where = where

    def wrong(self, key: str, what: Text) -> CatalogError:
        """Return the error of one entry."""
        place = f"{self._where}: {key}"
        return CatalogError(Text(f"{place}：{what.zh}", f"{place}: {what.en}"))

    def error(self, key: str, zh: str, en: str) -> CatalogError:
        """Return the same error, in words."""
        return self.wrong(key, Text(zh, en))

    def fault(self, key: str, zh: str, en: str) -> Never:
        """Raise the error of one entry."""
        raise self.error(key, zh, en)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """Take an entry of a kind; one without default has to be there."""
        if key not in self and default is None:
            raise self._missing(key, Text("缺少该项", "is missing"))
        value = self._take(key, default)
        if not isinstance(value, kind) or (
            isinstance(value, bool) and kind is not bool
        ):
            expected = _KINDS[kind]
            self.fault(key, f"应为{expected.zh}", f"expected {expected.en}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Take a text without space at its ends; blank only where it has a default."""
        value = self.take(key, str, default)
        if value.strip() != value or (not value and default is None):
            self.fault(key, "不得为空，首尾不得有空格", "blank, or spaces at its ends")
        return value

    def integer(self, key: str, maximum: int, default: int | None = None) -> int:
        """Take a number from 1 on."""
        value = self.take(key, int, default)
        if not 1 <= value <= maximum:
            self.fault(key, f"应在 1 至 {maximum} 之间", f"expected 1 to {maximum}")
        return value

    def texts(self, key: str, allowed: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Take a list of distinct texts, all of them allowed; none if left out."""
        value = self.take(key, list, [])
        texts = tuple(item for item in value if isinstance(item, str) and item)
        if len(texts) != len(value) or len(set(texts)) != len(texts):
            self.fault(key, "应为不重复的文本列表", "expected a list of distinct texts")
        if allowed and not set(texts) <= set(allowed):
            names = ", ".join(allowed)
            self.fault(key, f"只能取：{names}", f"expected some of: {names}")
        return texts

    def enum(self, key: str, kind: type[E], default: E | None = None) -> E:
        """Take the value of an enumeration."""
        value = self.text(key, None if default is None else str(default))
        if value not in [str(member) for member in kind]:
            names = ", ".join(kind)
            self.fault(key, f"只能取：{names}", f"expected one of: {names}")
        return kind(value)

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str:
        """Take one of several words; empty if left out."""
        value = self.text(key, "")
        if value and value not in allowed:
            names = ", ".join(allowed)
            self.fault(key, f"只能取：{names}", f"expected one of: {names}")
        return value

    def both(self, key: str) -> Text:
        """Take a text in both languages."""
        if key in self._left and not isinstance(self._left[key], dict):
            form = '{ zh = "…", en = "…" }'
            self.fault(key, f"应为 {form}", f"expected {form}")
        return self.whole(key, _both)

    def pairs(self, key: str) -> Mapping[str, str]:
        """Take a table of texts; an empty one if left out."""
        found = self.optional(key, _pairs)
        return MappingProxyType({}) if found is None else found

    def table(self, key: str) -> "Table":
        """Take a table."""
        return Table(self.take(key, dict), f"{self._where}: {key}")

    def tables(self, key: str, *, required: bool) -> list["Table"]:
        """Take a list of tables."""
        value = self.take(key, list, None if required else [])
        if not all(isinstance(item, dict) for item in value):
            self.fault(key, "应为表的列表", "expected a list of tables")
        return [
            Table(item, f"{self._where}: {key}[{number}]")
            for number, item in enumerate(value)
        ]

    def optional(self, key: str, read: Callable[["Table"], T]) -> T | None:
        """Take a table to its end as one value; None if left out."""
        return self.whole(key, read) if key in self else None

    def whole(self, key: str, read: Callable[["Table"], T]) -> T:
        """Take a table to its end as one value."""
        table = self.table(key)
        value = read(table)
        table.end()
        return value

    def each(
        self, key: str, read: Callable[["Table"], T], *, required: bool = True
    ) -> tuple[T, ...]:
        """Take a list of tables, each to its end as one value."""
        values = []
        for table in self.tables(key, required=required):
            values.append(read(table))
            table.end()
        return tuple(values)

    def names(self) -> list[str]:
        """Return the keys of what is not yet taken."""
        return list(self._left)


def _both(table: Table) -> Text:
    return Text(table.text("zh"), table.text("en"))


def _pairs(table: Table) -> Mapping[str, str]:
    return MappingProxyType({key: table.text(key) for key in table.names()})
