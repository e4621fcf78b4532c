"""Positions: the coins that a wallet holds, known only where something told them.

Most wallets of a bare recording came in with a position that nobody saw (three of four in 81 s of
the venue, 9.5 times what they traded in it): their position is unknown, and nothing that needs it
is claimed. Fills of the venue tell it, and its answers; from one on it follows from what is
traded, as long as no trade of the coin is missing.
"""

import ibis
from ibis import Table, Value, _

from hypertrack.market.account_states import stated_levels
from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.executions import executions
from hypertrack.market.observation import with_stretch
from hypertrack.market.reports import reported_levels
from hypertrack.market.window import Window

EXACT, DERIVED, FLAT_SEEN, UNKNOWN = "exact", "derived", "flat_seen", "unknown"
"""``exact``: a fill told it, this one or an earlier one, or the venue when it was asked before;
``derived``: a later one did, less what was traded until then; ``flat_seen``: derived, and since
then it was 0."""

KEYS = ("wallet_id", "coin_id")
IN_STRETCH = [*KEYS, "stretch"]
ORDER = ("time_ms", "direction", "is_taker")

FLAT_FRAC = 1e-12
"""A position below this share of all that was traded is rounding, and flat."""

SAME_FRAC = 1e-9
"""Positions closer than this share are the same: the venue's own text carries rounding."""


def positions(con: Tables) -> Table:
    """Return all that changed a wallet's position in coins whose positions are told; made once.

    Columns: wallet_id, coin_id, time_ms, direction, is_taker, price, signed_size, notional_usd,
    is_one_sided (a settlement or its like, no trade); before and after, in coins, NULL where
    unknown; state; known_ms: since when the position could be known, later than the row where a
    later fill told it; side_before and side_after: -1, 0 or 1; nth: its number in the coin;
    chain: rows of one number follow each other without a break: each begins where the one before
    ended.

    A cut must leave out rows with a ``known_ms`` at or after it.
    """
    return keep(con, "positions", _positions)


def is_known(until_ms: int | None) -> Value:
    """Return whether a row's position could be known before a cut."""
    is_told = _.before.notnull()
    return is_told if until_ms is None else is_told & (_.known_ms < until_ms)


def entry_positions(con: Tables, window: Window) -> Table:
    """Return wallet_id, coin_id, entry, is_entry_reported: positions when a window begins.

    Of all coins that a wallet trades in the window. Where no fill tells, it is the sum of what the
    wallet traded before, as far back as the recording goes: what it held before that is unknown.
    """
    before = executions(con).filter(_.time_ms < window.start_ms)
    traded = before.group_by(*KEYS).aggregate(flow=(_["size"] * _.direction).sum())
    first = window.of(executions(con)).group_by(*KEYS).aggregate(first_ms=_.time_ms.min())
    reported = (
        window.of(positions(con))
        .filter(is_known(window.end_ms))
        .group_by(*KEYS)
        .aggregate(reported=_.before.argmin(_.time_ms))
    )
    both = first.left_join(traded, KEYS).drop("wallet_id_right", "coin_id_right")
    both = both.left_join(reported, KEYS).drop("wallet_id_right", "coin_id_right")
    return both.select(
        *KEYS,
        entry=ibis.coalesce(_.reported, _.flow, 0.0),
        is_entry_reported=_.reported.notnull(),
    )


def changes(con: Tables) -> Table:
    """Return executions and one-sided fills of wallets and coins whose positions are told."""
    fills = con.table("imported_fills")
    by_fills = fills.filter(_.start_position.notnull()).select(*KEYS)
    told = by_fills.union(stated_levels(con).select(*KEYS)).distinct()
    executed = executions(con).semi_join(told, KEYS)
    one_sided = fills.filter(~_.has_trade)
    direction = ibis.ifelse(_.is_buy, 1, -1).cast("int8")
    return executed.select(
        *KEYS,
        *ORDER,
        price=_.vwap,
        signed_size=_["size"] * _.direction,
        notional_usd=_.notional_usd,
        is_one_sided=ibis.literal(False),
        fill_id=ibis.literal(0, "int64"),
    ).union(
        one_sided.select(
            *KEYS,
            "time_ms",
            direction=direction,
            is_taker=ibis.literal(False),
            price=_.price,
            signed_size=_["size"] * direction,
            notional_usd=_.price * _["size"],
            is_one_sided=ibis.literal(True),
            fill_id=_.trade_id,
        )
    )


def _positions(con: Tables) -> Table:
    in_order = (*ORDER, "is_one_sided", "fill_id")  # no ties: every window sees one order
    so_far = ibis.window(group_by=KEYS, order_by=in_order, rows=(None, 0))
    within = ibis.window(group_by=[*KEYS, "time_ms"], order_by=in_order[1:], rows=(None, 0))
    rows = with_stretch(con, changes(con)).mutate(
        flow=_.signed_size.sum().over(within),
        traded=_.signed_size.abs().sum().over(so_far),
    )
    levels = _levels(con, rows)
    found = rows.join(levels, [*KEYS, "time_ms"])
    found = found.mutate(after=_.level + _.flow).mutate(before=_.after - _.signed_size)
    in_turn = ibis.window(group_by=KEYS, order_by=in_order)
    found = found.mutate(nth=ibis.row_number().over(in_turn), was=_.after.lag().over(in_turn))
    is_same = (_.before - _.was).abs() <= SAME_FRAC * ibis.greatest(
        _.before.abs(), _.signed_size.abs()
    )
    return found.mutate(is_break=(~is_same.fill_null(False)).cast("int64")).select(
        *KEYS,
        *ORDER,
        "price",
        "signed_size",
        "notional_usd",
        "is_one_sided",
        "before",
        "after",
        "state",
        "known_ms",
        "nth",
        side_before=_side(_.before),
        side_after=_side(_.after),
        chain=_.is_break.sum().over(so_far),
    )


