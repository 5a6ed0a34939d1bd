"""The operators of a page, read before any engine draws them.

They are read by one small grammar, the one that `elicense.document.content` writes: one
spelling of every operand, and operators on a list. So no engine can see other operators
than another, and what drawing them costs is known (docs/formats/pdf.md, section 9).
"""

import functools
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from esign.errors import MalformedError

MAX_PAGE = 256 << 10
"""Bytes of a page's operators, inflated; ours have some 5 KB, with long texts 30."""
MAX_FORM = 512 << 10
"""Bytes of a form's operators, inflated; the art that is built in has 200 KB."""
MAX_STRING = 4 << 10
"""Bytes of one text operand, two a character; engines cut longer ones off."""
MAX_CHARACTERS = 16_000
"""Characters of all text operands, white space included; ours have at most 8,000."""
MAX_PAINTED = 500
"""Paths that all pages and their forms paint; a page of ours has about 100."""
MAX_SEGMENTS = 45_000
"""Segments and dashes of all paths of the pages and their forms; a page of ours has
some 8,000."""
MAX_INK = 4_000_000
"""Square points that all lines and texts cover, each line by its width and each
character by its type size; eight papers of A4. Ours take less than one."""
MAX_DRAWN = 4
"""Forms and images that one page or form draws, each time counted; ours draw 3."""
MAX_NESTING = 28
"""Depth of q and Q in a form (ISO 19005-3, 6.1.13); in a page of ours it is 1."""
_PAGE_NESTING = 1
_KEPT = 16  # forms that were read, of 512 KiB at most
_PATH_SEGMENTS = 5  # of one path of a page: a rectangle with its end
_SHORTEST = 0.5  # of dashes, in points

_NUMBER = rb"-?(?:[0-9]{1,6}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})"
_TOKEN = re.compile(
    rb"(?P<n>%b)|(?P<name>/[0-9A-Za-z.+_-]{1,64})|<(?P<string>(?:[0-9a-f]{4})*)>"
    rb"|\[(?P<array> ?(?:%b ){0,3}(?:%b)? ?)\]|(?P<operator>[A-Za-z]{1,3}\*?)"
    % (_NUMBER, _NUMBER, _NUMBER)
)
_SPACE = re.compile(rb"[ \n]*")
_KINDS = {"n": "n", "name": "/", "string": "s", "array": "a"}

_COMMON = {
    "q": "", "Q": "", "cm": "nnnnnn", "Do": "/", "RG": "nnn", "rg": "nnn", "w": "n",
    "m": "nn", "l": "nn", "re": "nnnn", "S": "",
}  # fmt: skip
_PAGE = MappingProxyType(_COMMON | {
    "d": "an", "BT": "", "ET": "", "Tf": "/n", "Tc": "n", "Tz": "n", "Tr": "n",
    "Tm": "nnnnnn", "Tj": "s",
})  # fmt: skip
"""What `elicense.document.content` writes, today and before."""
_FORM = MappingProxyType(_COMMON | {
    "gs": "/", "G": "n", "g": "n", "J": "n", "j": "n", "c": "nnnnnn", "h": "", "n": "",
    "f": "", "f*": "", "B": "", "B*": "", "W": "", "W*": "",
})  # fmt: skip
"""Paths, in which static art and seals are drawn."""
_IN_TEXT = frozenset({"ET", "Tf", "Tc", "Tz", "Tr", "Tm", "Tj", "RG", "rg", "w"})
_TEXT_ALONE = _IN_TEXT - {"RG", "rg", "w"}
_SEGMENTS = frozenset({"m", "l", "c", "h", "re"})
_PAINTS = frozenset({"S", "f", "f*", "B", "B*"})


