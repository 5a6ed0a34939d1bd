"""Faces in the order in which they are asked for a character."""

import functools
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import groupby

from elicense.errors import MissingGlyphError
from elicense.fonts.faces import Face, Typeface, face, is_ideograph
from elicense.fonts.glyph import EM

_LEFT_TO_RIGHT = frozenset(("L", "EN", "ES", "ET", "CS", "ON"))
"""Bidirectional classes (UAX 9) of characters that stand where they are written."""
_SHAPED = frozenset(("Lo", "Lm"))
"""Letters without case: ideographs apart, most scripts of such letters join or stack
them, which is not built (general categories, Unicode 4.5)."""


class Advances(dict[str, int]):
    """Advance widths by character, in units of the em.

    It is filled as characters are asked for, so that a text is measured without a call
    for each character. A character that no face offers is a KeyError that holds it.
    """

    def __init__(self, fonts: "FontSet", typeface: Typeface) -> None:
        """Begin with no widths.

        Args:
            fonts: whose widths.
            typeface: the role.
        """
        super().__init__()
        self._fonts, self._typeface = fonts, typeface

    def __missing__(self, char: str) -> int:
        """Look the width up and keep it.

        Raises:
            KeyError: no face offers the character.
        """
        return self.setdefault(char, self._fonts.look_up(char, self._typeface))


class _Homes(dict[str, Face]):
    """The face that draws a character, by character; filled as `Advances` is."""

    def __init__(self, fonts: "FontSet", typeface: Typeface) -> None:
        """Begin with none; the arguments are those of `Advances`."""
        super().__init__()
        self._fonts, self._typeface = fonts, typeface

    def __missing__(self, char: str) -> Face:
        """Look the face up and keep it.

        Raises:
            KeyError: no face offers the character.
        """
        return self.setdefault(char, self._fonts.home(char, self._typeface))


class FontSet:
    """The main face of each role and the fallback faces behind it, in order.

    A fallback face serves ideographs, and characters that need no shaping and stand
    where they are written: letters with case, digits, marks and symbols. It serves no
    private-use character, because only its maker knows what that means.

    It may be used from several threads, and in a forked process.
    """

    def __init__(self, fallbacks: Iterable[Face] = ()) -> None:
        """Keep the faces; no file is opened.

        Args:
            fallbacks: further faces for characters that the main face of a role lacks,
                asked in this order, for every role.
        """
        self.fallbacks = tuple(fallbacks)
        self._advances = {role: Advances(self, role) for role in Typeface}
        self._homes = {role: _Homes(self, role) for role in Typeface}

    def advances(self, typeface: Typeface) -> Mapping[str, int]:
        """Return the advance widths of a role, looked up when they are asked for.

        Args:
            typeface: the role.
        """
        return self._advances[typeface]

    def advance(self, char: str, typeface: Typeface) -> int:
        """Return the advance width of a character in units of the em.

        Raises:
            KeyError: no face offers it; see `require`.
        """
        return self._advances[typeface][char]

    def look_up(self, char: str, typeface: Typeface) -> int:
        """Return what `advance` does, from the faces themselves.

        Raises:
            KeyError: no face offers the character.
        """
        return self.home(char, typeface).advance(char)

    def home(self, char: str, typeface: Typeface) -> Face:
        """Return the first face that offers a character.

        Raises:
            KeyError: no face offers it.
        """
        main = face(typeface)
        if main.has(char):
            return main
        for fallback in self.fallbacks:
            if fallback.has(char) and _serves(fallback, char):
                return fallback
        raise KeyError(char)

    def require(self, text: str, typeface: Typeface, field: str) -> None:
        """Make sure that every character of a text can be drawn.

        Args:
            text: what is to be drawn.
            typeface: the role that it is drawn in.
            field: key of the field, for the error.

        Raises:
            MissingGlyphError: naming the field and the first such character.
        """
        try:
            sum(map(self._advances[typeface].__getitem__, text))
        except KeyError as err:
            raise MissingGlyphError(field, ord(err.args[0])) from err

    def width(self, text: str, typeface: Typeface, size: float) -> float:
        """Return the width of a text in points, without extra spacing.

        Args:
            text: what is measured.
            typeface: the role.
            size: type size in points.

        Raises:
            KeyError: no face offers a character; see `require`.
        """
        return sum(map(self._advances[typeface].__getitem__, text)) * size / EM

    def pieces(self, text: str, typeface: Typeface) -> tuple[tuple[Face, str], ...]:
        """Return the consecutive parts of a text that are of one face each.

        Args:
            text: what is drawn; `require` has passed it.
            typeface: the role.

        Returns:
            Faces and parts in order; the parts joined are the text.

        Raises:
            KeyError: no face offers a character.
        """
        if not self.fallbacks:
            return ((face(typeface), text),) if text else ()
        home = self._homes[typeface].__getitem__
        of_all = set(map(home, text))
        if len(of_all) == 1:
            return ((of_all.pop(), text),)
        return tuple((found, "".join(part)) for found, part in groupby(text, home))

    def for_reading(self) -> "FontSet":
        """Return the same faces for laying out a page that somebody else has drawn.

        An ideograph that no face here offers counts as one em wide, which it is on the
        page of whoever has a face for it. Such a page can be compared and not drawn.
        """
        return self._reading

    @functools.cached_property
    def _reading(self) -> "FontSet":
        return _ReadingSet(self.fallbacks)


class _ReadingSet(FontSet):
    """Lays out pages of others; see `FontSet.for_reading`."""

    def look_up(self, char: str, typeface: Typeface) -> int:
        """Return the advance width, one em for an ideograph that no face offers.

        Raises:
            KeyError: no face offers the character, which is no ideograph.
        """
        try:
            return super().look_up(char, typeface)
        except KeyError:
            if is_ideograph(char):
                return EM
            raise

    def for_reading(self) -> FontSet:
        """Return itself."""
        return self


def _serves(fallback: Face, char: str) -> bool:
    """Tell whether a fallback face may draw a character that it has."""
    if is_ideograph(char):
        # Some faces map characters that they have not drawn to an empty glyph.
        return bool(fallback.glyph(char).record)
    category = unicodedata.category(char)
    return (
        category[0] in "LNPS"
        and category not in _SHAPED
        and unicodedata.bidirectional(char) in _LEFT_TO_RIGHT
        and bool(fallback.glyph(char).record)
    )


STANDARD = FontSet()
"""The main faces alone."""
