"""Names and ids of persons."""

from datetime import date, timedelta

from invention import codes
from invention.desk import Desk

RARE = "䶮㛃㳘㭎㬎㺹㸌㼆㛹㑇㕵㟃㙍㧑㮾䢺䥽鿍鿔𣲘𬍛𬭎𫖯𬘭𪟝𫍯𬬭𫠜𬣙𫇭𬱖𬶋"
"""Characters of names that old systems lack: of the extensions A to E, and of the end
of the first block. The built-in faces have them all; of G and H they have none."""
_SURNAMES = "张王李赵陈杨周吴徐孙朱马胡郭林何高罗郑梁"
_TWO = ("欧阳", "司马", "上官", "诸葛", "尉迟", "令狐")
_GIVEN = (
    "示例",
    "例示",
    "示范",
    "样例",
    "示一",
    "例二",
    "示华",
    "例明",
    "示芳",
    "例宁",
)
_PARTS = (
    *("阿卜杜热合曼", "买买提艾力", "古丽仙木", "吐尔逊江", "帕提古丽", "努尔买买提"),
    *("诺布次仁", "巴特尔", "额尔德尼", "哈斯木", "扎西", "迪丽努尔", "麦麦提图尔荪"),
)
_FIRST = (
    *("John", "María-José", "Søren", "Nguyễn Thị", "Jürgen", "Anaïs", "Zoë", "Kwame"),
    *("Élodie", "Lê Ngọc Hân", "Jean-Baptiste", "Ann", "Óscar", "Þóra", "Chloë"),
)
_LAST = (
    *("Example", "Beispiel", "Ejemplo", "Esempio", "d’Exemple", "Voorbeeld", "Ví Dụ"),
    *("Eksempel", "Esimerkki", "Exemplo", "van der Voorbeeld", "EXAMPLE", "Sample III"),
)
_LENGTHS = tuple(range(10, 31))
_LONGEST = 30
_YOUNGEST, _OLDEST = 19, 60  # years

_PLAIN, _SINGLE, _DOUBLE, _DOTTED, _SHORT_DOTTED, _RARE, _FOREIGN = range(7)
_STYLES = (
    *(_PLAIN,) * 8,
    *(_SINGLE,) * 3,
    _DOUBLE,
    *(_DOTTED,) * 3,
    *(_SHORT_DOTTED,) * 2,
    *(_RARE,) * 4,
    _FOREIGN,
)
_OF_CITIZENS = tuple(style for style in _STYLES if style != _FOREIGN)


def person(desk: Desk, *, citizen: bool = False) -> str:
    """Return a name of at most 30 characters.

    Args:
        desk: whose chance decides.
        citizen: leave foreign names out.
    """
    chance = desk.chance
    style = chance.deal(_OF_CITIZENS if citizen else _STYLES)
    if style == _FOREIGN:
        return foreigner(desk)
    if style == _DOTTED:
        return _dotted(desk, chance.deal(_LENGTHS))
    if style == _SHORT_DOTTED:
        return f"{chance.one(_PARTS)}·示例"
    surname = chance.one(_TWO if style == _DOUBLE else _SURNAMES)
    if style == _SINGLE:
        return surname + chance.one("示例")
    if style == _RARE:
        rare = chance.deal(RARE + desk.rare)
        return chance.one((f"{surname}示{rare}", f"{surname}{rare}例", f"示{rare}"))
    return surname + chance.one(_GIVEN)


def foreigner(desk: Desk) -> str:
    """Return a name in Latin letters of at most 30 characters."""
    chance = desk.chance
    return f"{chance.deal(_FIRST)} {chance.deal(_LAST)}"[:_LONGEST].rstrip()


def people(desk: Desk, count: int) -> list[str]:
    """Return several names."""
    return [person(desk) for _ in range(count)]


def _dotted(desk: Desk, least: int) -> str:
    """Return a name in several parts, of 10 to 30 characters and about so many."""
    name = "示例"
    while len(name) < least:
        parts = [part for part in _PARTS if len(part) + len(name) < _LONGEST]
        if not parts:
            break
        name = f"{desk.chance.one(parts)}·{name}"
    return name


def birth(desk: Desk) -> date:
    """Return the day of birth of somebody who is of age."""
    days = desk.chance.between(_YOUNGEST * 366, _OLDEST * 366)
    return desk.day - timedelta(days=days)


def citizen_id(desk: Desk, sex: str, born: date) -> str:
    """Return an id that nobody else has at this desk.

    Args:
        desk: whose chance decides.
        sex: 男 or 女.
        born: day of birth.
    """
    return desk.fresh(
        lambda: codes.citizen_id(
            desk.division, born, 2 * desk.chance.between(0, 498) + (sex == "男")
        )
    )
