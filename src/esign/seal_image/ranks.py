"""The ranks of seals: whose seal has which shape, size, border and centre.

Sizes of organs are those of 国发〔1999〕25号; those of companies are practice that the
local police sets and no national law; the invoice seal is the tax authority's form.
Embossed seals (钢印) and the tax authority's own 发票监制章 are not drawn.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class Centre(enum.StrEnum):
    """What stands in the middle of a seal."""

    EMBLEM = "emblem"
    """The national emblem by law. It is never drawn: the place holds the notice."""
    STAR = "star"
    """A five-pointed star."""
    EMPTY = "empty"
    """Nothing."""
    TAX_NUMBER = "tax-number"
    """The taxpayer's number."""


class Line(enum.StrEnum):
    """Whether a seal has a horizontal line, its purpose."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Rank:
    """What the seal of one rank of owner looks like.

    Attributes:
        owner: whose it is, Chinese.
        owner_en: the same, English.
        width_mm: outer width, or the diameter of a round seal, where it is not chosen.
        height_mm: outer height.
        least_mm: smallest width that may be chosen.
        most_mm: largest width that may be chosen.
        border_mm: width of the border at ``width_mm``.
        centre: what stands in the middle.
        line: whether there is a purpose.
        purpose: the purpose where none is given; empty for none.
        source: where this stands.
    """

    owner: str
    owner_en: str
    width_mm: float
    height_mm: float
    least_mm: float
    most_mm: float
    border_mm: float
    centre: Centre
    line: Line
    purpose: str
    source: str

    @property
    def is_round(self) -> bool:
        """Tell whether it is a circle."""
        return self.width_mm == self.height_mm

    @property
    def has_code(self) -> bool:
        """Tell whether the police's code of 13 digits may stand on the lower arc."""
        return self.centre in (Centre.STAR, Centre.EMPTY)


_STATE = "国发〔1999〕25号"
_PRACTICE = "practice of local police, not national law"
_TAX = "发票专用章 form of the tax authority"
_LICENSE = "电子证照专用章"


def _organ(owner: str, owner_en: str, size: float, centre: Centre) -> Rank:
    """Return a rank whose diameter is prescribed; its seal is the organ's main one."""
    return Rank(
        owner, owner_en, size, size, size, size, size * 1.2 / 42, centre, Line.NONE,
        "", _STATE,
    )  # fmt: skip


def _body(owner: str, owner_en: str, size: float) -> Rank:
    """Return a rank with a greatest diameter; with a purpose it is a 专用章 (§ 22)."""
    return Rank(
        owner, owner_en, size, size, 30.0, 45.0, size * 1.2 / 42, Centre.STAR,
        Line.OPTIONAL, _LICENSE, _STATE,
    )  # fmt: skip


def _company(
    owner: str, owner_en: str, size: float, border: float, purpose: str | None = None
) -> Rank:
    """Return a round seal of a company with a star and no purpose, or the other way."""
    centre = Centre.STAR if purpose is None else Centre.EMPTY
    line = Line.NONE if purpose is None else Line.REQUIRED
    return Rank(
        owner, owner_en, size, size, size, size, border, centre, line, purpose or "",
        _PRACTICE,
    )  # fmt: skip


def _table() -> dict[str, Rank]:
    emblem, star = Centre.EMBLEM, Centre.STAR
    return {
        "state-council": _organ("国务院", "State Council", 60, emblem),
        "province": _organ(
            "省级人民政府、国务院办公厅、国务院各部委",
            "provincial government, ministry",
            50,
            emblem,
        ),
        "ministry-level": _organ(
            "正部级直属机构", "body of ministry level with functions", 50, emblem
        ),
        "ministry-level-institution": _organ(
            "正部级事业单位（无行政职能）", "institution of ministry level", 50, star
        ),
        "vice-ministry-level": _organ(
            "副部级直属机构", "body of vice ministry level with functions", 45, emblem
        ),
        "vice-ministry-level-institution": _organ(
            "副部级事业单位（无行政职能）",
            "institution of vice ministry level",
            45,
            star,
        ),
        "coordinating-body": _organ(
            "议事协调机构、临时机构", "coordinating or temporary body", 50, star
        ),
        "national-bureau": _organ(
            "部委管理的国家局", "national bureau under a ministry", 45, emblem
        ),
        "national-department": _organ(
            "部委外事司局、冠国名的内设机构",
            "department named for the state",
            42,
            emblem,
        ),
        "government": _organ(
            "自治州、市、县、区人民政府", "government of a city or county", 45, emblem
        ),
        "prefecture": _organ("地区行政公署", "prefecture office", 45, star),
        "township": _organ(
            "乡镇人民政府、使领馆", "township government, embassy", 42, emblem
        ),
        "department": _body("内设机构、直属单位", "department of a government", 42),
        "institution": _body(
            "企业事业单位、社会团体", "enterprise, institution, association", 42
        ),
        "company": _company("有限责任公司", "limited company", 40, 1.0),
        "company-department": Rank(
            "公司部门", "department of a company", 38, 38, 38, 38, 1.0, Centre.STAR,
            Line.REQUIRED, "", _PRACTICE,
        ),
        "company-purpose": _company(
            "公司专用章", "special seal of a company", 40, 1.0, "业务专用章"
        ),
        "company-contract": _company(
            "合同专用章（旧式）", "contract seal, older form", 58, 1.2, "合同专用章"
        ),
        "joint-stock-company": _company(
            "股份有限公司、国有企业", "joint-stock or state company", 42, 1.2
        ),
        "individual-business": _company("个体工商户", "individual business", 38, 1.0),
        "foreign-invested": Rank(
            "外商投资企业", "foreign-invested company", 45, 30, 45, 45, 1.0,
            Centre.EMPTY, Line.OPTIONAL, "", _PRACTICE,
        ),
        "invoice": Rank(
            "发票专用章", "invoice seal", 40, 30, 40, 40, 1.0, Centre.TAX_NUMBER,
            Line.REQUIRED, "发票专用章", _TAX,
        ),
    }  # fmt: skip


RANKS: Mapping[str, Rank] = MappingProxyType(_table())
"""All ranks by their names, in the order of the rules."""
