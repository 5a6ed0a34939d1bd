"""License types as data: their fields, their rules, and applications for them."""

from elicense.catalog.application import (
    COMMON_KEYS,
    Checked,
    check_application,
    parse_application,
)
from elicense.catalog.catalog import Catalog
from elicense.catalog.description import describe
from elicense.catalog.kinds import (
    COPIES,
    ORIGINS,
    Agreement,
    Background,
    CheckpointRule,
    ChoicesBy,
    Enforce,
    FieldKind,
    FieldRule,
    HolderRule,
    LabelBy,
    LicenseType,
    NumberKind,
    NumberRule,
    OnlyFor,
    PhotoRule,
    Presentation,
    ValidityRule,
)

__all__ = [
    "COMMON_KEYS",
    "COPIES",
    "ORIGINS",
    "Agreement",
    "Background",
    "Catalog",
    "Checked",
    "CheckpointRule",
    "ChoicesBy",
    "Enforce",
    "FieldKind",
    "FieldRule",
    "HolderRule",
    "LabelBy",
    "LicenseType",
    "NumberKind",
    "NumberRule",
    "OnlyFor",
    "PhotoRule",
    "Presentation",
    "ValidityRule",
    "check_application",
    "describe",
    "parse_application",
]
