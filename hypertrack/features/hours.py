"""When in the day and the week a wallet trades (UTC)."""

import math

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.features.entropy import entropy
from hypertrack.features.traded import traded
from hypertrack.records import DAY_MS, HOUR_MS

HOURS = 24


def hours(scope: Scope) -> Table:
    """Return wallet_id, hour (UTC), n executions, and the quiet hours up to the next active one.

    Hours run in a circle: after 23 comes 0.
    """
    hour = (_.time_ms // HOUR_MS % HOURS).cast("int32")
    active = traded(scope).group_by("wallet_id", hour=hour).aggregate(n=_.count())
    around = ibis.window(group_by="wallet_id")
    onwards = ibis.window(group_by="wallet_id", order_by="hour")
    first_tomorrow = _.hour.min().over(around) + HOURS
    return active.mutate(
        n_quiet_after=_.hour.lead().over(onwards).fill_null(first_tomorrow) - _.hour - 1
    )


@feature(hours, unit="0..1")
def hour_entropy(rows: Table) -> Value:
    """Shannon entropy of executions over the 24 UTC hours / ln 24."""
    return entropy(rows.n) / math.log(HOURS)


@feature(hours, unit="0..1", group="extended")
def night_share(rows: Table) -> Value:
    """Longest run of UTC hours without an execution / 24."""
    return rows.n_quiet_after.max() / HOURS


@feature(traded, unit="0..1", group="extended")
def weekend_share(rows: Table) -> Value:
    """Share of executions on Saturday or Sunday (UTC)."""
    weekday = (rows.time_ms // DAY_MS + 3) % 7  # day 0 of the epoch was a Thursday
    return (weekday >= 5).cast("int8").mean()