@dataclass(slots=True)
class Effort:
    """What drawing takes so far; one for all pages of a file with their forms."""

    painted: int = 0
    segments: int = 0
    characters: int = 0
    ink: float = 0.0

    def spend(
        self,
        *,
        painted: int = 0,
        segments: int = 0,
        characters: int = 0,
        ink: float = 0.0,
    ) -> None:
        """Count more of it.

        Raises:
            MalformedError: it is more than a page of ours may take.
        """
        self.painted += painted
        self.segments += segments
        self.characters += characters
        self.ink += ink
        if self.painted > MAX_PAINTED or self.segments > MAX_SEGMENTS:
            raise MalformedError("face: the page paints more paths than any of ours")
        if self.characters > MAX_CHARACTERS or self.ink > MAX_INK:
            raise MalformedError(
                "face: the page shows more text and lines than any of ours"
            )


def check_page(
    data: bytes, fonts: Collection[str], drawn: Collection[str], effort: Effort
) -> Counter[str]:
    """Refuse a page's operators unless they are in the grammar of ours.

    Args:
        data: one content stream, inflated; it begins and ends in the page's own state.
        fonts: names of the page's fonts, with their slash.
        drawn: names of the forms and images that the page may draw, likewise.
        effort: is spent.

    Returns:
        How often it draws each of these.

    Raises:
        MalformedError: another operator or spelling, a font or image that the page does
            not name, an operand that engines cut off, or more than a limit.
    """
    if len(data) > MAX_PAGE:
        raise MalformedError(f"face: operators of more than {MAX_PAGE} bytes")
    state = _Page({"Do": drawn, "Tf": fonts}, _PAGE_NESTING, effort)
    for operator, operands in _steps(data, _PAGE):
        state.take(operator, operands)
    state.finish()
    return state.used


def check_form(
    data: bytes, states: Collection[str], drawn: Collection[str], effort: Effort
) -> Counter[str]:
    """Refuse a form's operators unless they paint paths and nothing else.

    Args:
        data: its stream, inflated.
        states: names of its graphics states, with their slash.
        drawn: names of the forms that it may draw, likewise.
        effort: is spent.

    Returns:
        How often it draws each of these.

    Raises:
        MalformedError: as for :func:`check_page`.
    """
    if len(data) > MAX_FORM:
        raise MalformedError(f"face: a form of more than {MAX_FORM} bytes")
    own, used = _form(data, frozenset(states), frozenset(drawn))
    effort.spend(
        painted=own.painted,
        segments=own.segments,
        characters=own.characters,
        ink=own.ink,
    )
    return Counter(used)


@functools.lru_cache(maxsize=_KEPT)
def _form(
    data: bytes, states: frozenset[str], drawn: frozenset[str]
) -> tuple[Effort, Counter[str]]:
    """Read a form; the art of a type is the same in all of its licenses."""
    state = _Form({"Do": drawn, "gs": states}, MAX_NESTING, Effort())
    for operator, operands in _steps(data, _FORM):
        state.take(operator, operands)
    state.finish()
    return state.effort, state.used


def _steps(
    data: bytes, grammar: Mapping[str, str]
) -> Iterator[tuple[str, list[bytes]]]:
    """Yield each operator with its operands, as they are spelled."""
    kinds, operands = "", []
    at = _after_space(data, 0)
    while at < len(data):
        token = _TOKEN.match(data, at)
        if token is None or token.lastgroup is None:
            raise MalformedError("face: an operand is spelled otherwise than in ours")
        at = _after_space(data, token.end())
        if at == token.end() != len(data):
            raise MalformedError("face: operands and operators are not set apart")
        if token.lastgroup != "operator":
            kinds += _KINDS[token.lastgroup]
            operands.append(token[token.lastgroup])
            if len(kinds) > len("nnnnnn"):
                raise MalformedError("face: too many operands")
            continue
        operator = token["operator"].decode("ascii")
        if grammar.get(operator) != kinds:
            raise MalformedError(f"face: {operator} is not an operator of ours")
        yield operator, operands
        kinds, operands = "", []
    if operands:
        raise MalformedError("face: the operators break off")


