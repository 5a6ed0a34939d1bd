"""What a seal says and how large it is, held to its rank."""

import math
import re
from dataclasses import dataclass

from esign.seal_image.ranks import RANKS, Centre, Line, Rank

RING_MIN, RING_MAX = 4, 24
"""Characters on the ring; fewer look lost and more cannot be read at 42 mm."""
LINE_MAX = 12
"""Characters of the purpose, for the width inside the ring."""
TEST_MARK = "测试印章"
"""What the name of every seal that is made here says."""
TEST_NOTICE = "测试印章 无法律效力"
"""What the picture of every seal that is made here shows."""

_CODE = re.compile(r"[0-9]{13}")
_TAX_NUMBER = re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{18}|[0-9A-Z]{20}")


@dataclass(frozen=True, slots=True)
class SealSpec:
    """What a test seal says and how large it is.

    Its picture always shows `TEST_NOTICE`: there is no way to leave it out. Seals with
    legal effect are made by a licensed maker and imported with their own picture.

    Attributes:
        name: the organization on the ring, 4 to 24 characters.
        purpose: the horizontal line, at most 12 characters; empty for none, None for
            what the rank has.
        diameter_mm: outer diameter in millimetres where the rank leaves it open, 30 to
            45; None for what the rank has.
        rank: a key of `RANKS`.
        code: 13 digits on the lower arc, or empty.
        tax_number: 15, 18 or 20 digits and capitals of an invoice seal, else empty.
    """

    name: str
    purpose: str | None = None
    diameter_mm: float | None = None
    rank: str = "department"
    code: str = ""
    tax_number: str = ""

    def __post_init__(self) -> None:
        """Refuse what the rank has not, or what cannot be drawn legibly.

        Raises:
            ValueError: a length, the rank, the diameter or a number is wrong.
        """
        if self.rank not in RANKS:
            raise ValueError(f"no rank {self.rank!r}; one of {', '.join(RANKS)}")
        if not RING_MIN <= len(self.name) <= RING_MAX:
            raise ValueError(f"the ring takes {RING_MIN} to {RING_MAX} characters")
        _require_line(self.form, self.line)
        _require_size(self.form, self.width_mm)
        if self.code and not (self.form.has_code and _CODE.fullmatch(self.code)):
            raise ValueError("a code has 13 digits, and not every rank has a code")
        has_number = self.form.centre is Centre.TAX_NUMBER
        if has_number != bool(_TAX_NUMBER.fullmatch(self.tax_number)) or (
            self.tax_number and not has_number
        ):
            raise ValueError(
                "an invoice seal, and no other, has a taxpayer's number of 15, 18 or"
                " 20 digits and capitals"
            )

    @property
    def form(self) -> Rank:
        """The rank itself."""
        return RANKS[self.rank]

    @property
    def line(self) -> str:
        """The horizontal line; empty for none."""
        return self.form.purpose if self.purpose is None else self.purpose

    @property
    def width_mm(self) -> float:
        """Outer width in millimetres."""
        return self.form.width_mm if self.diameter_mm is None else self.diameter_mm

    @property
    def height_mm(self) -> float:
        """Outer height in millimetres."""
        return self.width_mm * self.form.height_mm / self.form.width_mm

    @property
    def border_mm(self) -> float:
        """Width of the border in millimetres; it grows with the diameter."""
        return self.form.border_mm * self.width_mm / self.form.width_mm

    @property
    def seal_name(self) -> str:
        """Name of the electronic seal (印章名称): it says that it is a test seal."""
        return f"{self.name}{self.line}（{TEST_MARK}，无法律效力）"


def _require_line(rank: Rank, line: str) -> None:
    if len(line) > LINE_MAX:
        raise ValueError(f"the purpose has at most {LINE_MAX} characters")
    if line and rank.line is Line.NONE:
        raise ValueError(
            "this rank's seal is the owner's main one, which has no purpose"
        )
    if not line and rank.line is Line.REQUIRED:
        raise ValueError("this rank's seal states its purpose: the characters of it")


def _require_size(rank: Rank, width: float) -> None:
    if not (math.isfinite(width) and rank.least_mm <= width <= rank.most_mm):
        raise ValueError(
            f"a seal of this rank has {rank.least_mm:g} to {rank.most_mm:g} mm"
        )
