"""Charts as SVG that takes its colours from the page, so that one file serves light, dark and paper.

Coordinates are given in the data's units; a mark's ``title`` is what is shown when a pointer rests on it.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final, NamedTuple

from signald.model.time import NS_PER_S

_LEFT: Final = 52.0
_RIGHT: Final = 10.0
_TOP: Final = 10.0
_BOTTOM: Final = 36.0
_CROWD: Final = 100
"""Points from which on they are drawn without a rim, so that many do not look like none."""

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_MONTH_S: Final = 30.44 * 86_400.0


class Axis(NamedTuple):
    """One axis: its ends, what it is called, and where it is labelled."""

    lo: float
    hi: float
    label: str = ""
    ticks: Sequence[tuple[float, str]] = ()


def axis_over(
    values: Sequence[float], label: str = "", *, count: int = 5, pad: float = 0.06, zero: bool = False
) -> Axis:
    """An axis that holds ``values`` (and zero, if told) with some room, labelled at round numbers."""
    known = [one for one in (*values, *([0.0] if zero else [])) if math.isfinite(one)] or [0.0, 1.0]
    lo, hi = min(known), max(known)
    room = pad * (hi - lo) or 1.0
    return ruled(lo - room, hi + room, label, count=count)


def ruled(lo: float, hi: float, label: str = "", *, count: int = 5) -> Axis:
    """An axis from ``lo`` to ``hi``, labelled at round numbers."""
    size = 10.0 ** math.floor(math.log10((hi - lo) / count))
    step = next(size * one for one in _STEPS if size * one * count >= (hi - lo) * 0.999)
    first = math.ceil(lo / step - 1e-9)
    ticks = [index * step for index in range(first, math.floor(hi / step + 1e-9) + 1)]
    digits = max(0, 2 - math.floor(math.log10(step) + 1e-9)) if step < 1.0 else int(step % 1.0 > 0.0)
    while digits and all(abs(round(one, digits - 1) - one) < step * 1e-6 for one in ticks):
        digits -= 1
    return Axis(lo, hi, label, [(one, f"{one:.{digits}f}".replace("-", "−")) for one in ticks])


def counted(highest: float, label: str = "") -> Axis:
    """An axis of counts from zero to a little above ``highest``, labelled at whole numbers."""
    step = next(one * 10**power for power in range(12) for one in (1, 2, 5) if one * 10**power * 5 >= highest)
    return Axis(0.0, highest * 1.08, label, [(float(one), str(one)) for one in range(0, math.ceil(highest) + 1, step)])


def dated(first: int, last: int, *, most: int = 7) -> Axis:
    """An axis of time from ``first`` to ``last`` in nanoseconds, labelled at the beginnings of ``most`` months."""
    lo, hi = first / NS_PER_S, last / NS_PER_S
    room = max(0.02 * (hi - lo), 86_400.0)
    every = next(months for months in (1, 2, 3, 6, 12, 24, 60, 1200) if (hi - lo) / (months * _MONTH_S) <= most)
    begin = datetime.fromtimestamp(lo - room, UTC)
    months = range(begin.year * 12 + begin.month, begin.year * 12 + begin.month + math.ceil((hi - lo) / _MONTH_S) + 3)
    starts = [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months if month % every == 0]
    ticks = [(one.timestamp(), one.strftime("%b %Y")) for one in starts if lo - room <= one.timestamp() <= hi + room]
    return Axis(lo - room, hi + room, "", ticks)


class Chart:
    """One chart under construction: marks are drawn in the order they are added."""

    def __init__(self, x: Axis, y: Axis, *, width: float = 420.0, height: float = 250.0, left: float = _LEFT) -> None:
        """Take the axes and the size in points of the drawing, which is then as wide as its place."""
        self._x, self._y, self._width, self._height, self._left = x, y, width, height, left
        self._marks: list[str] = []

    def points(self, x: Sequence[float], y: Sequence[float], titles: Sequence[str] = (), *, of: str = "a") -> None:
        """A dot for each pair; ``of`` names the series' colour."""
        style = f"dot {of} thin" if len(x) > _CROWD else f"dot {of}"
        for index, (one, other) in enumerate(zip(x, y, strict=True)):
            title = f"<title>{escape(titles[index])}</title>" if titles else ""
            mark = f'<circle class="{style}" cx="{self._at_x(one)}" cy="{self._at_y(other)}" r="3">{title}</circle>'
            self._marks.append(mark)

    def line(self, x: Sequence[float], y: Sequence[float], *, of: str = "a", dashed: bool = False) -> None:
        """A line through all pairs."""
        style = f"line {of} dashed" if dashed else f"line {of}"
        self._marks.append(f'<polyline class="{style}" points="{self._path(x, y)}"/>')

    def steps(self, x: Sequence[float], y: Sequence[float], *, of: str = "a") -> None:
        """A line that stays at each value until the next."""
        doubled = [one for one in x for _ in range(2)][1:]
        self.line(doubled, [one for one in y for _ in range(2)][:-1], of=of)

    def band(self, x: Sequence[float], lo: Sequence[float], hi: Sequence[float], *, of: str = "a") -> None:
        """The area between two lines."""
        outline = f"{self._path(x, lo)} {self._path(list(reversed(x)), list(reversed(hi)))}"
        self._marks.append(f'<polygon class="band {of}" points="{outline}"/>')

    def bars(self, edges: Sequence[float], heights: Sequence[float], titles: Sequence[str], *, of: str = "a") -> None:
        """A bar from zero to each height, between one edge and the next."""
        for index, height in enumerate(heights):
            left, right = self._px(edges[index]) + 0.75, self._px(edges[index + 1]) - 0.75
            top, foot = sorted((self._py(height), self._py(0.0)))
            self._marks.append(
                f'<rect class="bar {of}" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}"'
                f' height="{max(foot - top, 0.5):.1f}"><title>{escape(titles[index])}</title></rect>'
            )

    def whisker(self, y: float, lo: float, mean: float, hi: float, title: str, *, of: str = "a") -> None:
        """A dot with the interval around it, lying."""
        at = self._at_y(y)
        self._marks.append(
            f'<g><title>{escape(title)}</title><line class="line {of}" x1="{self._at_x(lo)}" x2="{self._at_x(hi)}"'
            f' y1="{at}" y2="{at}"/><circle class="dot solid {of}" cx="{self._at_x(mean)}" cy="{at}" r="3.5"/></g>'
        )

    def stem(self, x: float, lo: float, hi: float, *, of: str = "a") -> None:
        """An interval, standing."""
        at = self._at_x(x)
        self._marks.append(f'<line class="stem {of}" x1="{at}" x2="{at}" y1="{self._at_y(lo)}" y2="{self._at_y(hi)}"/>')

    def level(self, y: float) -> None:
        """A thin line across."""
        self._marks.append(self._rule(self._x.lo, self._x.hi, y, y))

    def upright(self, x: float) -> None:
        """A thin line from bottom to top."""
        self._marks.append(self._rule(x, x, self._y.lo, self._y.hi))

    def render(self, title: str) -> str:
        """The SVG; ``title`` is read aloud to those who cannot see it."""
        return (
            f'<svg viewBox="0 0 {self._width:g} {self._height:g}" role="img" aria-label="{escape(title)}">'
            f"{self._grid()}{''.join(self._marks)}{self._labels()}</svg>"
        )

    def _grid(self) -> str:
        across = [self._rule(self._x.lo, self._x.hi, at, at, "grid") for at, _ in self._y.ticks]
        up = [self._rule(at, at, self._y.lo, self._y.hi, "grid") for at, _ in self._x.ticks]
        return "".join((*across, *up))

    def _labels(self) -> str:
        foot, middle = self._height - _BOTTOM, (self._left + self._width - _RIGHT) / 2.0
        parts = [self._text("tick", f'x="{self._at_x(at)}" y="{foot + 14:.1f}"', text) for at, text in self._x.ticks]
        parts += [
            self._text("tick", f'x="{self._left - 6:.1f}" y="{self._py(at) + 3.5:.1f}"', text, anchor="end")
            for at, text in self._y.ticks
        ]
        turned = f'transform="translate(9 {(_TOP + foot) / 2.0:.1f}) rotate(-90)"'
        parts.append(self._text("name", f'x="{middle:.1f}" y="{self._height - 4:.1f}"', self._x.label))
        parts.append(self._text("name", turned, self._y.label))
        return "".join(parts)

    @staticmethod
    def _text(style: str, place: str, text: str, *, anchor: str = "middle") -> str:
        return f'<text class="{style}" {place} text-anchor="{anchor}">{escape(text)}</text>' if text else ""

    def _rule(self, x1: float, x2: float, y1: float, y2: float, style: str = "rule") -> str:
        ends = f'x1="{self._at_x(x1)}" x2="{self._at_x(x2)}" y1="{self._at_y(y1)}" y2="{self._at_y(y2)}"'
        return f'<line class="{style}" {ends}/>'

    def _path(self, x: Sequence[float], y: Sequence[float]) -> str:
        return " ".join(f"{self._at_x(one)},{self._at_y(other)}" for one, other in zip(x, y, strict=True))

    def _at_x(self, value: float) -> str:
        return f"{self._px(value):.1f}"

    def _at_y(self, value: float) -> str:
        return f"{self._py(value):.1f}"

    def _px(self, value: float) -> float:
        share = (min(max(value, self._x.lo), self._x.hi) - self._x.lo) / (self._x.hi - self._x.lo)
        return self._left + share * (self._width - self._left - _RIGHT)

    def _py(self, value: float) -> float:
        share = (min(max(value, self._y.lo), self._y.hi) - self._y.lo) / (self._y.hi - self._y.lo)
        return self._height - _BOTTOM - share * (self._height - _TOP - _BOTTOM)
