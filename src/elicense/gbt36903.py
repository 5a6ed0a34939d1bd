"""Metadata: a license in the element names of GB/T 36903 (docs/formats/gbt36903.md).

The standard's text was not available: elements and names are reconstructed from
products that cite it. The format page says of each name how certain it is, and what is
left out.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from elicense.catalog.kinds import LicenseType
from elicense.dates import CHINA, period_end
from elicense.errors import MalformedCodeError
from elicense.identifiers import Identifier, check_uscc
from elicense.masking import mask_code, mask_holder, mask_number
from elicense.model import FieldValue, Holder, License, Text, Validity

SEPARATOR = "^"
"""Between several holders; what the standard joins them with is not known to us."""

OPEN_END = "长期"
"""有效期范围 of a license without a last day."""

EXTENSION_PREFIX = "KZ_"
"""Before the keys of the type's own fields, among pinyin names."""

CODE_TYPE_NAMES: Mapping[str, str] = {
    "001": "统一社会信用代码",
    "099": "其他法人或其他组织有效证件代码",
    "111": "公民身份号码",
    "114": "解放军军官证",
    "115": "武警警官证",
    "118": "解放军士兵证",
    "119": "武警士兵证",
    "120": "解放军文职人员证",
    "122": "武警文职人员证",
    "411": "外交护照",
    "412": "公务护照",
    "413": "公务普通护照",
    "414": "普通护照",
    "511": "台湾居民来往大陆通行证",
    "516": "港澳居民来往内地通行证",
    "999": "其他自然人有效证件代码",
}
"""Names of 持证主体代码类型 (Annex A)."""

_USCC_LENGTH = 18
_DIVISION = slice(2, 8)  # of a USCC (GB 32100)
_EXTENSION = "扩展业务信息"


class MetadataKeys(enum.StrEnum):
    """Which names the elements have: Chinese, initials of the pinyin, or English."""

    ZH = "zh"
    PINYIN = "pinyin"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Element:
    """One element by its three names."""

    zh: str
    pinyin: str
    en: str

    def name(self, keys: MetadataKeys) -> str:
        """Return one of the names."""
        match keys:
            case MetadataKeys.ZH:
                return self.zh
            case MetadataKeys.PINYIN:
                return self.pinyin
            case MetadataKeys.EN:
                return self.en


ELEMENTS = (
    Element("证照标识", "ZZBS", "certificate_identifier"),
    Element("证照类型名称", "ZZLXMC", "certificate_type_name"),
    Element("证照类型代码", "ZZLXDM", "certificate_type_code"),
    Element("证照名称", "ZZMC", "certificate_name"),
    Element("证照编号", "ZZBH", "certificate_number"),
    Element("证照版本号", "ZZBBH", "certificate_version"),
    Element("证照颁发机构", "ZZBFJG", "certificate_issuing_authority_name"),
    Element("证照颁发机构代码", "ZZBFJGDM", "certificate_issuing_authority_code"),
    Element("证照颁发日期", "ZZBFRQ", "certificate_issuing_authority_date"),
    Element("证照定义机构代码", "ZZDYJGDM", "certificate_define_authority_code"),
    Element("证照有效期起始日期", "ZZYXQQSRQ", "certificate_validate_start"),
    Element("证照有效期截止日期", "ZZYXQJZRQ", "certificate_validate_end"),
    Element("有效期范围", "YXQFW", "certificate_validity_range"),
    Element("证照所属管辖属地编码", "ZZSSGXSDBM", "certificate_area_code"),
    Element("持证主体", "CZZT", "certificate_holder_name"),
    Element("持证主体代码", "CZZTDM", "certificate_holder_code"),
    Element("持证主体代码类型", "CZZTDMLX", "certificate_holder_type_name"),
    Element("持证主体代码类型代码", "CZZTDMLXDM", "certificate_holder_type"),
    Element("证照签章时间", "ZZQZSJ", "certificate_seal_time"),
    Element(_EXTENSION, EXTENSION_PREFIX, "extend_info"),
    Element("状态", "ZZZT", "status"),
)
"""Every element that is written, in the order of the format page."""


def metadata(
    license: License,  # noqa: A002  the noun of this module
    license_type: LicenseType | None = None,
    *,
    keys: MetadataKeys,
    sealed_at: datetime | None = None,
    state: str | None = None,
    masked: bool = False,
) -> dict[str, object]:
    """Return a license as a share platform's table has it.

    An element that is not known is left out. Every value is a text but those of the
    type's own fields, which are as in the record. Does NOT verify anything, nor look up
    the issuer's division; nothing in it says that a license is a specimen.

    Args:
        license: the license, as the catalog checked it or its record was read.
        license_type: its type in its version; None where it is not known: then the
            type's name is left out, and its fields go by their keys in every form.
        keys: which names the elements have.
        sealed_at: the instant that the seal claims, aware.
        state: 状态 in the receiver's own words or codes; those of the standard are not
            known to us.
        masked: hide natural persons, a number that holds one's code, and the type's own
            fields; otherwise ids stand in clear, for the issuer's eyes.

    Raises:
        MalformedCodeError: the identifier is none, or a holder's name or code contains
            the separator.
        ValueError: the license is of another type or version, or ``sealed_at`` has no
            zone.
    """
    identifier = Identifier.parse(license.identifier)
    if license_type is not None and not license_type.describes(license):
        raise ValueError("the license is not of this type")
    sealed = None if sealed_at is None else _second(sealed_at)
    found = {
        **_identity(identifier, license),
        **_titles(license, license_type, masked=masked),
        **_issuing(license),
        **_validity(license.draft.validity),
        **_holders(license.draft.holders, masked=masked),
        "证照签章时间": sealed,
        "状态": state,
    }
    out: dict[str, object] = {}
    for element in ELEMENTS:
        if element.zh != _EXTENSION:
            value = found[element.zh]
            out |= {} if value is None else {element.name(keys): value}
        elif not masked:
            out |= _extension(license.draft.fields, license_type, element, keys)
    return out


