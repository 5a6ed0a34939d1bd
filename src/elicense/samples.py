"""Complete invented applications, issuable as they stand on any day from 2018.

Everything is 示例: the division 99 xx xx does not exist in GB/T 2260, codes have right
check digits, days follow the given instant. The portrait is a drawn silhouette.
"""

import base64
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache

from PIL import Image, ImageDraw

from elicense.dates import day_of
from elicense.errors import UnknownTypeError
from elicense.identifiers import (
    check_mod_11_10,
    citizen_id_check_character,
    organization_check_character,
    uscc_check_character,
)
from elicense.model import Text

VARIANTS = 1_000_000  # different holders of each type

_DIVISION = "990101"  # does not exist
_SURNAMES = "张王李赵陈杨周吴徐孙朱马胡郭林何高罗郑梁"
_FIRST_BIRTH = date(1960, 1, 1)
_BIRTHS = 14_610  # days: the youngest is born in 1999, so all are adults by 2018
_PHOTO_SIZE = (358, 441)  # pixels: 26 x 32 mm at about 350 dpi


def sample(license_type_name: str, at: datetime) -> dict[str, object]:
    """Return a complete invented application for a built-in type.

    Args:
        license_type_name: catalog name, such as ``food-business``.
        at: the instant of issuing, aware; the days follow it.

    Raises:
        UnknownTypeError: there is no sample for this type.
    """
    return variant(license_type_name, at, 0)


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
    if not 0 <= n < VARIANTS:
        raise ValueError(f"expected 0 to {VARIANTS - 1}")
    make = _MAKERS.get(license_type_name)
    if make is None:
        names = ", ".join(sorted(_MAKERS))
        raise UnknownTypeError(
            Text(
                f"没有该证照类型的示例；可用的有：{names}",
                f"there is no sample for this license type; there is: {names}",
            )
        )
    return make(day_of(at), n)


def _business_license(day: date, n: int) -> dict[str, object]:
    name = f"示例市青禾科技{_branch(n)}有限公司"
    return {
        "holders": [{"name": name, "code": _uscc("91", n)}],
        "issue_date": day.isoformat(),
        "valid_from": day.isoformat(),
        "valid_until": None,
        "entity_type": "有限责任公司(自然人投资或控股)",
        "principal": [_person(n)],
        "capital": "人民币壹佰万元整",
        "established": (day - timedelta(days=19)).isoformat(),
        "address": f"示例省示例市青禾区示例路{n + 1}号",
        "scope": "一般项目:软件开发;信息技术咨询服务;信息系统集成服务。"
        "(除依法须经批准的项目外,凭营业执照依法自主开展经营活动)",
    }


def _food_business(day: date, n: int) -> dict[str, object]:
    name = f"示例市青禾区小禾面馆{_branch(n)}"
    body = f"2{_DIVISION}{n:06d}"
    premises = f"示例省示例市青禾区示例路{n + 2}号1层"
    return {
        "holders": [{"name": name, "code": _uscc("92", n)}],
        "number": f"JY{body}{check_mod_11_10(body)}",
        "issue_date": day.isoformat(),
        "principal": _person(n),
        "domicile": premises,
        "premises": premises,
        "business_form": "餐饮服务经营者(小餐饮)",
        "items": ["热食类食品制售", "自制饮品制售"],
        "complaint_phone": "12315",
    }


def _special_operation(day: date, n: int) -> dict[str, object]:
    code = _citizen_id(n)
    return {
        "holders": [{"name": _person(n), "code": code}],
        "issue_date": day.isoformat(),
        "sex": "男" if int(code[16]) % 2 else "女",
        "category": "电工作业",
        "item": "低压电工作业",
        "first_issued": day.isoformat(),
        "photo": _portrait(),
    }


_MAKERS: dict[str, Callable[[date, int], dict[str, object]]] = {
    "business-license": _business_license,
    "food-business": _food_business,
    "special-operation": _special_operation,
}


def _branch(n: int) -> str:
    return f"第{n}分店" if n else ""


def _person(n: int) -> str:
    return f"{_SURNAMES[n % len(_SURNAMES)]}示例"


def _uscc(kind: str, n: int) -> str:
    """Return a USCC of the invented division; different ``n``, different code."""
    organization = f"MA{n:06d}"
    body = (
        f"{kind}{_DIVISION}{organization}{organization_check_character(organization)}"
    )
    return body + uscc_check_character(body)


def _citizen_id(n: int) -> str:
    """Return a citizen id of the invented division; different ``n``, different id."""
    rest, order = divmod(n, 1000)
    birth = _FIRST_BIRTH + timedelta(days=(rest + 389 * order) % _BIRTHS)
    body = f"{_DIVISION}{birth:%Y%m%d}{order:03d}"
    return body + citizen_id_check_character(body)


@cache
def _portrait() -> str:
    """Return a drawn silhouette as PNG in base64."""
    width, height = _PHOTO_SIZE
    image = Image.new("RGB", _PHOTO_SIZE, (222, 234, 244))
    draw = ImageDraw.Draw(image)
    middle, shade = width // 2, (96, 112, 130)
    draw.ellipse((middle - 150, height - 150, middle + 150, height + 170), fill=shade)
    draw.rectangle((middle - 34, 230, middle + 34, height - 110), fill=shade)
    draw.ellipse((middle - 82, 82, middle + 82, 286), fill=shade)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
