"""The simulated market's wallets, asked about over HTTP and checked against its truth, to the cent.

The venue has played a market to its end; what the command stores of it is compared with what the
market itself knows: positions, fees and profit of every wallet.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from account_fakes import AccountVenue, account_venue, ask, lines_of
from venue_fakes import PlayedVenue

from hypertrack.config import Settings, SimulateSettings
from hypertrack.feeds.account_questions import ASKED, Step
from hypertrack.importing.accounts.asking import Asking
from hypertrack.market import account_checks
from hypertrack.market.engine.duckdb_market import connect
from hypertrack.market.window import Window
from hypertrack.pipeline.account_checks import check_accounts, report_json, summary
from hypertrack.records import AccountReport, decode_json, encode_json
from hypertrack.records.accounts import RATES_FRAC
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_source import MarketSource
from hypertrack.simulate.venue.requests import UnknownNameError, UnknownTypeError
from hypertrack.store.dataset import open_dataset

pytestmark = pytest.mark.slow  # a market is played twice, once for its truth

N_WALLETS = 60
CENT = 0.01


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SimulateSettings(wallets=300, hours=0.5, trades_per_second=1.0, seed=3))


@pytest.fixture(scope="module")
def venue(market: Market) -> Iterator[AccountVenue]:
    played = PlayedVenue(MarketSource(market))

    def answer(request: dict[str, Any]) -> tuple[int, bytes]:
        try:
            return 200, encode_json(played.ask(request["type"], **_without_type(request)))
        except UnknownTypeError:
            return 422, b"Failed to deserialize the JSON body into the target type"
        except UnknownNameError:
            return 500, b"null"

    with account_venue() as running:
        running.intercept = answer
        yield running


@pytest.fixture(scope="module")
def wallets(market: Market) -> tuple[str, ...]:
    """Those who trade most, one that does nothing, and one that the venue has never heard of."""
    order = np.argsort(-market.truth["n_openings"], kind="stable")
    return (*(market.wallets[at] for at in order[: N_WALLETS - 1]), "0x" + "9" * 40)


@pytest.fixture(scope="module")
def folder(
    venue: AccountVenue, wallets: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A dataset of answers alone."""
    folder = tmp_path_factory.mktemp("accounts") / "data"
    steps = (*ASKED, Step.ROLE, Step.FUNDING)
    dexes = dict.fromkeys(wallets, ("xyz",))
    report = ask(venue, folder, Asking(wallets=wallets, steps=steps, dexes=dexes))
    assert (report.n_left, report.failed, report.switched_off) == (0, (), {})
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> AccountReport:
    return check_accounts(Settings(data=folder), folder)


def test_profit_and_fees_of_every_wallet_equal_the_truth_to_the_cent(
    market: Market, folder: Path, wallets: tuple[str, ...]
) -> None:
    truth = {
        wallet: (profit + funding, fees)
        for wallet, profit, funding, fees in zip(
            *(market.truth[name] for name in ("wallet", "profit_usd", "funding_usd", "fees_usd")),
            strict=True,
        )
    }

    found = earned(market, folder)

    n_traded = 0
    for wallet in wallets[:-1]:
        n_traded += truth[wallet][1] != 0
        assert found.get(wallet, (0.0, 0.0)) == pytest.approx(truth[wallet], abs=CENT), wallet
    assert n_traded > N_WALLETS / 3


def earned(market: Market, folder: Path) -> dict[str, tuple[float, float]]:
    """Return what the stored fills say that each wallet earned after fees, and its fees.

    In the market's time, from its first prices to its last, of all that was held then.
    """
    *_, last = market.chunks()
    names = [coin.name for coin in market.coins]
    start = dict(zip(names, market.start_prices.tolist(), strict=True))
    end = dict(zip(names, last.end_prices.tolist(), strict=True))
    query = """
        SELECT wallet, coin,
            sum(CASE WHEN is_buy THEN size ELSE -size END) FILTER (time_ms < $begin),
            sum(CASE WHEN is_buy THEN size ELSE -size END),
            sum(CASE WHEN is_buy THEN -size ELSE size END * price) FILTER (time_ms >= $begin),
            sum(fee_usd) FILTER (time_ms >= $begin)
        FROM imported_fills JOIN wallets USING (wallet_id) JOIN coins USING (coin_id) GROUP BY ALL
    """
    found: dict[str, tuple[float, float]] = {}
    with open_dataset(folder) as dataset:
        rows = dataset.connection.execute(query, {"begin": market.start_ms}).fetchall()
    for wallet, coin, before, after, cash_usd, fees_usd in rows:
        gain = after * end[coin] - (before or 0.0) * start[coin] + (cash_usd or 0.0)
        so_far, fees = found.get(wallet, (0.0, 0.0))
        found[wallet] = (so_far + gain - (fees_usd or 0.0), fees + (fees_usd or 0.0))
    return found