def _identity(identifier: Identifier, license_: License) -> dict[str, str | None]:
    return {
        "证照标识": license_.identifier,
        "证照类型代码": identifier.type_code,
        "证照版本号": f"{identifier.version:03d}",
        "证照定义机构代码": identifier.type_code[:_USCC_LENGTH],
    }


def _titles(
    license_: License, license_type: LicenseType | None, *, masked: bool
) -> dict[str, str | None]:
    draft = license_.draft
    number = draft.number
    if masked:
        always = license_type is not None and license_type.number_holds_citizen_id
        number = mask_code(number) if always else mask_number(number, draft.holders)
    return {
        "证照类型名称": None if license_type is None else license_type.title.zh,
        "证照名称": draft.title,
        "证照编号": number,
    }


def _issuing(license_: License) -> dict[str, str | None]:
    issuer = license_.issuer
    return {
        "证照颁发机构": issuer.name,
        "证照颁发机构代码": issuer.code,
        "证照颁发日期": _day(license_.draft.issue_date),
        "证照所属管辖属地编码": _division(issuer.code),
    }


def _division(code: str) -> str | None:
    """Return the division in which an organ is registered, None without a USCC."""
    try:
        check_uscc(code)
    except MalformedCodeError:
        return None
    return code[_DIVISION]


def _validity(validity: Validity) -> dict[str, str | None]:
    until = validity.valid_until
    return {
        "证照有效期起始日期": _day(validity.valid_from),
        "证照有效期截止日期": "" if until is None else _day(until),
        "有效期范围": _range(validity),
    }


def _range(validity: Validity) -> str | None:
    """Return a period in whole years, None for one that is not such a period."""
    first, until = validity.valid_from, validity.valid_until
    if until is None:
        return OPEN_END
    # The day after a period of years lies in its last year.
    last_year = until.year + ((until.month, until.day) == (12, 31))
    years = last_year - first.year
    if years < 1 or last_year > date.max.year or period_end(first, years) != until:
        return None
    return f"{years}年"


def _holders(holders: Sequence[Holder], *, masked: bool) -> dict[str, str | None]:
    shown = [mask_holder(holder) if masked else holder for holder in holders]
    return {
        "持证主体": _joined([holder.name for holder in shown]),
        "持证主体代码": _joined([holder.code for holder in shown]),
        "持证主体代码类型": _joined(
            [CODE_TYPE_NAMES[holder.code_type] for holder in shown]
        ),
        "持证主体代码类型代码": _joined([holder.code_type for holder in shown]),
    }


def _joined(values: Sequence[str]) -> str:
    if any(SEPARATOR in value for value in values):
        raise MalformedCodeError(
            Text(
                f"持证主体的名称或代码含有分隔符 {SEPARATOR}，无法写成元数据",
                f"a holder's name or code contains the separator {SEPARATOR}, so it"
                " cannot be written as metadata",
            )
        )
    return SEPARATOR.join(values)


def _extension(
    fields: Mapping[str, FieldValue],
    license_type: LicenseType | None,
    element: Element,
    keys: MetadataKeys,
) -> dict[str, object]:
    """Return the type's own fields: beside the elements for pinyin, else in one."""
    shown: dict[str, object] = {key: _shown(value) for key, value in fields.items()}
    if keys is MetadataKeys.PINYIN:
        return {f"{element.pinyin}{key}": value for key, value in shown.items()}
    if keys is MetadataKeys.ZH and license_type is not None:
        labels = [license_type.field(key).label.zh for key in fields]
        if len(set(labels)) == len(labels):
            shown = dict(zip(labels, shown.values(), strict=True))
    return {element.name(keys): shown}


def _shown(value: FieldValue) -> object:
    """Return a value as JSON has it."""
    if isinstance(value, str):
        return value
    return [_item(item) for item in value]


def _item(item: str | Mapping[str, str]) -> object:
    """Return one item of an array: a text, or a row, which JSON has as an object."""
    return item if isinstance(item, str) else dict(item)


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _second(at: datetime) -> str | None:
    """Return an instant in UTC+8; None for the last hours of 9999, which have none."""
    if at.tzinfo is None:
        raise ValueError("expected an aware instant")
    try:
        local = at.astimezone(CHINA)
    except OverflowError:
        return None
    return f"{_day(local.date())}{local:%H%M%S}"
