"""Invented holders, codes and texts; nobody's, and clearly 示例.

The division 99 01 01 does not exist in GB/T 2260, codes have right check characters.
"""

from datetime import date, timedelta

from elicense.identifiers import (
    citizen_id_check_character,
    organization_check_character,
    uscc_check_character,
)
from elicense.masking import MIDDLE_DOT

VARIANTS = 1_000_000
"""Different codes of each kind."""

_DIVISION = "990101"  # does not exist
_SURNAMES = "张王李赵陈杨周吴徐孙朱马胡郭林何高罗郑梁"
_FIRST_BIRTH = date(1960, 1, 1)
_BIRTHS = 14_610  # days: the youngest is born in 1999, so all are adults by 2018
_COMPANY = "有限公司"
# Han, Latin and digits in no order that a page could be fitted to; no spaces or
# brackets, which some rules take for something else.
_TEXT = (
    "示例省示例市青禾区云栖大道2026号A座18层，热食类食品制售；自制饮品制售、"
    "钢结构工程专业承包贰级，道路普通货物运输；信息技术咨询服务与软件开发，"
    "勘察设计施工监理一体化Plan-B项目第3标段，仓储物流、冷藏保鲜及展览馆管理；"
    "鱼米之乡，桑麻遍野，翠屏山麓的图书馆与博物馆每日9至17时开放，"
)
_NAMES = ("阿卜杜热合曼", "买买提艾力", "古丽仙木", "司马南宫", "诺布次仁", "额尔德尼")


def uscc(kind: str, n: int) -> str:
    """Return a unified social credit code (GB 32100).

    Args:
        kind: its first two characters, such as ``91`` for an enterprise.
        n: 0 to ``VARIANTS`` - 1; another number gives another code.
    """
    organization = f"MA{n:06d}"
    check = organization_check_character(organization)
    body = f"{kind}{_DIVISION}{organization}{check}"
    return body + uscc_check_character(body)


def citizen_id(n: int) -> str:
    """Return a citizen id (GB 11643) of somebody who was of age in 2018.

    Args:
        n: 0 to ``VARIANTS`` - 1; another number gives another id.
    """
    rest, order = divmod(n, 1000)
    birth = _FIRST_BIRTH + timedelta(days=(rest + 389 * order) % _BIRTHS)
    body = f"{_DIVISION}{birth:%Y%m%d}{order:03d}"
    return body + citizen_id_check_character(body)


def person(n: int) -> str:
    """Return the name of a person, the same for every twentieth number."""
    return f"{_SURNAMES[n % len(_SURNAMES)]}示例"


def long_person(length: int, n: int) -> str:
    """Return a name in several parts, of so many characters.

    Args:
        length: at least 1.
        n: where the parts begin.
    """
    parts = [_NAMES[(n + place) % len(_NAMES)] for place in range(length)]
    name = MIDDLE_DOT.join(parts)[:length]
    return f"{name[:-1]}示" if name.endswith(MIDDLE_DOT) else name


def branch(name: str, n: int, length: int) -> str:
    """Return the name of an organization, of its n-th branch from the first on.

    Args:
        name: of the organization.
        n: 0 for itself.
        length: characters at most; of a longer name the beginning stays.
    """
    if not n:
        return name[:length]
    end = _COMPANY if name.endswith(_COMPANY) else ""
    tail = f"第{n}分店{end}"[-length:]
    return f"{name.removesuffix(end)[: length - len(tail)]}{tail}"


def long_organization(length: int, n: int) -> str:
    """Return the name of a company, of so many characters."""
    return f"{long_text(max(length - len(_COMPANY), 0), n)}{_COMPANY}"[-length:]


def long_text(length: int, n: int) -> str:
    """Return a varied text of so many characters, without spaces or brackets.

    Args:
        length: 0 or more.
        n: where it begins, so that two texts are not alike.
    """
    start = 7 * n % len(_TEXT)
    return (_TEXT[start:] + _TEXT * (length // len(_TEXT) + 1))[:length]
