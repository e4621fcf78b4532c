"""The tape, the fills and the venue's own figures held against each other, wallet by wallet."""

import ibis
from ibis import Table, Value, _

from hypertrack.market.account_states import KEYS, last_held, stated_levels
from hypertrack.market.coins import is_outcome, is_spot
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.executions import fills
from hypertrack.market.funding import payments
from hypertrack.market.observation import observed_stretches, with_stretch
from hypertrack.market.positions import positions
from hypertrack.market.window import Window

FILLS_FEED = "fills"
"""What the ledger calls the fills of a wallet."""

TRADE = ["time_ms", "coin_id", "trade_id"]


def complete_spans(con: Tables) -> Table:
    """Return wallet_id, start_ms, end_ms: times of which all fills of a wallet are known."""
    ledger = con.table("coverage").filter((_.feed == FILLS_FEED) & (_.status == "observed"))
    spans = ledger.select("start_ms", "end_ms", wallet="coin")
    return spans.join(con.table("wallets"), "wallet").select("wallet_id", "start_ms", "end_ms")


def tape_against_fills(con: Tables) -> Table:
    """Return wallet_id, n_trades, n_without, n_twap: trades on the tape that should have fills.

    Those of wallets within their complete spans; n_twap of those without are slices of a TWAP.
    """
    own = _within(fills(con), complete_spans(con))
    told = con.table("imported_fills").select("wallet_id", *TRADE, is_told=ibis.literal(True))
    both = own.left_join(told.distinct(), ["wallet_id", *TRADE])
    is_missing = both.is_told.isnull()
    return both.group_by("wallet_id").aggregate(
        n_trades=_.count(),
        n_without=is_missing.cast("int64").sum(),
        n_twap=(is_missing & both.is_twap).cast("int64").sum(),
    )


def fills_against_tape(con: Tables) -> Table:
    """Return wallet_id, kind, n: fills while their coin was recorded, by why they lack a trade.

    kind: ``matched``, ``settlement``, ``dust``, ``liquidation``, ``netting``, ``gap`` (the tape
    has one there) or ``missing``.
    """
    ends = (
        observed_stretches(con)
        .group_by("coin_id")
        .aggregate(first_ms=_.start_ms.min(), last_ms=_.end_ms.max())
    )
    own = _within(con.table("imported_fills"), complete_spans(con)).join(ends, "coin_id")
    during = own.filter((_.time_ms >= _.first_ms) & (_.time_ms <= _.last_ms))
    rows = with_stretch(con, during.select("wallet_id", "coin_id", "time_ms", "dir", "has_trade"))
    said = _.dir.fill_null("").lower()
    kind = ibis.cases(
        (_.has_trade, "matched"),
        (said.startswith("settle"), "settlement"),
        (said.contains("dust"), "dust"),
        (said.contains("liquidat"), "liquidation"),
        (said.contains("net child"), "netting"),
        (_.stretch.isnull(), "gap"),
        else_="missing",
    )
    return rows.group_by("wallet_id", kind=kind).aggregate(n=_.count())


def chain_breaks(con: Tables) -> Table:
    """Return wallet_id, n_breaks: times at which a position did not begin where it had ended."""
    known = _within(positions(con).filter(_.before.notnull()), complete_spans(con))
    by_coin = known.group_by(*KEYS).aggregate(n_breaks=_.chain.nunique() - 1)
    return by_coin.group_by("wallet_id").aggregate(n_breaks=_.n_breaks.sum())


def ends_against_states(con: Tables) -> Table:
    """Return wallet_id, coin, by_fills, stated: last positions that the venue's answer contradicts.

    After the last fill before the answer, and by the answer; in coins.
    """
    alike = ibis.window(group_by=KEYS)
    stated = stated_levels(con).mutate(last_ms=_.time_ms.max().over(alike))
    stated = stated.filter(_.time_ms == _.last_ms).select(*KEYS, "last_ms", "stated_level")
    moved = positions(con).filter(_.after.notnull()).join(stated, KEYS)
    ends = (
        moved.filter(_.time_ms < _.last_ms)
        .group_by(*KEYS)
        .aggregate(
            by_fills=_.after.argmax(_.nth),
            stated=_.stated_level.max(),
            traded=_.signed_size.abs().sum(),
        )
    )
    is_other = (_.by_fills - _.stated).abs() > 1e-9 * ibis.greatest(_.traded, _.stated.abs())
    named = ends.filter(is_other).join(con.table("coins"), "coin_id")
    return named.select("wallet_id", "coin", "by_fills", "stated")


