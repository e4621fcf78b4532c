"""What the venue tells of the simulated market's wallets is the market's own truth."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from venue_fakes import PlayedVenue, fee_usd, fill_key

from hypertrack.config import SimulateSettings
from hypertrack.records import DAY_MS
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_source import MarketSource

pytestmark = pytest.mark.slow  # a market is played twice, once for its truth
SETTINGS = SimulateSettings(wallets=900, hours=1.02, trades_per_second=1.0, seed=3)
N_CHECKED = 200

Held = dict[str, tuple[float, float]]
"""Size and what was paid for it, by coin."""


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SETTINGS)


@pytest.fixture(scope="module")
def venue(market: Market) -> PlayedVenue:
    return PlayedVenue(MarketSource(market))


@pytest.fixture(scope="module")
def end_prices(market: Market) -> dict[str, float]:
    *_, last = market.chunks()
    return dict(zip((c.name for c in market.coins), last.end_prices.tolist(), strict=True))


@pytest.fixture(scope="module")
def tape(market: Market) -> dict[str, set[object]]:
    """Return what the socket sends of each wallet's trades, as its fills should tell it."""
    tape: dict[str, set[object]] = defaultdict(set)
    for event in MarketSource(market).events():
        for trade in json.loads(event.data) if event.channel == "trades" else ():
            told = tuple(trade[key] for key in ("coin", "px", "sz", "time", "hash", "tid"))
            buyer, seller = trade["users"]
            tape[buyer].add((*told, "B", trade["side"] == "B"))
            tape[seller].add((*told, "A", trade["side"] == "A"))
    return tape


@pytest.fixture(scope="module")
def fills(market: Market, venue: PlayedVenue, tape: dict[str, set[object]]) -> dict[str, list[Any]]:
    """Return all fills of those who trade, and of some who do not."""
    chosen = dict.fromkeys([*sorted(tape), *market.wallets])
    return {wallet: venue.fills(wallet) for wallet in [*chosen][:N_CHECKED]}


def carried(held: Held, fills: Sequence[Mapping[str, Any]]) -> Held:
    """Return positions after further fills, at average cost."""
    held = dict(held)
    for fill in fills:
        size, cost = held.get(fill["coin"], (0.0, 0.0))
        signed = float(fill["sz"]) * (1 if fill["side"] == "B" else -1)
        price, after = float(fill["px"]), round(size + signed, 8)
        assert float(fill["startPosition"]) == pytest.approx(size, abs=1e-6)
        if size * signed >= 0:
            cost += price * signed
        elif size * after < 0:
            cost = price * after
        else:
            cost *= after / size
        held[fill["coin"]] = after, cost
    return held


def start_of(market: Market, wallet: str) -> Held:
    start = market.start_positions
    mine = start.take(start.wallet == market.wallets.index(wallet))
    coins = [market.coins[at] for at in mine.coin]
    rows = zip(coins, mine.units.tolist(), mine.entry_price.tolist(), strict=True)
    return {c.name: (c.size_of(units), c.size_of(units) * entry) for c, units, entry in rows}


def gain_usd(held: Held, prices: Mapping[str, float]) -> float:
    return sum(size * prices[coin] - cost for coin, (size, cost) in held.items())


def since(fills: Sequence[Any], start_ms: int) -> list[Any]:
    return [fill for fill in fills if fill["time"] >= start_ms]


def test_net_profit_is_the_truth_to_the_cent(
    market: Market,
    venue: PlayedVenue,
    fills: dict[str, list[Any]],
    end_prices: dict[str, float],
) -> None:
    """Closed profit less fees with funding, and what open positions gained since the start."""
    truth = dict(zip(market.wallets, market.truth["profit_usd"].tolist(), strict=True))
    names = [coin.name for coin in market.coins]
    first = dict(zip(names, market.start_prices.tolist(), strict=True))
    off = {}
    for wallet, told in fills.items():
        live, start = since(told, market.start_ms), start_of(market, wallet)
        payments = venue.payments(wallet, market.start_ms + 1_000)
        net = sum(float(fill["closedPnl"]) - fee_usd(fill) for fill in live)
        net += sum(float(payment["delta"]["usdc"]) for payment in payments)
        open_gain = gain_usd(carried(start, live), end_prices) - gain_usd(start, first)
        off[wallet] = abs(net + open_gain - truth[wallet])

    assert len(off) == N_CHECKED
    assert max(off.values()) < 0.005


