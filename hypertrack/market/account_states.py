"""What the venue said of accounts: positions at a time, equity, returns, and who belongs together.

All of it is of wallets that were asked about, and of times at which they were; of others nothing
is known, which is not nothing.
"""

import ibis
from ibis import Table, Value, _

from hypertrack.market.coins import is_hip3, is_outcome, is_spot
from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.executions import executions
from hypertrack.market.window import Window

KEYS = ("wallet_id", "coin_id")

RETURN_PERIOD = "month"
"""Of a portfolio's windows the one whose points returns are told between: a day apart, and of the
whole account, perps and spot."""

FUNDING = "funding"

FLOWS_FEED = "flows"
"""What the ledger calls the money in and out of a wallet."""


def stated_levels(con: Tables) -> Table:
    """Return wallet_id, coin_id, time_ms, stated_level: positions the venue told; made once.

    Of every coin that a wallet trades on the dex it was asked about, 0 where none was held. The
    time is one after that of the answer, before anything else happens: what happened at the
    answer's own time is in it.
    """
    return keep(con, "stated_levels", _stated_levels)


def _stated_levels(con: Tables) -> Table:
    perps = con.table("coins").filter(~(is_spot(_.coin) | is_outcome(_.coin)))
    dexes = with_dex(perps).select("coin_id", "dex")
    asked = con.table("account_states").select("wallet_id", "dex", "time_ms").distinct()
    traded = executions(con).select(*KEYS).union(con.table("imported_fills").select(*KEYS))
    coins = traded.distinct().join(dexes, "coin_id").join(asked, ["wallet_id", "dex"])
    held = con.table("account_positions").select(*KEYS, "time_ms", "size")
    found = coins.left_join(held, [*KEYS, "time_ms"])
    return found.select(
        *KEYS, time_ms=_.time_ms + 1, stated_level=_["size"].fill_null(0.0).cast("float64")
    )


def with_dex(coins: Table) -> Table:
    """Return the same with the builder's dex of each coin, empty where it is the venue's own."""
    return coins.mutate(dex=ibis.ifelse(is_hip3(_.coin), _.coin.split(":")[0], ""))


def last_states(con: Tables, until_ms: int | None) -> Table:
    """Return wallet_id, equity_usd, notional_usd: of all dexes, as last told before a cut."""
    states = con.table("account_states").filter(_.equity_usd.notnull())
    told = states if until_ms is None else states.filter(_.time_ms < until_ms)
    by_dex = told.group_by("wallet_id", "dex").aggregate(
        equity_usd=_.equity_usd.argmax(_.time_ms), notional_usd=_.notional_usd.argmax(_.time_ms)
    )
    return by_dex.group_by("wallet_id").aggregate(
        equity_usd=_.equity_usd.sum(), notional_usd=_.notional_usd.sum()
    )


def liquidation_distances(con: Tables, until_ms: int | None) -> Table:
    """Return wallet_id, distance_frac: how far prices are from liquidating each position.

    Of the positions of each dex's last answer before a cut that can be liquidated at some price.
    """
    held = last_held(con, until_ms).filter(
        _.liquidation_price.notnull() & (_["size"] != 0) & (_.value_usd > 0)
    )
    return held.mutate(price=_.value_usd / _["size"].abs()).select(
        "wallet_id", distance_frac=(_.liquidation_price - _.price).abs() / _.price
    )


def last_positions(con: Tables) -> Table:
    """Return wallet_id, coin, size (coins, signed), value_usd: as last told, of each dex."""
    held = last_held(con, None).filter(_["size"] != 0)
    return held.join(con.table("coins"), "coin_id").select("wallet_id", "coin", "size", "value_usd")


def last_held(con: Tables, until_ms: int | None) -> Table:
    """Return the rows of ``account_positions`` that each dex told last before a cut.

    The dexes of a wallet are asked one after the other, so each has a last time of its own.
    """
    states = con.table("account_states")
    told = states if until_ms is None else states.filter(_.time_ms < until_ms)
    last = told.group_by("wallet_id", "dex").aggregate(time_ms=_.time_ms.max())
    coins = with_dex(con.table("coins")).select("coin_id", "dex")
    held = con.table("account_positions").join(coins, "coin_id")
    return held.semi_join(last, ["wallet_id", "dex", "time_ms"])


def last_balances(con: Tables) -> Table:
    """Return wallet_id, token, size: spot tokens held, as last told."""
    told = con.table("account_balances")
    last = told.group_by("wallet_id").aggregate(asked_ms=_.asked_ms.max())
    held = told.join(last, ["wallet_id", "asked_ms"]).filter(_["size"] != 0)
    return held.select("wallet_id", "token", "size").order_by("wallet_id", "token")


def last_told(con: Tables) -> Table:
    """Return wallet_id, told_ms: when the venue last said something of the account's state."""
    return con.table("account_states").group_by("wallet_id").aggregate(told_ms=_.time_ms.max())


def transfers(con: Tables) -> Table:
    """Return ``account_flows`` without funding, which is earned or paid, not brought or taken."""
    return con.table("account_flows").filter(_.kind != FUNDING)


