"""Features and their distributions as lines for the terminal."""

import math
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from hypertrack.text import with_minus

if TYPE_CHECKING:
    from hypertrack.pipeline.features import Distribution

WIDTH = 80
NAME_WIDTH = 27
NUMBER_WIDTH = 8
SHARE_WIDTH = 6
HEADINGS = ("min", "25 %", "median", "75 %", "max")
SUFFIXES = ("", "k", "M", "G", "T", "P", "E")
SMALLEST = 1e-3
"""Below, a number is written with an exponent."""


def describe_lines(described: "Iterable[Distribution]") -> Iterator[Text]:
    """Return a line of numbers per feature and its definition below it, 80 columns wide."""
    yield Text(_line("feature", HEADINGS, ("zero", "none")), "bold")
    for each in described:
        spread = (each.min, each.quartile_1, each.median, each.quartile_3, each.max)
        shares = (f"{each.zero_frac:.0%}", f"{each.missing_frac:.0%}")
        yield Text(_line(each.name, map(compact, spread), shares))
        unit = f"{each.unit}, {each.group}: "
        for line in textwrap.wrap(unit + each.doc, WIDTH - 4):
            yield Text(f"    {line}", "dim")


def compact(value: float | None) -> str:
    """Return three significant digits in at most seven characters: ``−1.23M``, ``4e-05``, ``–``."""
    if value is None:
        return "–"
    rounded = float(f"{value:.3g}")
    size = abs(rounded)
    if size and not SMALLEST <= size < 1_000 ** len(SUFFIXES):
        return with_minus(f"{value:.0e}")
    power = int(math.log10(size) // 3) if size >= 1 else 0
    return with_minus(f"{rounded / 1_000**power:.3g}{SUFFIXES[power]}")


def _line(name: str, numbers: Iterable[str], shares: Iterable[str]) -> str:
    cells = [f"{number:>{NUMBER_WIDTH}}" for number in numbers]
    cells += [f"{share:>{SHARE_WIDTH}}" for share in shares]
    return f"{name:<{NAME_WIDTH}}{''.join(cells)}"