def _after_space(data: bytes, at: int) -> int:
    match = _SPACE.match(data, at)
    return at if match is None else match.end()


@dataclass(slots=True)
class _State:
    """What the operators so far have set."""

    names: Mapping[str, Collection[str]]
    nesting: int
    effort: Effort
    depth: int = 0
    path: int = 0
    used: Counter[str] = field(default_factory=Counter)

    def take(self, operator: str, operands: list[bytes]) -> None:
        """Go one step on."""
        if operator in self.names:
            self._name(operator, operands[0].decode("ascii"))
        if operator in _SEGMENTS:
            self.path += 1
            self.effort.spend(segments=1)
        elif operator in _PAINTS:
            self.path = 0
            self.effort.spend(painted=1)
        elif operator in ("q", "Q"):
            self.depth += 1 if operator == "q" else -1
            if not 0 <= self.depth <= self.nesting:
                raise MalformedError("face: q and Q are no pairs, or nested deeper")

    def _name(self, operator: str, name: str) -> None:
        if name not in self.names[operator]:
            raise MalformedError("face: the page does not name what is drawn with")
        if operator == "Do":
            self.used[name] += 1
            if self.used.total() > MAX_DRAWN:
                raise MalformedError("face: too many forms and images are drawn")

    def finish(self) -> None:
        """Refuse what was opened and not closed."""
        if self.depth:
            raise MalformedError("face: q and Q are no pairs, or nested deeper")


@dataclass(slots=True)
class _Form(_State):
    """The same of a form, whose paths may be scaled."""

    matrix: tuple[float, ...] = (1.0, 0.0, 0.0, 1.0)
    width: float = 1.0
    point: tuple[float, float] = (0.0, 0.0)
    kept: list[tuple[tuple[float, ...], float]] = field(default_factory=list)

    def take(self, operator: str, operands: list[bytes]) -> None:
        """Go one step on."""
        _State.take(self, operator, operands)  # see _Page
        if operator == "q":
            self.kept.append((self.matrix, self.width))
        elif operator == "Q":
            self.matrix, self.width = self.kept.pop()
        elif operator == "w":
            self.width = abs(float(operands[0]))
        elif operator == "cm":
            self._scale(*map(float, operands[:4]))
        elif operator in _SEGMENTS:
            self._cover(operator, [float(value) for value in operands])

    def _scale(self, a: float, b: float, c: float, d: float) -> None:
        e, f, g, h = self.matrix
        self.matrix = (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)

    def _cover(self, operator: str, numbers: list[float]) -> None:
        length = 0.0
        if operator == "re":
            length = 2 * (abs(numbers[2]) + abs(numbers[3]))
        elif operator in ("l", "c"):
            corners = [self.point, *zip(numbers[::2], numbers[1::2], strict=True)]
            length = sum(map(math.dist, corners, corners[1:]))
        if numbers:
            start = -2 if operator != "re" else 0
            self.point = (numbers[start], numbers[start + 1])
        a, b, c, d = self.matrix
        scale = max(math.hypot(a, b), math.hypot(c, d))
        self.effort.spend(ink=length * scale * max(1.0, self.width * scale))