def booked(con: Tables) -> Table:
    """Return wallet_id, n_fills, first_ms, last_ms, realised_usd, fees_usd, perp_usd (net of fees).

    What the fills of each wallet's complete spans come to, as the venue booked it; perp_usd is of
    perps alone.
    """
    coins = con.table("coins").select("coin_id", is_perp=~(is_spot(_.coin) | is_outcome(_.coin)))
    own = _within(con.table("imported_fills"), complete_spans(con)).join(coins, "coin_id")
    net = _.closed_pnl_usd.fill_null(0.0) - _.fee_usd.fill_null(0.0)
    return own.group_by("wallet_id").aggregate(
        n_fills=_.count(),
        first_ms=_.time_ms.min(),
        last_ms=_.time_ms.max(),
        realised_usd=_.closed_pnl_usd.sum(),
        fees_usd=_.fee_usd.sum(),
        perp_usd=ibis.ifelse(_.is_perp, net, 0.0).sum(),
    )


def told_profit(con: Tables, period: str) -> Table:
    """Return wallet_id, start_ms, end_ms, pnl_usd: what a window of the portfolio says was earned.

    As last asked.
    """
    points = con.table("account_history").filter((_.period == period) & _.pnl_usd.notnull())
    newest = points.group_by("wallet_id").aggregate(asked_ms=_.asked_ms.max())
    last = points.join(newest, ["wallet_id", "asked_ms"])
    return last.group_by("wallet_id").aggregate(
        start_ms=_.time_ms.min(),
        end_ms=_.time_ms.max(),
        pnl_usd=_.pnl_usd.argmax(_.time_ms) - _.pnl_usd.argmin(_.time_ms),
    )


def perp_profit_between(con: Tables, spans: Table) -> Table:
    """Return wallet_id, net_usd: booked on perps, net of fees, in a span of time each.

    Args:
        con: Holds the dataset.
        spans: wallet_id, start_ms, end_ms; both ends belong to it.
    """
    coins = con.table("coins").filter(~(is_spot(_.coin) | is_outcome(_.coin))).select("coin_id")
    inside = _between(con.table("imported_fills").semi_join(coins, "coin_id"), spans)
    net = inside.closed_pnl_usd.fill_null(0.0) - inside.fee_usd.fill_null(0.0)
    return inside.group_by("wallet_id").aggregate(net_usd=net.sum())


def unrealised(con: Tables) -> Table:
    """Return wallet_id, unrealised_usd: of the positions last told, of all dexes asked about."""
    held = last_held(con, None).filter(_.unrealised_usd.notnull())
    return held.group_by("wallet_id").aggregate(unrealised_usd=_.unrealised_usd.sum())


def funding_told(con: Tables, spans: Table) -> Table:
    """Return wallet_id, funding_usd: payments that the venue told of, in a span of time each.

    Args:
        con: Holds the dataset.
        spans: As of `perp_profit_between`.
    """
    paid = con.table("account_flows").filter((_.kind == "funding") & _.usd.notnull())
    inside = _between(paid.select("wallet_id", "time_ms", "usd"), spans)
    return inside.group_by("wallet_id").aggregate(funding_usd=_.usd.sum())


def funding_by_rates(con: Tables, spans: Table, window: Window) -> Table:
    """Return wallet_id, funding_usd: of what was held, by the rates; NULL where one is unknown.

    Args:
        con: Holds the dataset.
        spans: As of `perp_profit_between`.
        window: Holds all of them.
    """
    due = payments(con, window).select("wallet_id", "time_ms", usd="funding_usd")
    summed = _between(due, spans).group_by("wallet_id").aggregate(
        usd=_.usd.sum(), is_known=_.usd.notnull().all()
    )  # fmt: skip
    return summed.select("wallet_id", funding_usd=ibis.ifelse(_.is_known, _.usd, None))


def _between(rows: Table, spans: Table) -> Table:
    """Return the rows in the span of their wallet, both ends of which belong to it."""
    own = rows.join(spans.select("wallet_id", "start_ms", "end_ms"), "wallet_id")
    return own.filter((_.time_ms >= _.start_ms) & (_.time_ms <= _.end_ms))


def _within(rows: Table, spans: Table) -> Table:
    """Return the rows of wallets that lie in one of their spans, which do not overlap."""
    found = rows.join(spans, "wallet_id")
    inside: Value = (found.time_ms >= found.start_ms) & (found.time_ms < found.end_ms)
    return found.filter(inside).drop("start_ms", "end_ms")
