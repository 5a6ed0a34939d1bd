"""Hides what names a natural person: names, codes, numbers that hold an id.

At most the last four characters of a code stay. Of a citizen id with its digits 11 to
14 hidden only some thirty candidates remain, so nothing longer may be published.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from elicense.identifiers import check_citizen_id
from elicense.model import Holder
from esign.errors import MalformedError

MIDDLE_DOT = "\u00b7"  # between the parts of a name
KEPT = 4  # characters of a code that may stay, its last ones
_CANDIDATE = re.compile("(?=([1-9][0-9]{16}[0-9X]))")
_FOLD = str.maketrans("０１２３４５６７８９Ｘｘx", "0123456789XXX")


def mask_name(name: str) -> str:
    """Return a natural person's name as its first character and one star: 张*.

    Of a name in several parts (买买提·示例) the first character of all stays.

    Args:
        name: the name in full.
    """
    return f"{name.partition(MIDDLE_DOT)[0][:1]}*"


def mask_code(code: str) -> str:
    """Return ``****`` and the last characters of a code: four, or a third if short.

    The stars do not tell how long the code is.

    Args:
        code: a citizen id, the number of another document, or a license number that
            contains one.
    """
    kept = min(KEPT, len(code) // 3)
    return f"****{code[len(code) - kept :]}"


def mask_holder(holder: Holder) -> Holder:
    """Return the holder as the public may see it; organizations stay as they are."""
    if not holder.is_person:
        return holder
    return replace(holder, name=mask_name(holder.name), code=mask_code(holder.code))


def mask_number(number: str, holders: Sequence[Holder]) -> str:
    """Return a license number, masked where it tells a natural person's code.

    That is where it contains the code of a holder, or any citizen id.

    Args:
        number: as printed.
        holders: of the license, in clear.
    """
    codes = [holder.code for holder in holders if holder.is_person]
    if contains_citizen_id(number) or any(code in number for code in codes):
        return mask_code(number)
    return number


def contains_citizen_id(text: str) -> bool:
    """Tell whether a valid citizen id stands anywhere in a text (GB 11643).

    Full-width digits and a small ``x`` count. A run of digits that is something else
    can look like an id; ids with spaces inside are not found.
    """
    folded = text.translate(_FOLD)
    return any(_is_citizen_id(match[1]) for match in _CANDIDATE.finditer(folded))


def _is_citizen_id(text: str) -> bool:
    try:
        check_citizen_id(text)
    except MalformedError:
        return False
    return True