def flows_within(con: Tables, window: Window) -> Table:
    """Return wallet_id, usd: money in and out in a window, 0 for who was asked and moved none.

    NULL where some of it was not told in USD.
    """
    asked = flows_asked(con, window.end_ms).mutate(usd=ibis.literal(0.0), is_told=True)
    moved = window.of(transfers(con))
    flows = moved.select("wallet_id", usd=_.usd.fill_null(0.0), is_told=_.usd.notnull())
    both = asked.union(flows.semi_join(asked, "wallet_id"))
    summed = both.group_by("wallet_id").aggregate(usd=_.usd.sum(), is_told=_.is_told.all())
    return summed.select("wallet_id", usd=ibis.ifelse(_.is_told, _.usd, None))


def flows_asked(con: Tables, until_ms: int) -> Table:
    """Return wallet_id of the wallets whose flows are known up to a time."""
    ledger = con.table("coverage").filter(
        (_.feed == FLOWS_FEED) & (_.status == "observed") & (_.start_ms < until_ms)
    )
    asked = ledger.select(wallet="coin").distinct()
    return asked.join(con.table("wallets"), "wallet").select("wallet_id")


def returns(con: Tables, until_ms: int | None) -> Table:
    """Return wallet_id, start_ms, end_ms, return_frac: on capital, by Modified Dietz.

    (V1 − V0 − F) / (V0 + Σ w·f), between the venue's own first and last point of the last month
    told before a cut; f are the flows in between, F their sum, w the share of the time that was
    left when each came. NULL where a flow has no amount, or no capital was there; no row where
    flows were not asked for, or fewer than two points are known.

    Source: Global Investment Performance Standards; worked by hand in
    tests/market/test_account_states.py.
    """
    points = con.table("account_history").filter(
        (_.period == RETURN_PERIOD) & _.equity_usd.notnull()
    )
    points = points if until_ms is None else points.filter(_.time_ms < until_ms)
    newest = points.group_by("wallet_id").aggregate(asked_ms=_.asked_ms.max())
    ends = (
        points.join(newest, ["wallet_id", "asked_ms"])
        .group_by("wallet_id")
        .aggregate(
            start_ms=_.time_ms.min(),
            end_ms=_.time_ms.max(),
            start_usd=_.equity_usd.argmin(_.time_ms),
            end_usd=_.equity_usd.argmax(_.time_ms),
        )
        .filter(_.end_ms > _.start_ms)
    )
    asked = flows_asked(con, 2**62 if until_ms is None else until_ms)
    ends = ends.semi_join(asked, "wallet_id")
    flows = transfers(con).select("wallet_id", "time_ms", "usd")
    between = ends.join(flows, "wallet_id").filter(
        (_.time_ms > _.start_ms) & (_.time_ms <= _.end_ms)
    )
    left = (_.end_ms - _.time_ms) / (_.end_ms - _.start_ms)
    moved = between.group_by("wallet_id").aggregate(
        flow_usd=_.usd.sum(), weighted_usd=(_.usd * left).sum(), is_told=_.usd.notnull().all()
    )
    return ends.left_join(moved, "wallet_id").select(
        "wallet_id", "start_ms", "end_ms", return_frac=_dietz()
    )


def links(con: Tables) -> Table:
    """Return wallet_id, other_id, kind, name, n, usd: who belongs together, once each.

    kind: ``vault`` (other leads it; name: the vault's), ``sub_account`` (of other), ``agent`` (of
    other), ``transfer``: n flows of usd between them, either way, the smaller id first.
    """
    told = con.table("account_links")
    named = told.group_by("wallet_id", "other_id", "kind").aggregate(name=_.name.argmax(_.asked_ms))
    named = named.mutate(n=ibis.null("int64"), usd=ibis.null("float64"))
    flows = con.table("account_flows").filter(_.other_id.notnull() & ~_.kind.startswith("vault"))
    pairs = flows.mutate(
        first_id=ibis.least(_.wallet_id, _.other_id),
        second_id=ibis.greatest(_.wallet_id, _.other_id),
    )
    # Of a transfer between two wallets that were both asked about, each tells once.
    once = pairs.group_by("first_id", "second_id", "time_ms", "kind", paid=_.usd.abs()).aggregate(
        n_told=_.count(), n_tellers=_.wallet_id.nunique()
    )
    moved = once.group_by("first_id", "second_id").aggregate(
        n=(_.n_told / _.n_tellers).sum().cast("int64"),
        usd=(_.paid * _.n_told / _.n_tellers).sum(),
    )
    transfers = moved.select(
        wallet_id="first_id",
        other_id="second_id",
        kind=ibis.literal("transfer"),
        name=ibis.null("string"),
        n="n",
        usd="usd",
    )
    return named.select(transfers.columns).union(transfers)


def chosen_by_profit(con: Tables) -> Table:
    """Return wallet_id, since_ms: who was chosen by what it had earned, and when first.

    Its past had to be good for it to be here, and is no evidence.
    """
    return con.table("account_choices").select("wallet_id", "since_ms")


def told_as_one(con: Tables) -> Table:
    """Return wallet_id, other_id: of whom the venue says that they belong to one another.

    Sub-accounts and their master, vaults and their leader, agents and their owner; not who sends
    money to whom, which may be anybody. It is as true of the past: an answer tells who they are,
    and not how they did.
    """
    found = con.table("account_links").select("wallet_id", "other_id").distinct()
    return found.order_by("wallet_id", "other_id")


def _dietz() -> Value:
    moved = _.flow_usd.fill_null(0.0)
    capital = _.start_usd + _.weighted_usd.fill_null(0.0)
    is_known = _.is_told.fill_null(True) & (capital > 0)
    return ibis.ifelse(is_known, (_.end_usd - _.start_usd - moved) / capital, None)
