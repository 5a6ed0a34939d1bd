"""Codes with right check characters in a division that does not exist."""

from datetime import date

from elicense.identifiers import (
    citizen_id_check_character,
    organization_check_character,
    uscc_check_character,
)

DISTRICTS = {
    "990101": "青禾区",
    "990102": "云栖区",
    "990103": "桑麻县",
    "990104": "鹿鸣区",
    "990105": "汀兰县",
    "990106": "星河区",
    "990107": "松涛自治县",
    "990108": "青禾高新技术产业开发区",
}
"""GB/T 2260 has nothing that begins with 99."""


def uscc(kind: str, division: str, n: int) -> str:
    """Return a unified social credit code (GB 32100).

    Args:
        kind: its first two characters, such as 91 for an enterprise.
        division: one of ``DISTRICTS``.
        n: 0 to 999,999; another number gives another code.
    """
    organization = f"MA{n:06d}"
    check = organization_check_character(organization)
    body = f"{kind}{division}{organization}{check}"
    return body + uscc_check_character(body)


def citizen_id(division: str, birth: date, order: int) -> str:
    """Return a citizen id (GB 11643).

    Args:
        division: one of ``DISTRICTS``.
        birth: day of birth.
        order: 0 to 999 of those born there on that day; odd for a man.
    """
    body = f"{division}{birth:%Y%m%d}{order:03d}"
    return body + citizen_id_check_character(body)
