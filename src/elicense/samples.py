"""Complete invented applications, issuable as they stand on any day from 2018.

Everything is 示例: the division 99 xx xx does not exist in GB/T 2260, codes have right
check digits, days follow the given instant. The portrait is a drawn silhouette.
"""

from datetime import datetime

from elicense.catalog import Catalog, LicenseType
from elicense.catalog.examples import VARIANTS, Content, example
from elicense.errors import UnknownTypeError
from elicense.model import Text

__all__ = ["VARIANTS", "sample", "sample_of", "variant"]


def sample(license_type_name: str, at: datetime) -> dict[str, object]:
    """Return a complete invented application for a built-in type.

    Args:
        license_type_name: catalog name, such as ``food-business``.
        at: the instant of issuing, aware; the days follow it.

    Raises:
        UnknownTypeError: there is no sample for this type.
    """
    return variant(license_type_name, at, 0)


def sample_of(license_type: LicenseType, at: datetime) -> dict[str, object]:
    """Return a complete invented application for any type, such as a workspace's own.

    Args:
        license_type: the rules, and the examples of its fields.
        at: the instant of issuing, aware; the days follow it.
    """
    return example(license_type, at, Content.TYPICAL)


def variant(license_type_name: str, at: datetime, n: int) -> dict[str, object]:
    """Return the sample with another invented holder for each ``n``.

    Args:
        license_type_name: catalog name of a built-in type.
        at: the instant of issuing, aware.
        n: 0 to ``VARIANTS`` - 1; the same number gives the same application.

    Raises:
        UnknownTypeError: there is no sample for this type.
        ValueError: ``n`` is out of range.
    """
    catalog = Catalog.builtin()
    if license_type_name not in catalog.names():
        names = ", ".join(catalog.names())
        raise UnknownTypeError(
            Text(
                f"没有该证照类型的示例；可用的有：{names}",
                f"there is no sample for this license type; there is: {names}",
            )
        )
    return example(catalog.get(license_type_name), at, Content.TYPICAL, n)
