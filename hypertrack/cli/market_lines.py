"""A market beside the real venue, on the terminal."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hypertrack.cli.session import Session
from hypertrack.cli.tables import plain_table
from hypertrack.records import as_dict

if TYPE_CHECKING:
    from hypertrack.pipeline.market_lines import CalibrationLine, MarketLines

UNLIKE = 1.5
"""From this factor on, beyond what was measured on the venue, a market is unlike it."""


def show_market(session: Session, found: "MarketLines") -> None:
    """Print a line a quantity: as it is here, on the venue, and how far off."""
    if session.is_json:
        session.emit(as_dict(found) | {"lines": [_as_json(line) for line in found.lines]})
        return
    headings = ("quantity", "here", "real", "factor")
    session.out.print(plain_table(headings, [_row(line) for line in found.lines], gap=1))
    session.out.print()
    session.out.print("\n".join(_remarks(found)), markup=False)


def _remarks(found: "MarketLines") -> Iterator[str]:
    unlike = sum(map(_is_unlike, found.lines))
    yield f"{unlike} of {len(found.lines)} lines are unlike the venue (*), {UNLIKE:g} times beyond"
    yield "what was measured there, in 81 seconds of all 187 coins and in two captures of few."
    size = f"{found.n_trades:,} trades of {found.n_coins:,} coins"
    yield f"Here: means over {found.n_windows:,} windows of 81 seconds, {size}."


def _row(line: "CalibrationLine") -> tuple[str, str, str, str]:
    real = _number(line.real)
    if line.real_high is not None:
        real += f" to {_number(line.real_high)}"
    if math.isnan(line.here):
        return line.quantity, "–", real, "not told"
    mark = " *" if _is_unlike(line) else ""
    factor = "sign" if math.isinf(line.factor) else f"{line.factor:.2f}"
    return line.quantity, _number(line.here), real, factor + mark


def _is_unlike(line: "CalibrationLine") -> bool:
    return not math.isnan(line.here) and line.factor > UNLIKE


def _as_json(line: "CalibrationLine") -> dict[str, object]:
    factor = None if math.isnan(line.here) or math.isinf(line.factor) else line.factor
    return as_dict(line) | {"factor": factor, "is_unlike": _is_unlike(line)}


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