def test_fills_before_the_start_explain_what_wallets_come_in_with(
    market: Market, fills: dict[str, list[Any]]
) -> None:
    n_whole = 0
    for wallet, told in fills.items():
        past = [fill for fill in told if fill["time"] < market.start_ms]
        if len(told) < 10_000:  # of others the venue has forgotten the beginning
            held = {coin: of for coin, of in carried({}, past).items() if of[0]}
            start = start_of(market, wallet)
            n_whole += 1
            assert held.keys() == start.keys()
            for coin, of in start.items():
                assert held[coin] == pytest.approx(of, rel=1e-9)

    assert n_whole > 0.9 * N_CHECKED


def test_weeks_were_played_before_the_start(market: Market, fills: dict[str, list[Any]]) -> None:
    ages = [(market.start_ms - told[0]["time"]) / DAY_MS for told in fills.values() if told]

    assert 5 < np.median(ages) < 25


def test_every_trade_on_the_tape_is_a_fill_of_both_wallets(
    market: Market, fills: dict[str, list[Any]], tape: dict[str, set[object]]
) -> None:
    keys = ("coin", "px", "sz", "time", "hash", "tid", "side", "crossed")
    for wallet, told in fills.items():
        live = since(told, market.start_ms)
        assert {tuple(fill[key] for key in keys) for fill in live} == tape[wallet]
        assert len({fill_key(fill) for fill in live}) == len(live) == len(tape[wallet])


def test_positions_now_are_what_the_fills_add_up_to(
    market: Market, venue: PlayedVenue, fills: dict[str, list[Any]]
) -> None:
    is_spot = {coin.name: coin.kind == "spot" for coin in market.coins}
    for wallet, told in fills.items():
        held = carried(start_of(market, wallet), since(told, market.start_ms))
        states = [venue.ask("clearinghouseState", user=wallet, dex=dex) for dex in ("", "xyz")]
        rows = [entry["position"] for state in states for entry in state["assetPositions"]]

        sizes = {row["coin"]: float(row["szi"]) for row in rows}
        assert sizes == {c: size for c, (size, _) in held.items() if size and not is_spot[c]}
        for row in rows:
            value = float(row["positionValue"]) * np.sign(float(row["szi"]))
            cost = value - float(row["unrealizedPnl"])
            assert cost == pytest.approx(held[row["coin"]][1], abs=1e-4)


def test_equity_is_what_came_in_and_what_was_gained(
    venue: PlayedVenue, fills: dict[str, list[Any]]
) -> None:
    """The portfolio's gain in perps is that of its states; its equity adds what came in."""
    for wallet in [*fills][20:60]:
        states = [venue.ask("clearinghouseState", user=wallet, dex=dex) for dex in ("", "xyz")]
        equity = sum(float(state["marginSummary"]["accountValue"]) for state in states)
        windows = dict(venue.ask("portfolio", user=wallet))
        flows = venue.ask("userNonFundingLedgerUpdates", user=wallet, startTime=0)
        brought = sum(_into_perps(row["delta"], wallet) for row in flows)

        whole = windows["perpAllTime"]
        assert float(whole["accountValueHistory"][-1][1]) == pytest.approx(equity, abs=1e-4)
        assert float(whole["pnlHistory"][-1][1]) == pytest.approx(equity - brought, abs=1e-4)


def _into_perps(delta: Mapping[str, Any], wallet: str) -> float:
    """Return what a flow brought into a wallet's perps; between dexes it stays there."""
    if delta["type"] == "send":
        return 0.0
    usd, paid = float(delta["usdc"]), float(delta["usdc"]) + float(delta.get("fee", 0))
    if delta["type"] in ("withdraw", "accountClassTransfer"):
        return -paid
    is_mine = wallet in (delta.get("destination"), delta.get("vault"))
    return usd if is_mine or delta["type"] == "deposit" else -paid


def test_some_wallets_pay_in_or_out_while_the_market_is_open(
    market: Market, venue: PlayedVenue
) -> None:
    live = [
        row["delta"]["type"]
        for wallet in market.wallets[:N_CHECKED]
        for row in venue.ask("userNonFundingLedgerUpdates", user=wallet, startTime=market.start_ms)
    ]

    assert set(live) == {"deposit", "withdraw"}
    assert 0.1 < len(live) / N_CHECKED < 0.3