@dataclass(slots=True)
class _Page(_State):
    """The same of a page, whose text has its own place.

    Text stands in the page's own space, and so do lines: ``cm`` moves images alone.
    """

    in_text: bool = False
    moved: bool = False
    point: tuple[float, float] = (0.0, 0.0)
    width: float = 1.0
    dash: float = 0.0
    kept: tuple[float, float] = (1.0, 0.0)
    size: float = 0.0
    scale: float = 1.0
    stretch: float = 1.0

    def take(self, operator: str, operands: list[bytes]) -> None:
        """Go one step on."""
        if not self._may_stand(operator):
            raise MalformedError(
                f"face: {operator} stands where no page of ours has it"
            )
        # The base is named: slots make another class, which super() does not know.
        _State.take(self, operator, operands)
        step = _STEPS.get(operator)
        if step is not None:
            step(self, operands)

    def _may_stand(self, operator: str) -> bool:
        if self.path:
            return operator in ("m", "l", "re", "S") and self.path <= _PATH_SEGMENTS
        if self.in_text:
            return operator in _IN_TEXT
        if operator == "BT":
            return self.depth == 0
        if operator == "cm":
            return self.depth > 0
        if operator in _SEGMENTS:
            return not self.moved
        return operator not in _TEXT_ALONE

    def keep(self, _: list[bytes]) -> None:
        """Take q."""
        self.kept = (self.width, self.dash)

    def restore(self, _: list[bytes]) -> None:
        """Take Q."""
        self.width, self.dash = self.kept
        self.moved = False

    def move(self, _: list[bytes]) -> None:
        """Take cm."""
        self.moved = True

    def start(self, operands: list[bytes]) -> None:
        """Take m."""
        self.point = (float(operands[0]), float(operands[1]))

    def line(self, operands: list[bytes]) -> None:
        """Take l."""
        (x, y), (left, bottom) = map(float, operands), self.point
        self._cover(abs(x - left) + abs(y - bottom))
        self.point = (x, y)

    def rectangle(self, operands: list[bytes]) -> None:
        """Take re."""
        left, bottom, width, height = map(float, operands)
        self._cover(2 * (abs(width) + abs(height)))
        self.point = (left, bottom)

    def _cover(self, length: float) -> None:
        dashes = int(length / self.dash) if self.dash else 0
        self.effort.spend(segments=dashes, ink=length * self.width)

    def widen(self, operands: list[bytes]) -> None:
        """Take w."""
        self.width = abs(float(operands[0]))

    def dashes(self, operands: list[bytes]) -> None:
        """Take d."""
        lengths = [float(value) for value in operands[0].split()]
        if lengths and min(lengths) < _SHORTEST:
            raise MalformedError("face: dashes that no page of ours has")
        self.dash = min(lengths, default=0.0)

    def begin(self, _: list[bytes]) -> None:
        """Take BT."""
        self.in_text, self.size, self.scale = True, 0.0, 1.0

    def end(self, _: list[bytes]) -> None:
        """Take ET."""
        self.in_text = False

    def set_font(self, operands: list[bytes]) -> None:
        """Take Tf."""
        self.size = abs(float(operands[1]))

    def set_stretch(self, operands: list[bytes]) -> None:
        """Take Tz."""
        self.stretch = abs(float(operands[0])) / 100

    def set_matrix(self, operands: list[bytes]) -> None:
        """Take Tm."""
        self.scale = max(abs(float(value)) for value in operands[:4])

    def show(self, operands: list[bytes]) -> None:
        """Take Tj."""
        if not self.size:
            raise MalformedError("face: a text has no font")
        if len(operands[0]) > 2 * MAX_STRING:
            raise MalformedError(f"face: a text of more than {MAX_STRING} bytes")
        count = len(operands[0]) // 4
        side = self.size * self.scale * max(1.0, self.stretch) + 2 * self.width
        self.effort.spend(characters=count, ink=count * side**2)

    def finish(self) -> None:
        """Refuse what was opened and not closed."""
        _State.finish(self)
        if self.in_text or self.path:
            raise MalformedError("face: the operators break off")


_STEPS: Mapping[str, Callable[[_Page, list[bytes]], None]] = MappingProxyType({
    "q": _Page.keep, "Q": _Page.restore, "cm": _Page.move, "w": _Page.widen,
    "d": _Page.dashes, "m": _Page.start, "l": _Page.line, "re": _Page.rectangle,
    "BT": _Page.begin, "ET": _Page.end, "Tf": _Page.set_font,
    "Tz": _Page.set_stretch, "Tm": _Page.set_matrix, "Tj": _Page.show,
})  # fmt: skip
