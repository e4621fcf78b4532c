"""Whether what a wallet trades, and when, looks like the work of a program."""

from ibis import Table, Value

from hypertrack.features.definition import Scope, feature
from hypertrack.market.program_signs import SIGNS, lean
from hypertrack.market.rhythm import rhythm


def signs(scope: Scope) -> Table:
    """Return wallet_id and lean: how far the signs of a program outnumber those of a person."""
    measured = rhythm(scope.con, scope.window)
    return measured.select("wallet_id", lean=lean(SIGNS, measured))


@feature(signs, unit="-1..1", group="extended", missing=0.0)
def program_lean(rows: Table) -> Value:
    """Signs of a program less signs of a person, over 1 + their number; 0 with none."""
    return rows.lean.max()