def _levels(con: Tables, rows: Table) -> Table:
    """Return wallet_id, coin_id, time_ms, level, state, known_ms: of each time it did something.

    The level is the position before all that it did then. What a fill says is carried on to what
    follows, and back to what came before, within one stretch of observed time.
    """
    moments = _carried(_moments(con, rows))
    # Outside of observed time, trades may be missing between any two: each fill tells of itself.
    is_alone = _.stretch.isnull()
    is_on = (_.n_told > 0) & ~is_alone
    is_back = (_.n_told == 0) & ~is_alone & _.carried_back.notnull()
    level = ibis.cases(
        (_.reported_level.notnull(), _.reported_level),
        (is_on, _.carried_on + _.flow_before),
        (is_back, _.carried_back + _.flow_before),
    )
    moments = moments.mutate(level=level, is_back=is_back & _.reported_level.isnull())
    is_flat = _.is_back & ((_.level + _.net).abs() <= FLAT_FRAC * _.net.abs())
    earlier = ibis.window(group_by=IN_STRETCH, order_by="time_ms", rows=(None, -1))
    moments = moments.mutate(was_flat=is_flat.any().over(earlier).fill_null(False))
    return moments.select(
        *KEYS,
        "time_ms",
        "level",
        state=ibis.cases(
            (_.level.isnull(), UNKNOWN),
            (_.is_back & _.was_flat, FLAT_SEEN),
            (_.is_back, DERIVED),
            else_=EXACT,
        ),
        known_ms=ibis.cases(
            (_.reported_level.notnull(), _.time_ms),
            (_.is_back, _.first_told_ms),
            else_=_.told_ms,
        ),
    )


def _moments(con: Tables, rows: Table) -> Table:
    """Return each time at which a wallet did something in a coin, and what fills tell of it.

    Columns: wallet_id, coin_id, time_ms, stretch, net (coins), reported_level, flow_before: net of
    what came before in the stretch, n_told: times so far of which fills tell, offset: the position
    at the beginning of the stretch by what they tell here.
    """
    levels = _told_levels(con)
    asked = with_stretch(con, stated_levels(con).select(*KEYS, "time_ms"))
    moved = rows.select(*KEYS, "time_ms", "stretch", "signed_size")
    both = moved.union(asked.mutate(signed_size=ibis.literal(0.0)).select(moved.columns))
    moments = both.group_by(*KEYS, "time_ms", "stretch").aggregate(net=_.signed_size.sum())
    moments = moments.left_join(levels, [*KEYS, "time_ms"])
    moments = moments.drop("wallet_id_right", "coin_id_right", "time_ms_right")
    before = ibis.window(group_by=IN_STRETCH, order_by="time_ms", rows=(None, -1))
    so_far = ibis.window(group_by=IN_STRETCH, order_by="time_ms", rows=(None, 0))
    return moments.mutate(
        flow_before=_.net.sum().over(before).fill_null(0.0),
        n_told=_.reported_level.count().over(so_far),
    ).mutate(offset=_.reported_level - _.flow_before)


def _told_levels(con: Tables) -> Table:
    """Return wallet_id, coin_id, time_ms, reported_level: by a fill, or else by the venue's answer.

    Told is the position before all that the wallet did at that time.
    """
    by_fill = reported_levels(con).select(*KEYS, "time_ms", "reported_level")
    told = by_fill.mutate(place=ibis.literal(0, "int8"))
    stated = stated_levels(con).select(*KEYS, "time_ms", reported_level="stated_level")
    both = told.union(stated.mutate(place=ibis.literal(1, "int8")).select(told.columns))
    return both.group_by(*KEYS, "time_ms").aggregate(
        reported_level=_.reported_level.argmin(_.place)
    )


def _carried(moments: Table) -> Table:
    """Return moments with the offset, and its time, last told, and first told in the stretch."""
    told = ibis.window(group_by=[*IN_STRETCH, "n_told"])
    all_of_it = ibis.window(group_by=IN_STRETCH)
    is_told = _.offset.notnull()
    is_first = (_.n_told == 1) & is_told
    return moments.mutate(
        carried_on=_.offset.max().over(told),
        told_ms=ibis.ifelse(is_told, _.time_ms, None).max().over(told),
        carried_back=ibis.ifelse(is_first, _.offset, None).max().over(all_of_it),
        first_told_ms=ibis.ifelse(is_first, _.time_ms, None).max().over(all_of_it),
    )


def _side(position: Value) -> Value:
    is_flat = position.abs() <= _.traded * FLAT_FRAC
    return ibis.ifelse(is_flat, 0, position.sign()).cast("int8")