def test_master_and_sub_accounts_name_each_other(market: Market, venue: PlayedVenue) -> None:
    sub, master = (market.wallets[at] for at in next(iter(market.kinship.master_of.items())))

    subs = venue.ask("subAccounts2", user=master)
    old = venue.ask("subAccounts", user=master)

    role = {"role": "subAccount", "data": {"master": master}}
    assert venue.ask("userRole", user=sub) == role
    assert sub in [one["subAccountUser"] for one in subs]
    assert [dex for dex, _ in subs[0]["dexToClearinghouseState"]] == ["", "xyz"]
    told = venue.ask("clearinghouseState", user=subs[0]["subAccountUser"])
    assert subs[0]["dexToClearinghouseState"][0][1] == old[0]["clearinghouseState"] == told


def test_transfer_is_one_row_for_both_who_share_it(market: Market, venue: PlayedVenue) -> None:
    pairs = [*market.kinship.master_of.items(), *((b, a) for a, b in market.kinship.gifts)]

    kinds = set()
    for receiver, giver in pairs:
        rows = [_transfers(venue, market.wallets[at]) for at in (receiver, giver)]
        shared = [row for row in rows[0] if row in rows[1]]
        assert len(shared) == 1
        kinds.add(shared[0]["delta"]["type"])

    assert kinds == {"subAccountTransfer", "internalTransfer"}


def _transfers(venue: PlayedVenue, wallet: str) -> list[Any]:
    rows = venue.ask("userNonFundingLedgerUpdates", user=wallet, startTime=0)
    return [row for row in rows if row["delta"].get("destination") not in (None, "")]


def test_vault_tells_its_leader_and_what_its_followers_hold(
    market: Market, venue: PlayedVenue
) -> None:
    at, vault = next(iter(market.kinship.vaults.items()))
    address, follower = market.wallets[at], vault.followers[0]

    told = venue.ask("vaultDetails", vaultAddress=address, user=follower)
    (equity,) = venue.ask("userVaultEquities", user=follower)
    whole = venue.ask("portfolio", user=address)

    assert venue.ask("userRole", user=address) == {"role": "vault"}
    assert venue.ask("userRole", user=follower) == {"role": "user"}
    assert (told["leader"], told["portfolio"]) == (vault.leader, whole)
    assert told["followerState"]["user"] == follower
    worth = sum(float(one["vaultEquity"]) for one in told["followers"])
    assert worth == pytest.approx(float(dict(whole)["allTime"]["accountValueHistory"][-1][1]))
    assert float(equity["equity"]) == pytest.approx(float(told["followerState"]["vaultEquity"]))
    assert told["followers"][0]["user"] == "Leader"


def test_names_of_vaults_are_free_text_and_arrive_as_they_are(
    market: Market, venue: PlayedVenue
) -> None:
    vaults = {market.wallets[at]: vault for at, vault in market.kinship.vaults.items()}

    told = {at: venue.ask("vaultDetails", vaultAddress=at)["name"] for at in vaults}

    assert told == {at: vault.name for at, vault in vaults.items()}
    assert any("<script>" in name for name in told.values())


def test_agents_have_nothing_but_their_owner(market: Market, venue: PlayedVenue) -> None:
    agent, at = next(iter(market.kinship.agents.items()))
    owner = market.wallets[at]

    assert venue.ask("userRole", user=agent) == {"role": "agent", "data": {"user": owner}}
    assert agent in [one["address"] for one in venue.ask("extraAgents", user=owner)]
    assert venue.fills(agent) == venue.payments(agent) == []
    assert venue.ask("clearinghouseState", user=agent)["withdrawable"] == "0.0"
    assert venue.ask("userNonFundingLedgerUpdates", user=agent, startTime=0) == []


def test_the_same_market_has_the_same_accounts() -> None:
    settings = SimulateSettings(wallets=20, hours=0.05, trades_per_second=1.0)
    one, other = (PlayedVenue(MarketSource(Market(settings))) for _ in range(2))

    for wallet in Market(settings).wallets:
        for kind in ("portfolio", "clearinghouseState"):
            assert one.ask(kind, user=wallet) == other.ask(kind, user=wallet)