def test_positions_follow_without_a_break_and_end_where_the_venue_says(
    report: AccountReport,
) -> None:
    assert sum(check.n_fills for check in report.wallets) > 1_000
    assert [check.wallet for check in report.wallets if check.n_chain_breaks] == []
    assert [check.differences for check in report.wallets if check.differences] == []


def test_portfolio_differs_by_unrealised_and_funding_and_by_nothing_else(
    report: AccountReport,
) -> None:
    profits = [check.profit for check in report.wallets if check.profit is not None]

    assert len(profits) > N_WALLETS / 2
    for profit in profits:
        known = (profit.unrealised_usd or 0.0) + (profit.funding_usd or 0.0)
        assert profit.difference_usd == pytest.approx(known, abs=2 * CENT)
    assert {profit.cause for profit in profits} <= {"none", "unrealised", "unrealised and funding"}


def test_wallet_that_the_venue_does_not_know_is_empty_and_complete(
    report: AccountReport, wallets: tuple[str, ...]
) -> None:
    (unknown,) = [check for check in report.wallets if check.wallet == wallets[-1]]

    assert (unknown.n_fills, unknown.cause, unknown.equity_usd) == (0, "first", 0)
    assert (unknown.net_usd, unknown.profit, unknown.failed) == (None, None, {})


def test_report_says_all_of_it_in_json_and_in_words(
    report: AccountReport, folder: Path, wallets: tuple[str, ...]
) -> None:
    told = decode_json(report_json(report), dict[str, Any])

    assert told["n_complete"] == report.n_complete == len(wallets)
    assert {"net_usd", "tape", "profit", "came_in", "links"} <= set(told["wallets"][0])
    assert decode_json(report_json(report), AccountReport) == report
    words = summary(report)
    assert words[0] == f"{N_WALLETS} of {N_WALLETS} wallets are complete since their first fill"
    assert any(line.startswith("positions: 0 breaks") for line in words)


def test_vaults_agents_and_sub_accounts_are_told_as_they_are(
    market: Market, venue: AccountVenue, tmp_path: Path
) -> None:
    folder, kin = tmp_path / "data", MarketSource(market).records
    vaults = dict(list(kin.vaults().items())[:3])
    leaders = [vault.leader for vault in vaults.values()]
    agents = [agent for wallet in market.wallets[:50] for agent in kin.agents(wallet)][:2]
    asking = Asking(wallets=(*vaults, *leaders, *agents), steps=(Step.ROLE, Step.FILLS))

    ask(venue, folder, asking)

    found = check_accounts(Settings(data=folder), folder)
    links = {check.wallet: " ".join(check.links) for check in found.wallets}
    for address, vault in vaults.items():
        assert f"vault {vault.name!r} led by {vault.leader}" in links[address]
        assert f"leads the vault {vault.name!r} {address}" in links[vault.leader]
    assert all("agent of 0x" in links[agent] for agent in agents)
    assert all(line["user"] not in agents for line in lines_of(folder, "fills.jsonl"))


def _without_type(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != "type"}


def test_funding_by_rates_is_what_the_venue_booked(folder: Path) -> None:
    with open_dataset(folder) as dataset:
        con = connect(dataset)
        spans = account_checks.told_profit(con, "perpAllTime")
        ends = con.rows(spans)
        window = Window(
            min(row["start_ms"] for row in ends), max(row["end_ms"] for row in ends) + 1
        )
        told, by_rates = (
            {row["wallet_id"]: row["funding_usd"] for row in con.rows(found)}
            for found in (
                account_checks.funding_told(con, spans),
                account_checks.funding_by_rates(con, spans, window),
            )
        )

    known = [wallet for wallet in told if by_rates.get(wallet) is not None]
    assert len(known) > N_WALLETS / 2
    for wallet in known:  # on what was traded, which is not the oracle's price
        assert by_rates[wallet] == pytest.approx(told[wallet], rel=RATES_FRAC, abs=CENT)
