"""Short windows spread over a recording, with all that was traded and quoted in them."""

from dataclasses import dataclass

from ibis import Table, _

from hypertrack.market.engine.market import Market


@dataclass(frozen=True)
class SampledWindows:
    """Windows of one length, at equal distances."""

    starts_ms: range
    length_ms: int

    def of(self, rows: Table) -> Table:
        """Return the rows inside, by time."""
        since_ms = _.time_ms - self.starts_ms.start
        inside = (since_ms >= 0) & (_.time_ms < self.starts_ms.stop)
        return rows.filter(inside, since_ms % self.starts_ms.step < self.length_ms).order_by(
            "time_ms", "coin_id"
        )


def sampled_windows(con: Market, *, length_ms: int, most: int) -> SampledWindows:
    """Return windows from the first trade to the last, end to end or further apart if too many.

    Args:
        con: The dataset, which has trades.
    """
    trades = con.table("trades")
    (ends,) = con.rows(trades.aggregate(first_ms=_.time_ms.min(), last_ms=_.time_ms.max()))
    first_ms, last_ms = ends["first_ms"], ends["last_ms"]
    step_ms = max(length_ms, -(-(last_ms + 1 - first_ms) // most))
    return SampledWindows(range(first_ms, last_ms + 1, step_ms), length_ms)
