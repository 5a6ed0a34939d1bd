"""What a license is, as frozen values; no rule and no format lives here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TypeAlias

FieldValue: TypeAlias = str | tuple[str, ...] | tuple[Mapping[str, str], ...]
"""A text, several texts, or rows: key of a column -> text; absent ones left out."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages of the product."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Organization:
    """An organ by its unified social credit code (USCC) and its name on a day."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Holder:
    """One holder (持证主体).

    Attributes:
        name: the name in full, never Unicode-normalized.
        code: USCC, citizen id or another code, as ``code_type`` says.
        code_type: code of GB/T 36903 Annex A, such as ``001`` (USCC), ``111`` (citizen
            id).
        role: the holder's part where there are several, such as 建设单位; may be empty.
    """

    name: str = field(repr=False)
    code: str = field(repr=False)
    code_type: str
    role: str = ""

    @property
    def is_person(self) -> bool:
        """Tell whether the code names a natural person (GB/T 36903 Annex A)."""
        return self.code_type not in ("001", "099")


@dataclass(frozen=True, slots=True)
class Validity:
    """Civil days in UTC+8, both inclusive; no last day means 长期."""

    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A day after which the license lapses unless something was done (复审, 开工)."""

    kind: str
    due: date


@dataclass(frozen=True, slots=True)
class Photo:
    """The holder's photo by its digest; the image itself stands on the page."""

    media_type: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Scan:
    """The scanned paper of a license that was granted on paper (存量补录).

    Attributes:
        media_type: ``application/pdf``, ``image/jpeg`` or ``image/png``.
        sha256: digest of the file, 32 bytes.
        size: bytes of the file.
    """

    media_type: str
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that an application decides of a license, checked by the catalog.

    Attributes:
        type_name: catalog name, such as ``food-business``.
        type_version: version of the type whose rules and layout apply.
        title: 证照名称 as printed.
        number: 证照编号; not unique over versions of one license.
        holders: at least one, order kept.
        issue_date: the legal date on the face, not the time of sealing.
        origin: 新发, 变更, 延续, 补发, 换发, 更正, 存量补录 or 转入.
        copy: 正本, 副本, 正副本合一 or 单页.
        case_number: number of the concluded case, None for a row without one.
        fields: the type's own fields by key; dates as ISO 8601 text.
        photo: the holder's photo, where the type shows one.
        scan: the paper that was scanned, only for 存量补录.
        external_qr: text of a code that a province or ministry gave.
    """

    type_name: str
    type_version: int
    title: str
    number: str = field(repr=False)
    holders: tuple[Holder, ...]
    issue_date: date
    validity: Validity
    checkpoints: tuple[Checkpoint, ...] = ()
    origin: str = "新发"
    copy: str = "单页"
    case_number: str | None = None
    fields: Mapping[str, FieldValue] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    photo: Photo | None = None
    scan: Scan | None = None
    external_qr: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """One license in one version: a draft that an issuer gave an identifier.

    Attributes:
        draft: what the application decided.
        identifier: GB/T 36904 identifier with its root.
        issuer: the issuing organ with its name as of the issue date.
        specimen: printed 样张, from a workspace that is not marked as production.
        previous: identifier of the version that this one supersedes, None for the first
            one; it may be a predecessor organ's.
    """

    draft: Draft
    identifier: str
    issuer: Organization
    specimen: bool
    previous: str | None = None
