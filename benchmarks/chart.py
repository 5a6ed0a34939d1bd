"""A chart as SVG: bars on a logarithmic scale, away from a line at 1.

It paints its own ground, in the colours of a light or of a dark screen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 840, 205, 145, 96, 46
BAR, GAP, BETWEEN = 15, 3, 13
_STYLE = """
  .ground { fill: #ffffff } .grid { stroke: #d8dee4 } .one { stroke: #57606a }
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 } .less { fill: #57606a; font-size: 12px }
  .way { text-anchor: end } .tick { text-anchor: middle }
  .peer0 { fill: #b6c2cf } .peer1 { fill: #7d8fa3 }
  .ours0 { fill: #7cc4b6 } .ours1 { fill: #12806a }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .grid { stroke: #2b323b } .one { stroke: #8b949e }
    text { fill: #e6edf3 } .less { fill: #9aa4af }
    .peer0 { fill: #46525f } .peer1 { fill: #7f8fa1 }
    .ours0 { fill: #1c6b5c } .ours1 { fill: #35c4a5 }
  }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: how large, what stands behind it, and which of the series it is of."""

    value: float
    label: str
    series: int


@dataclass(frozen=True, slots=True)
class Group:
    """Bars with one name; ``ours`` are in another colour."""

    name: str
    bars: tuple[Bar, ...]
    ours: bool


def draw(
    title: str, below: str, series: Sequence[str], groups: Sequence[Group], axis: str
) -> str:
    """Return the SVG.

    Args:
        title: its first line.
        below: its second line.
        series: what each shade stands for, at most two.
        groups: from above to below.
        axis: what the scale counts.
    """
    values = [bar.value for group in groups for bar in group.bars]
    low = floor(min(*values, 1) and log10(min(*values, 0.9)))
    high = ceil(log10(max(*values, 10)))
    bars = sum(len(group.bars) * (BAR + GAP) + BETWEEN for group in groups)
    height = TOP + bars + BOTTOM
    scale = _Scale(low, high)
    parts = [
        f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>',
        _text(20, 30, title, "title"),
        _text(20, 50, below, "less"),
        *_legend(series),
        *_grid(scale, TOP + bars),
        *_bars(scale, groups),
        _text(scale.at(1), height - 8, axis, "less tick"),
    ]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" height="{height}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n{body}\n</svg>\n"
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    low: int
    high: int

    def at(self, value: float) -> float:
        """Return the place of a value, in pixels from the left."""
        part = (log10(value) - self.low) / (self.high - self.low)
        return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'


def _legend(series: Sequence[str]) -> Iterator[str]:
    x = 20.0
    for number, name in enumerate(series if len(series) > 1 else ()):
        for kind in ("peer", "ours"):
            yield _box(f"{kind}{_shade(number, len(series))}", x, 64, 12, 12)
            x += 15
        yield _text(x + 3, 75, name, "less")
        x += 40 + 7 * len(name)


def _shade(number: int, count: int) -> int:
    return number + 2 - count  # of one series it is the strong shade


def _grid(scale: _Scale, bottom: float) -> Iterator[str]:
    for power in range(scale.low, scale.high + 1):
        x, kind = scale.at(10.0**power), "grid" if power else "one"
        ends = f'y1="{TOP - 6}" x2="{x}" y2="{bottom}"'
        yield f'<line class="{kind}" x1="{x}" {ends}/>'
        yield _text(x, bottom + 16, f"{10.0**power:g}×", "less tick")


def _bars(scale: _Scale, groups: Sequence[Group]) -> Iterator[str]:
    y, one = float(TOP), scale.at(1)
    series = 1 + max(bar.series for group in groups for bar in group.bars)
    for group in groups:
        kind = "ours" if group.ours else "peer"
        middle = y + len(group.bars) * (BAR + GAP) / 2 + 3
        yield _text(LEFT - 12, middle, group.name, "way")
        for bar in group.bars:
            x = scale.at(bar.value)
            shade = f"{kind}{_shade(bar.series, series)}"
            yield _box(shade, min(x, one), y, max(abs(x - one), 1), BAR)
            yield _text(max(x, one) + 6, y + 12, bar.label, "less")
            y += BAR + GAP
        y += BETWEEN


def _box(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{kind}" x="{round(x, 1)}" y="{round(y, 1)}"'
        f' width="{round(width, 1)}" height="{height}" rx="2"/>'
    )
