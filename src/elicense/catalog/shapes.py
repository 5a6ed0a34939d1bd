"""Texts that follow a pattern: from an example to its shortest, longest and others."""

import re
from collections.abc import Iterator, Mapping

from elicense.catalog.kinds import NumberRule, compiled
from elicense.catalog.numbers import BODY, CHECK, SERIAL, is_body
from elicense.identifiers import check_mod_11_10

_WIDEST = 20  # digits of a serial that are tried


def longest(pattern: str, text: str, limit: int) -> str:
    """Return a text that matches, made longer by repeating its own characters.

    Args:
        pattern: regular expression for the whole text.
        text: one that matches.
        limit: characters at most.
    """
    regex = compiled(pattern)
    place = 0
    while place < len(text) and len(text) < limit:
        longer = text[:place] + text[place] + text[place:]
        if regex.fullmatch(longer):
            text = longer
        else:
            place += 1
    return text


def shortest(pattern: str, text: str) -> str:
    """Return a text that matches, made shorter by leaving out its own characters.

    Args:
        pattern: regular expression for the whole text.
        text: one that matches.
    """
    regex = compiled(pattern)
    place = len(text) - 1
    while place >= 0:
        shorter = text[:place] + text[place + 1 :]
        if shorter == shorter.strip() and shorter and regex.fullmatch(shorter):
            text = shorter
        place -= 1
    return text


def numbered(rule: NumberRule, text: str, n: int, parts: Mapping[str, str]) -> str:
    """Return a number of the rule with another serial, day and check digit.

    Args:
        rule: with a pattern.
        text: a number of its form.
        n: the serial; where the form has no room for it, as much as there is.
        parts: group of the pattern -> its text.

    Raises:
        ValueError: the text is of another form.
    """
    match = compiled(rule.pattern).fullmatch(text)
    if match is None:
        raise ValueError("the number does not match its pattern")
    for serial in _serials(match, n):
        filled = _filled(rule, match, {**parts, **serial})
        if filled is not None and len(filled) <= rule.max_length:
            return filled
    return text


def _serials(match: re.Match[str], n: int) -> Iterator[dict[str, str]]:
    """Give what to write for the serial, the likeliest first."""
    if match.groupdict().get(SERIAL) is None:
        yield {}
        return
    width = len(match[SERIAL])
    for wider in range(max(width, len(str(n))), _WIDEST):
        yield {SERIAL: f"{n:0{wider}d}"}
    for number in (n, n + 1):  # there may be no room for all, or no serial 0
        yield {SERIAL: f"{number % 10**width:0{width}d}"}
    yield {}


def _filled(
    rule: NumberRule, match: re.Match[str], parts: Mapping[str, str]
) -> str | None:
    """Return a number with the texts of groups replaced; None if it does not match."""
    filled = match.re.fullmatch(_replaced(match, parts))
    if filled is None or not rule.check:
        return filled and filled.string
    if not is_body(filled[BODY]):
        return None
    checked = _replaced(filled, {CHECK: check_mod_11_10(filled[BODY])})
    return checked if match.re.fullmatch(checked) else None


def _replaced(match: re.Match[str], parts: Mapping[str, str]) -> str:
    text = match.string
    places = [(match.span(group), part) for group, part in parts.items()]
    # From the end on, so that the places before stay where they are.
    for (start, end), part in sorted(places, reverse=True):
        if start >= 0:
            text = text[:start] + part + text[end:]
    return text
