"""Reads a license type from TOML; strict, so that a slip is never a silent default.

The schema is the attributes of :mod:`elicense.catalog.kinds`. An unknown key, a
repeated key, another type of value or a rule that cannot hold is a CatalogError that
names the file and the key.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Never, TypeVar

from elicense.catalog.kinds import (
    CODE_TYPES,
    COPIES,
    ORGANIZATION_CODE_TYPES,
    Background,
    CheckpointRule,
    ChoicesBy,
    Enforce,
    FieldKind,
    FieldRule,
    HolderRule,
    LicenseType,
    NumberKind,
    NumberRule,
    PhotoRule,
    ValidityRule,
)
from elicense.errors import CatalogError, ElicenseError, MalformedCodeError
from elicense.identifiers import check_type_code
from elicense.model import Text

FORMAT = "elicense.type/1"
MAX_FILE = 1 << 18  # bytes of one type's file; the longest built-in has 4 KiB
MAX_TEXT = 3000  # characters of one value: 经营范围 is the longest known
MAX_COUNT = 100  # texts of an array, holders of a license
MAX_YEARS = 100  # a longer period is a slip
RESERVED_KEYS = frozenset(
    (
        *("holders", "number", "issue_date", "valid_from", "valid_until"),
        *("checkpoints", "origin", "copy", "photo", "case", "issuer"),
    )
)
_NAME = re.compile("[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_KEY = re.compile("[a-z][a-z0-9_]*")
_DIGIT = re.compile("[0-9]")
_PDF_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,79}\.pdf")
_FUNCTION = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_MAX_NAME = 40
Beside = Callable[[str], bytes]
"""Gives the file of a name beside a type's; KeyError where there is none, and an
ElicenseError where it can not be read."""
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


def no_file(name: str) -> bytes:
    """Give no file: nothing is beside the type's.

    Raises:
        KeyError: always.
    """
    raise KeyError(name)


def read_type(data: bytes, file: str, beside: Beside = no_file) -> LicenseType:
    """Return the license type that a TOML file describes.

    A background is NOT looked into, and a function that draws is not imported.

    Args:
        data: the file's bytes, UTF-8.
        file: its name, for errors.
        beside: gives the background that the type names, and is asked for no other.

    Raises:
        CatalogError: the file is not TOML, or not of this schema, or its background is
            not there or can not be read.
    """
    if len(data) > MAX_FILE:
        raise CatalogError(Text(f"{file}：文件过大", f"{file}: the file is too large"))
    try:
        content = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as err:
        raise CatalogError(
            Text(f"{file}：不是有效的 TOML 文件：{err}", f"{file}: not TOML: {err}")
        ) from err
    table = _Table(content, file)
    if table.text("format") != FORMAT:
        table.fault("format", f"应为 {FORMAT}", f"expected {FORMAT}")
    license_type = _license_type(table, beside)
    table.end()
    _check_references(license_type, table)
    return license_type


class _Table:
    """The entries of one TOML table, taken out one by one."""

    def __init__(self, content: Mapping[str, object], where: str) -> None:
        self._left = dict(content)
        self._where = where

    def error(self, key: str, zh: str, en: str) -> CatalogError:
        place = f"{self._where}: {key}"
        return CatalogError(Text(f"{place}：{zh}", f"{place}: {en}"))

    def fault(self, key: str, zh: str, en: str) -> Never:
        raise self.error(key, zh, en)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        if key not in self._left:
            if default is None:
                self.fault(key, "缺少该项", "is missing")
            return default
        value = self._left.pop(key)
        if not isinstance(value, kind) or (
            isinstance(value, bool) and kind is not bool
        ):
            self.fault(key, f"应为 {kind.__name__}", f"expected a {kind.__name__}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key, str, default)
        if value.strip() != value or (not value and default is None):
            self.fault(key, "不得为空，首尾不得有空格", "blank, or spaces at its ends")
        return value

    def integer(self, key: str, maximum: int, default: int | None = None) -> int:
        value = self.take(key, int, default)
        if not 1 <= value <= maximum:
            self.fault(key, f"应在 1 至 {maximum} 之间", f"expected 1 to {maximum}")
        return value

    def texts(self, key: str, allowed: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self.take(key, list, [])
        texts = tuple(item for item in value if isinstance(item, str) and item)
        if len(texts) != len(value) or len(set(texts)) != len(texts):
            self.fault(key, "应为不重复的文本列表", "expected a list of distinct texts")
        if allowed and not set(texts) <= set(allowed):
            self.fault(key, f"只能取：{allowed}", f"expected some of {allowed}")
        return texts

    def enum(self, key: str, kind: type[E], default: E | None = None) -> E:
        value = self.text(key, None if default is None else str(default))
        if value not in [str(member) for member in kind]:
            names = ", ".join(kind)
            self.fault(key, f"只能取：{names}", f"expected one of: {names}")
        return kind(value)

    def table(self, key: str) -> "_Table":
        return _Table(self.take(key, dict), f"{self._where}: {key}")

    def tables(self, key: str, *, required: bool) -> list["_Table"]:
        value = self.take(key, list, None if required else [])
        if not all(isinstance(item, dict) for item in value):
            self.fault(key, "应为表的列表", "expected a list of tables")
        return [
            _Table(item, f"{self._where}: {key}[{number}]")
            for number, item in enumerate(value)
        ]

    def optional(self, key: str, read: Callable[["_Table"], T]) -> T | None:
        return self.whole(key, read) if key in self._left else None

    def whole(self, key: str, read: Callable[["_Table"], T]) -> T:
        table = self.table(key)
        value = read(table)
        table.end()
        return value

    def each(
        self, key: str, read: Callable[["_Table"], T], *, required: bool = True
    ) -> tuple[T, ...]:
        values = []
        for table in self.tables(key, required=required):
            values.append(read(table))
            table.end()
        return tuple(values)

    def names(self) -> list[str]:
        return list(self._left)

    def end(self) -> None:
        for key in self._left:
            self.fault(key, "不认识该项", "unknown key")


def _license_type(table: _Table, beside: Beside) -> LicenseType:
    name = table.text("name")
    layout = dict(table.take("layout", dict, {}))
    background, art = _static_art(table, layout, beside)
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
        table.fault(
            "name", "应为小写字母、数字和连字符", "expected a-z, 0-9 and hyphens"
        )
    return LicenseType(
        name=name,
        version=table.integer("version", 1 << 16),
        code=_type_code(table),
        title=table.whole("title", _text),
        number_label=table.whole("number_label", _text),
        holder_label=table.whole("holder_label", _text),
        holders=table.whole("holders", _holders),
        number=table.whole("number", _number),
        validity=table.whole("validity", _validity),
        checkpoints=table.each("checkpoints", _checkpoint, required=False),
        fields=table.each("fields", _field),
        photo=table.enum("photo", PhotoRule),
        number_holds_citizen_id=table.take("number_holds_citizen_id", bool, False),  # noqa: FBT003  a default
        copies=table.texts("copies", COPIES) or COPIES[-1:],
        layout=MappingProxyType(layout),
        background=background,
        art=art,
    )


def _static_art(
    table: _Table, layout: dict[str, object], beside: Beside
) -> tuple[Background | None, str]:
    """Take what a layout says of static art out of it."""
    name, art = layout.pop("background", None), layout.pop("art", None)
    if name is not None and art is not None:
        table.fault(
            "layout", "background 与 art 只能取其一", "background or art, not both"
        )
    if art is not None and not (isinstance(art, str) and _FUNCTION.fullmatch(art)):
        table.fault("layout: art", "应为 模块:函数", "expected package.module:function")
    if name is None:
        return None, str(art or "")
    if not (isinstance(name, str) and _PDF_NAME.fullmatch(name)):
        table.fault(
            "layout: background",
            "应为同一文件夹中 PDF 的文件名",
            "expected the name of a PDF in the same folder",
        )
    return Background(name, _background(table, name, beside)), ""


def _background(table: _Table, name: str, beside: Beside) -> bytes:
    """Return the file that a type names as its background."""
    key = "layout: background"
    try:
        return beside(name)
    except KeyError as err:
        raise table.error(key, f"没有文件 {name}", f"there is no file {name}") from err
    except ElicenseError as err:
        raise table.error(key, err.message.zh, err.message.en) from err


def _type_code(table: _Table) -> str:
    code = table.text("code")
    try:
        check_type_code(code)
    except MalformedCodeError as err:
        raise table.error("code", err.message.zh, err.message.en) from err
    return code


def _text(table: _Table) -> Text:
    return Text(table.text("zh"), table.text("en"))


def _holders(table: _Table) -> HolderRule:
    code_types = table.texts("code_types", CODE_TYPES)
    if not code_types:
        table.fault("code_types", "至少应有一种", "expected at least one")
    return HolderRule(
        code_types,
        table.integer("max_count", MAX_COUNT),
        table.integer("name_max_length", MAX_TEXT),
        table.texts("roles"),
    )


def _number(table: _Table) -> NumberRule:
    kind = table.enum("rule", NumberKind)
    match kind:
        case NumberKind.SUPPLIED:
            return NumberRule(kind, max_length=table.integer("max_length", 80))
        case NumberKind.HOLDER_CODE:
            return NumberRule(kind, prefix=table.text("prefix", ""))
        case NumberKind.FOOD_BUSINESS:
            return NumberRule(
                kind,
                form_field=table.text("form_field"),
                forms=table.whole("forms", _forms),
            )


def _forms(table: _Table) -> Mapping[str, str]:
    forms = {key: table.text(key) for key in table.names()}
    for key, digit in forms.items():
        if not _DIGIT.fullmatch(digit):
            table.fault(key, "应为一位数字", "expected one digit")
    return MappingProxyType(forms)


def _validity(table: _Table) -> ValidityRule:
    rule = table.text("rule")
    if rule == "years":
        return ValidityRule(table.integer("years", MAX_YEARS))
    if rule != "open":
        table.fault("rule", "只能取 years 或 open", "expected years or open")
    return ValidityRule(None)


def _checkpoint(table: _Table) -> CheckpointRule:
    return CheckpointRule(
        table.text("kind"),
        table.integer("years", MAX_YEARS),
        table.text("done_field", ""),
    )


def _field(table: _Table) -> FieldRule:
    key = table.text("key")
    if not _KEY.fullmatch(key) or len(key) > _MAX_NAME or key in RESERVED_KEYS:
        table.fault(
            "key",
            "应为小写字母、数字和下划线，且不与公共项重名",
            "expected a-z, 0-9 and _, and no common key",
        )
    kind = table.enum("kind", FieldKind)
    choices = table.texts("choices")
    if (kind is FieldKind.CHOICE) != bool(choices):
        table.fault(
            "choices", "choice 字段必须列出选项", "a choice, and only it, has some"
        )
    return FieldRule(
        key=key,
        label=table.whole("label", _text),
        kind=kind,
        required=table.take("required", bool, True),  # noqa: FBT003  a default
        max_length=table.integer("max_length", MAX_TEXT, 200),
        max_count=table.integer("max_count", MAX_COUNT, 1),
        choices=choices,
        suffix=table.take("suffix", bool, False),  # noqa: FBT003  a default
        choices_by=table.optional("choices_by", _choices_by),
        in_qr=table.take("in_qr", bool, False),  # noqa: FBT003  a default
        enforce=table.enum("enforce", Enforce, Enforce.ERROR),
        agrees=_one_of(table, "agrees", ("", "sex", "birth")),
        not_after=_one_of(table, "not_after", ("", "issue_date", "valid_from")),
    )


def _one_of(table: _Table, key: str, allowed: tuple[str, ...]) -> str:
    value = table.text(key, "")
    if value not in allowed:
        names = ", ".join(allowed[1:])
        table.fault(key, f"只能取：{names}", f"expected one of: {names}")
    return value


def _choices_by(table: _Table) -> ChoicesBy:
    return ChoicesBy(table.text("field"), table.whole("lists", _lists))


def _lists(table: _Table) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({key: table.texts(key) for key in table.names()})


def _check_references(license_type: LicenseType, table: _Table) -> None:
    """Refuse two fields of one key, and rules about fields that cannot hold."""
    rules = {rule.key: rule for rule in license_type.fields}
    if len(rules) != len(license_type.fields):
        table.fault("fields", "字段 key 重复", "two fields have the same key")
    for checkpoint in license_type.checkpoints:
        done = checkpoint.done_field
        if done and (done not in rules or rules[done].kind is not FieldKind.DATE):
            table.fault(
                "checkpoints", f"{done} 不是日期字段", f"{done} is no date field"
            )
    _check_masked(license_type, table)
    number = license_type.number
    if number.form_field:
        _check_keys(number.form_field, number.forms, rules, table)
    for rule in license_type.fields:
        if rule.choices_by is not None:
            _check_keys(rule.choices_by.field, rule.choices_by.lists, rules, table)
        if rule.not_after and rule.kind is not FieldKind.DATE:
            table.fault(
                f"fields: {rule.key}", "not_after 只用于日期", "not_after is for dates"
            )


def _check_masked(license_type: LicenseType, table: _Table) -> None:
    """Refuse a type that would publish its holders' codes as numbers."""
    persons = set(license_type.holders.code_types) - set(ORGANIZATION_CODE_TYPES)
    derived = license_type.number.kind is NumberKind.HOLDER_CODE
    if persons and derived and not license_type.number_holds_citizen_id:
        table.fault(
            "number_holds_citizen_id",
            "编号含自然人证件号码，必须为 true",
            "must be true: the number holds the code of a natural person",
        )


def _check_keys(
    key: str,
    values: Mapping[str, object],
    rules: Mapping[str, FieldRule],
    table: _Table,
) -> None:
    """Refuse values that field ``key`` cannot have."""
    choices = rules[key].choices if key in rules else ()
    if not choices or not set(values) <= set(choices):
        table.fault(
            f"fields: {key}", "选项与规则不一致", "a rule names values it cannot have"
        )
