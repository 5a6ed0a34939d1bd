"""Reads a license type from TOML; strict, so that a slip is never a silent default.

The schema is the attributes of :mod:`elicense.catalog.kinds`. An unknown key, a
repeated key, another type of value or a rule that cannot hold is a CatalogError that
names the file and the key.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from elicense.catalog.field_reader import MAX_COUNT, MAX_TEXT, read_field
from elicense.catalog.kinds import (
    CODE_TYPES,
    COPIES,
    ONLY,
    Background,
    CheckpointRule,
    Enforce,
    HolderRule,
    LicenseType,
    PhotoRule,
    Presentation,
    ValidityRule,
)
from elicense.catalog.number_reader import read_number
from elicense.catalog.references import check_references
from elicense.catalog.table import Table as _Table
from elicense.errors import CatalogError, ElicenseError, MalformedCodeError
from elicense.identifiers import check_type_code
from elicense.model import Text

FORMAT = "elicense.type/1"
MAX_FILE = 1 << 18  # bytes of one type's file; the longest built-in has 4 KiB
MAX_YEARS = 100  # a longer period is a slip
_NAME = re.compile("[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_PDF_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,79}\.pdf")
_FUNCTION = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_MAX_NAME = 40
_MAX_PRESENTATION = 8  # characters of 正本, 电子版 and their like
Beside = Callable[[str], bytes]
"""Gives the file of a name beside a type's; KeyError where there is none, and an
ElicenseError where it can not be read."""


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
    check_references(license_type, table)
    return license_type


def _license_type(table: _Table, beside: Beside) -> LicenseType:
    name = table.text("name")
    presentations = _presentations(table, beside)
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
        table.fault(
            "name", "应为小写字母、数字和连字符", "expected a-z, 0-9 and hyphens"
        )
    return LicenseType(
        name=name,
        version=table.integer("version", 1 << 16),
        code=_type_code(table),
        title=table.both("title"),
        number_label=table.both("number_label"),
        holder_label=table.both("holder_label"),
        holders=table.whole("holders", _holders),
        number=table.whole("number", read_number),
        validity=table.whole("validity", _validity),
        checkpoints=table.each("checkpoints", _checkpoint, required=False),
        fields=table.each("fields", read_field),
        photo=table.enum("photo", PhotoRule),
        number_holds_citizen_id=table.take("number_holds_citizen_id", bool, False),  # noqa: FBT003  a default
        copies=table.texts("copies", COPIES) or COPIES[-1:],
        presentations=presentations,
    )


def _presentations(table: _Table, beside: Beside) -> tuple[Presentation, ...]:
    """Return the presentations: one layout, or several by their names."""
    if "layouts" not in table.names():
        layout = dict(table.take("layout", dict, {}))
        return (_presentation(table, ("layout", ONLY), layout, beside),)
    named = table.table("layouts")
    presentations = [
        _presentation(table, (f"layouts: {name}", name), named.take(name, dict), beside)
        for name in named.names()
    ]
    if not all(0 < len(item.name) <= _MAX_PRESENTATION for item in presentations):
        table.fault(
            "layouts",
            f"名称应为 1 至 {_MAX_PRESENTATION} 个字符",
            f"expected names of 1 to {_MAX_PRESENTATION} characters",
        )
    if not presentations:
        table.fault("layouts", "至少应有一个", "expected at least one")
    return tuple(presentations)


def _presentation(
    table: _Table,
    place: tuple[str, str],
    content: Mapping[str, object],
    beside: Beside,
) -> Presentation:
    """Return one presentation; what its layout says of static art is taken out of it.

    Args:
        table: for errors.
        place: key for errors, and the presentation's name.
        content: the layout table.
        beside: gives a background by its name.
    """
    where, presentation = place
    layout = dict(content)
    name, art = layout.pop("background", None), layout.pop("art", None)
    if name is not None and art is not None:
        table.fault(
            where, "background 与 art 只能取其一", "background or art, not both"
        )
    if art is not None and not (isinstance(art, str) and _FUNCTION.fullmatch(art)):
        table.fault(
            f"{where}: art", "应为 模块:函数", "expected package.module:function"
        )
    found = None
    if name is not None:
        if not (isinstance(name, str) and _PDF_NAME.fullmatch(name)):
            table.fault(
                f"{where}: background",
                "应为同一文件夹中 PDF 的文件名",
                "expected the name of a PDF in the same folder",
            )
        found = Background(name, _background(table, where, name, beside))
    return Presentation(presentation, MappingProxyType(layout), found, str(art or ""))


def _background(table: _Table, where: str, name: str, beside: Beside) -> bytes:
    """Return the file that a layout names as its background."""
    key = f"{where}: background"
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


def _holders(table: _Table) -> HolderRule:
    code_types = table.texts("code_types", CODE_TYPES)
    if not code_types:
        table.fault("code_types", "至少应有一种", "expected at least one")
    return HolderRule(
        code_types,
        table.integer("max_count", MAX_COUNT),
        table.integer("name_max_length", MAX_TEXT),
        table.texts("roles"),
        table.text("example", ""),
    )


def _validity(table: _Table) -> ValidityRule:
    rule = table.text("rule")
    if rule == "years":
        years = table.integer("years", MAX_YEARS)
        return ValidityRule(years, table.enum("enforce", Enforce, Enforce.ERROR))
    if rule != "open":
        table.fault("rule", "只能取 years 或 open", "expected years or open")
    return ValidityRule(None)


def _checkpoint(table: _Table) -> CheckpointRule:
    years = table.integer("years", MAX_YEARS) if "years" in table else 0
    months = table.integer("months", 12 * MAX_YEARS) if "months" in table else 0
    if bool(years) == bool(months):
        table.fault("years", "应给出 years 或 months 之一", "expected years or months")
    extensions = "max_extensions"
    rule = CheckpointRule(
        kind=table.text("kind"),
        years=years,
        done_field=table.text("done_field", ""),
        months=months,
        once=table.flag("once", default=False),
        extended_field=table.text("extended_field", ""),
        max_extensions=table.integer(extensions, MAX_COUNT)
        if extensions in table
        else 0,
    )
    if bool(rule.extended_field) != bool(rule.max_extensions):
        table.fault(
            extensions,
            "extended_field 与 max_extensions 应同时给出",
            "expected extended_field and max_extensions together",
        )
    if rule.extended_field and not rule.once:
        table.fault(
            "once", "只有一次性的才能延期", "only what is due once can be put off"
        )
    return rule
