"""A built-in type on the bench: one good application, and what others come to.

The good ones are the examples of the reference; tests say which entries are other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from elicense.catalog import Catalog, Checked, LicenseType, check_application
from elicense.errors import ApplicationError

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
PHOTO = "iVBORw0KGgo="  # it is not looked into here

MAN = {"name": "买买提·示例", "code": "990100199003070019"}
WOMAN = {"name": "阿依古丽·示例", "code": "990100198506120028"}

BAD_USCC = ("统一社会信用代码的校验位错误", "the check character is wrong")
BAD_ORGANIZATION = ("（组织机构代码）的校验位错误", "(characters 9 to 17) is wrong")
BAD_ID = ("公民身份号码的校验位错误", "citizen id: the check character is wrong")
BAD_OTHER = ("5 至 24 位数字和大写字母", "5 to 24 digits and capital letters")
BAD_MONEY = ("金额应写作“1000000 CNY”", "expected an amount as 1000000 CNY")
BAD_DAY = ("日期应写作 YYYY-MM-DD", "expected a day as YYYY-MM-DD")
NO_END = ("长期请写 null", "or null for an open end")
LOOK_AGAIN = ("早于发证日期，请核对", "lies before issue_date: look again")
ENDED = ("有效期已满", "the license has ended already")
BACKWARDS = ("早于有效期起始日", "lies before valid_from")
DOT = ("间隔号已统一为 U+00B7（·）", "the separator was changed to U+00B7 (·)")
_PLACE = re.compile(r"(?P<key>\w+)(?:\[(?P<item>\d+)\])?(?:\.(?P<column>\w+))?")


@dataclass(frozen=True)
class Bench:
    """A type in one version and an application that follows its rules."""

    kind: LicenseType
    good: Mapping[str, object]

    def check(self, changes: Mapping[str, object]) -> Checked:
        """Return what the good application comes to with other entries; ... is none."""
        both = {**self.good, **changes}
        application = {key: value for key, value in both.items() if value is not ...}
        return check_application(self.kind, application, AT)

    def accepts(self, changes: Mapping[str, object]) -> Checked:
        """Assert that it passes without a problem or warning, and that it is kept."""
        return self.tells(changes)

    def tells(self, changes: Mapping[str, object], *expected) -> Checked:
        """Assert that it passes with these warnings alone, and that it is kept."""
        checked = self.check(changes)
        _same(checked.warnings, expected)
        for key, value in changes.items():
            if value is not ...:
                assert _drafted(checked, key) == _given(key, value), key
        return checked

    def folds(self, changes: Mapping[str, object], kept, *expected) -> Checked:
        """Assert that it passes with these warnings, and that `kept` is what stays."""
        checked = self.check(changes)
        _same(checked.warnings, expected)
        for key, value in kept.items():
            assert _drafted(checked, key) == _given(key, value), key
        return checked

    def refuses(self, changes: Mapping[str, object], *expected) -> None:
        """Assert that it is refused for these problems alone."""
        with pytest.raises(ApplicationError) as caught:
            self.check(changes)
        _same(caught.value.problems, expected)

    def keeps_to_length(self, place: str, length: int, form: str = "{}") -> None:
        """Assert that a text at a place has so many characters at most."""
        room = length - len(form) + 2
        self.accepts(self.with_text(place, form.format("示" * room)))
        self.refuses(
            self.with_text(place, form.format("示" * (room + 1))),
            (
                place,
                f"过长：最多 {length} 个字符，现有 {length + 1} 个",
                f"too long: at most {length} characters, there are {length + 1}",
            ),
        )

    def keeps_to_count(self, key: str, most: int) -> None:
        """Assert that an array has one to so many items."""
        items = self.good[key]
        self.accepts({key: [items[0]] * most})
        for wrong in ([], [items[0]] * (most + 1), {}, "示例", 7):
            self.refuses(
                {key: wrong},
                (key, f"应为列表，1 至 {most} 项", f"expected a list of 1 to {most}"),
            )

    def keeps_to_count_of_holders(self, most: int) -> None:
        """Assert that there are one to so many holders."""
        holder = self.good["holders"][0]
        self.accepts({"holders": [holder] * most})
        for wrong in ([], [holder] * (most + 1), holder):
            self.refuses(
                {"holders": wrong},
                (
                    "holders",
                    f"应为持证主体列表，1 至 {most} 个",
                    f"expected a list of 1 to {most} holders",
                ),
            )

    def with_text(self, place: str, text: object) -> dict[str, object]:
        """Return the change that puts a text at a place, such as ``units[0].name``."""
        match = _PLACE.fullmatch(place)
        key, column = match["key"], match["column"]
        if match["item"] is None:
            return {key: text}
        items = list(self.good[key])
        items[int(match["item"])] = {**items[0], column: text} if column else text
        return {key: items}


def bench(name: str, good: Mapping[str, object], version: int | None = None) -> Bench:
    """Return a built-in type, the newest version unless another is named."""
    return Bench(Catalog.builtin().get(name, version), good)


def missing(zh: str, en: str) -> tuple[str, str]:
    """Return what is said of a field that is not there."""
    return (f"缺少“{zh}”，应为", f"{en} is missing; expected ")


def among(*choices: str) -> tuple[str, str]:
    """Return what is said of a value outside a list."""
    zh, en = "、".join(choices), ", ".join(choices)
    return (f"只能取：{zh}", f"expected one of: {en}")


def _same(found, expected) -> None:
    told = [(item.field, item.message.zh, item.message.en) for item in found]
    assert [field for field, _, _ in told] == [field for field, *_ in expected], told
    for (_, zh, en), (_, part_zh, part_en) in zip(told, expected, strict=True):
        assert part_zh in zh
        assert part_en in en


def _drafted(checked: Checked, key: str) -> object:
    """Return what a draft has under a key of an application, as JSON would have it."""
    draft = checked.draft
    if key == "holders":
        return [(item.name, item.code) for item in draft.holders]
    owner = draft.validity if key in ("valid_from", "valid_until") else draft
    return _plain(getattr(owner, key) if hasattr(owner, key) else draft.fields.get(key))


def _given(key: str, value: object) -> object:
    if key == "holders":
        return [(item["name"], item["code"]) for item in value]
    return _plain(value)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
