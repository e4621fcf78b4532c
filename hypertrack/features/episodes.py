"""How long a wallet holds a position: flat-to-flat episodes where positions are known."""

from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.market.episodes import episode_steps
from hypertrack.market.positions import is_known


def held(scope: Scope) -> Table:
    """Return wallet_id and holding_ms of every change of a position that is known at the cut.

    NULL where it ended no episode; no row for a wallet whose positions are unknown.
    """
    known = scope.before(episode_steps(scope.con)).filter(is_known(scope.until_ms))
    return known.select("wallet_id", holding_ms=_.time_ms - _.open_ms)


@feature(held, unit="s", group="extended", needs_position=True)
def median_holding_s(rows: Table) -> Value:
    """Median time from opening to closing of episodes; NaN with none or positions unknown."""
    return rows.holding_ms.median() / 1_000


@feature(held, unit="count", group="extended", is_extensive=True, needs_position=True)
def closed_episode_count(rows: Table) -> Value:
    """Episodes from flat to flat closed in the window; NaN where positions are unknown."""
    return rows.holding_ms.count()
