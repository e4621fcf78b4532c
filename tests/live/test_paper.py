"""Following on paper over a small market, worked by hand."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, account_state, context, held_position, quote
from paper_fakes import NOBODY, PaperRun, acts, book, observed_trades, tick, took, write_lines

from hypertrack.records import NotFilled, PaperMove, PaperOrder, PriceFrom, StepKind

HOUR_MS = 3_600_000


def moves(run: PaperRun) -> list[tuple[PaperMove, PaperOrder]]:
    """Return the leaders' moves, each with the order of the portfolio that follows them."""
    return [(move, move.orders[0]) for step in run.steps for move in step.moves if move.orders]


def test_opening_is_filled_by_walking_the_book_of_five_seconds_later(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))
    books = [book(500, [("99", "5")], [("101", "50")]), book(5_900, [("101", "5")], ASKS)]
    write_lines(tmp_path, "l2book", [*books, book(6_100, [("1", "5")], [("2", "50")])])

    run = PaperRun(tmp_path).read()

    # 1,000 USD at his 100 are 10 coins: 3 at 103 and 7 at 104 cost 1,037; 4.5 bps are 0.46665.
    ((move, order),) = moves(run)
    assert (order.size, order.cost_usd, order.fee_usd) == (
        Decimal(10),
        Decimal(1_037),
        Decimal("0.46665"),
    )
    assert (move.price_from, move.price_age_ms, move.mid) == (PriceFrom.BOOK, 100, Decimal(102))
    assert run.steps[1].at_ms == START_MS + 6_000


ASKS = [("103", "3"), ("104", "100")]


def test_stale_book_leaves_the_quote_and_no_quote_the_last_trade(tmp_path: Path) -> None:
    trades = [*acts(1_000, 1), *acts(90_000, 1)]
    write_lines(tmp_path, "trades", trades)
    write_lines(tmp_path, "l2book", [book(-1, [("90", "1")], [("91", "50")])])  # 6.001 s old
    write_lines(tmp_path, "bbo", [quote(START_MS + 5_000, 100.0, 102.0)])  # 90 s old at the second

    first, second = moves(PaperRun(tmp_path).read())

    assert (first[0].price_from, first[1].cost_usd) == (PriceFrom.QUOTE, Decimal(1_020))
    # The last trade, his own at 100, moved by 5 bps.
    assert (second[0].price_from, second[1].cost_usd) == (PriceFrom.TRADE, Decimal("1000.5"))


def test_book_that_does_not_hold_our_size_fills_what_it_holds(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))
    write_lines(tmp_path, "l2book", [book(5_900, [("99", "1")], [("101", "4"), ("102", "2")])])

    ((_, order),) = moves(PaperRun(tmp_path).read())

    assert (order.wanted, order.size, order.cost_usd) == (
        Decimal(10),
        Decimal(6),
        Decimal(4 * 101 + 2 * 102),
    )
    assert (order.skipped, order.why) == (Decimal(4), NotFilled.THIN_BOOK)


def test_same_part_is_closed_as_the_leader_closes(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", WHOLE_TRADE)

    run = PaperRun(tmp_path, spread_bps=0).read()

    # Two fifths of 10 coins, then the rest; at his own prices he earned 4 · 10 + 6 · 20.
    assert [order.size for _, order in moves(run)] == [Decimal(10), Decimal(-4), Decimal(-6)]
    portfolio = run.state.portfolios[0]
    assert portfolio.size_by_coin() == {}
    assert portfolio.result(run.state.marks).leader_usd == Decimal(160)


WHOLE_TRADE = [
    *acts(1_000, 1, 100.0),
    *acts(20_000, -0.4, 110.0),
    *acts(50_000, -0.6, 120.0),
]


def test_flip_closes_and_opens_in_one_order(tmp_path: Path) -> None:
    trades = [*acts(1_000, 1), *acts(20_000, -3)]
    write_lines(tmp_path, "trades", trades)

    _, (move, order) = moves(PaperRun(tmp_path).read())

    assert (move.kind, move.position, order.size) == ("flip", Decimal(-2), Decimal(-20))


def test_parts_sum_to_the_difference_from_the_leader_exactly(tmp_path: Path) -> None:
    """With a delay, spread, depth, fees, funding, something skipped and something thin."""
    trades = [*WHOLE_TRADE[:6], *acts(40_000, 0.7, 113.37), tick(HOUR_MS + 9_000)]
    write_lines(tmp_path, "trades", trades)
    books = [book(5_900, [("101.1", "5")], [("103.3", "3"), ("104.7", "4")])]
    write_lines(tmp_path, "l2book", [*books, book(24_500, [("108.9", "9")], [("111", "1")])])
    write_lines(tmp_path, "contexts", [context(START_MS + HOUR_MS - 5, rate=0.0001, oracle=99.0)])

    run = PaperRun(tmp_path, max_notional_usd=1_500).read()

    found = run.state.portfolios[0].result(run.state.marks)
    parts = found.parts
    assert found.net_usd == found.leader_usd + parts.total_usd
    for part in (parts.delay_usd, parts.spread_usd, parts.fees_usd, parts.skipped_usd):
        assert part != 0
    held = run.state.portfolios[0].size_by_coin()["BTC"]
    assert parts.funding_usd == -held * Decimal(99) * Decimal("0.0001")


def test_funding_of_an_hour_without_a_context_is_unknown_and_counted(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", [*acts(1_000, 1), tick(HOUR_MS + 9_000)])
    write_lines(tmp_path, "contexts", [context(START_MS + HOUR_MS - 600_001)])

    run = PaperRun(tmp_path).read()

    assert run.steps[-1].rates == {"BTC": None}
    assert run.state.portfolios[0].n_hours_unknown == 1
    assert run.state.portfolios[0].funding_usd == 0


def test_order_below_the_venues_minimum_is_skipped_and_counted(tmp_path: Path) -> None:
    trades = [*acts(1_000, 1), *acts(20_000, -0.005)]
    write_lines(tmp_path, "trades", trades)

    run = PaperRun(tmp_path, notional_usd=1_000).read()

    # Of 10 coins a 200th part: 5 USD. What he closed and we did not lies between the results.
    _, (_, order) = moves(run)
    assert (order.size, order.skipped, order.why) == (0, Decimal("-0.05"), NotFilled.TOO_SMALL)
    assert run.state.portfolios[0].n_not_filled == {NotFilled.TOO_SMALL: 1}


@pytest.mark.parametrize(
    ("limits", "size", "why"),
    [
        ({"max_notional_usd": 700}, Decimal(7), NotFilled.COIN_LIMIT),
        ({"capital_usd": 500, "max_leverage": 3}, Decimal(5), NotFilled.COIN_LIMIT),
        ({"capital_usd": 500, "max_notional_usd": 5_000}, Decimal(5), NotFilled.LEVERAGE),
        ({"capital_usd": 500, "max_notional_usd": 5_000, "max_leverage": 3}, Decimal(10), None),
    ],
)
def test_opening_is_cut_to_the_limits(
    tmp_path: Path, limits: dict[str, Any], size: Decimal, why: NotFilled | None
) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))

    ((_, order),) = moves(PaperRun(tmp_path, **limits).read())

    assert (order.size, order.why) == (size, why)
    assert order.wanted == Decimal(10)


def test_opening_against_what_is_held_is_no_more_leverage(tmp_path: Path) -> None:
    bob_sells = {"buyer": NOBODY[0], "seller": BOB, "taker": BOB}
    write_lines(tmp_path, "trades", [*acts(1_000, 10), *acts(20_000, 10, **bob_sells)])
    flat = {(ALICE, "BTC"): "0", (BOB, "BTC"): "0"}
    limits = {"capital_usd": 1_000, "max_notional_usd": 5_000}

    run = PaperRun(tmp_path, flat, leaders=[ALICE, BOB], **limits).read()

    # Alice's 10 coins take the whole equity; Bob's 10 the other way leave us flat.
    sizes = [order.size for _, order in moves(run) if order.wanted]
    assert sizes == [Decimal(10), Decimal(-10)]


def test_proportional_size_is_the_leaders_share_of_his_equity(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1.5))
    states = [account_state(START_MS - 9_000, ALICE, equity=30_000.0)]
    write_lines(tmp_path, "account_states", states)

    ((_, order),) = moves(PaperRun(tmp_path, sizing="proportional").read())

    assert order.size == Decimal("0.5")  # a third of his equity, in the coin's one decimal


@pytest.mark.parametrize("equity", [0.0, -5.0, 0.009, 1e-300])
def test_of_less_than_a_cent_of_equity_nobody_has_a_share(tmp_path: Path, equity: float) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))
    write_lines(tmp_path, "account_states", [account_state(START_MS - 1, ALICE, equity=equity)])

    ((_, order),) = moves(PaperRun(tmp_path, sizing="proportional").read())

    assert (order.size, order.why) == (0, NotFilled.EQUITY)


def test_without_the_leaders_equity_nothing_proportional_is_opened(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))

    ((_, order),) = moves(PaperRun(tmp_path, sizing="proportional").read())

    assert (order.size, order.why) == (0, NotFilled.EQUITY)


def test_position_that_is_not_known_is_not_followed_and_counted(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))

    ((move, order),) = moves(PaperRun(tmp_path, told={}).read())

    assert (move.kind, move.position) == ("trade", None)
    assert (order.size, order.why) == (0, NotFilled.POSITION)


def test_resting_fills_open_nothing_and_close_all_the_same(tmp_path: Path) -> None:
    resting = [acts(1_000, 1, taker=BOB), acts(40_000, -1, taker=BOB)]
    write_lines(tmp_path, "trades", [*resting[0], *acts(20_000, 1), *resting[1]])

    orders = [order.size for _, order in moves(PaperRun(tmp_path).read())]

    assert orders == [Decimal(10), Decimal(-5)]


def test_nothing_is_opened_over_a_gap_and_the_account_moves_ours_after_it(tmp_path: Path) -> None:
    trades = [*acts(1_000, 1), took(20_000, 1, 100.0)]
    trades += [tick(61_000, coin="BTC"), tick(70_000), tick(80_000), tick(90_000)]
    write_lines(tmp_path, "trades", trades)
    write_lines(tmp_path, "coverage", observed_trades((0, 21_000), (60_000, 99_000)))
    answer = account_state(START_MS + 75_000, ALICE, held_position("BTC", 0.5))
    write_lines(tmp_path, "account_states", [answer])

    run = PaperRun(tmp_path).read()

    (_, opened), (_, missed), (told, closed) = moves(run)
    assert opened.size == Decimal(10)
    # What he did a second before the gap would have been followed within it.
    assert (missed.size, missed.missed, missed.why) == (0, Decimal(10), NotFilled.GAP)
    assert [step.kind for step in run.steps][2:] == ["gap", "action", "account"]
    # He had 2 coins when last known, and the venue says a half: three quarters of ours go.
    assert (told.position, closed.size) == (Decimal("0.5"), Decimal("-7.5"))
    found = run.state.portfolios[0].result(run.state.marks)
    assert found.net_usd == found.leader_usd + found.parts.total_usd


def test_what_leaders_hold_at_the_start_is_left_unless_adopted(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", [tick(1_000, coin="BTC"), tick(3_000), tick(9_000)])
    told = {(ALICE, "BTC"): "2", (CAROL, "BTC"): "7"}

    left = PaperRun(tmp_path, told, name="left.jsonl").read()
    adopted = PaperRun(tmp_path, told, name="adopted.jsonl", adopt=True).read()

    assert moves(left) == []
    ((move, order),) = moves(adopted)
    assert (move.position, order.size) == (Decimal(2), Decimal(10))
    assert adopted.steps[1].at_ms == START_MS + 5_000


@pytest.mark.parametrize("has_checkpoint", [False, True])
def test_adopted_is_what_leaders_hold_when_paper_begins_and_not_when_live_began(
    tmp_path: Path, *, has_checkpoint: bool
) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 2))
    saved = PaperRun(tmp_path, capital_usd=None).read().session.state() if has_checkpoint else None
    write_lines(tmp_path, "trades", [*acts(21_000, -1.5), tick(41_000), tick(48_000), tick(60_000)])

    run = PaperRun(tmp_path, saved=saved, paper_since_ms=START_MS + 40_000, adopt=True).read()

    (account,) = (step for step in run.steps if step.kind is StepKind.ACCOUNT)
    assert [move.position for move in account.moves] == [Decimal("0.5")]
    assert account.at_ms == START_MS + 45_000


def test_loss_beyond_the_limit_closes_all_and_opens_nothing_any_more(tmp_path: Path) -> None:
    trades = [*acts(1_000, 1), *acts(20_000, 0.1, 60.0), tick(40_000), *acts(50_000, 1, 60.0)]
    write_lines(tmp_path, "trades", trades)

    run = PaperRun(tmp_path, capital_usd=1_100, stop_drawdown_frac=0.3).read()

    # 10 coins bought at 100.05 are worth 600 of an equity of 699: 1.6 more can be had at 60.
    # 36 % of 1,100 are lost by then, and 11.6 coins are closed 5 s later.
    kinds = [step.kind for step in run.steps]
    assert kinds == ["begin", "action", "action", "stop", "action"]
    stop = run.steps[3].moves[0]
    assert (stop.orders[0].size, stop.orders[0].why) == (Decimal("-11.6"), NotFilled.STOPPED)
    assert run.steps[4].moves[0].orders[0].why is NotFilled.STOPPED
    assert run.state.portfolios[0].size_by_coin() == {}
    found = run.state.portfolios[0].result(run.state.marks)
    assert found.net_usd == found.leader_usd + found.parts.total_usd


def test_slices_of_a_twap_order_are_followed_at_both_of_its_ends(tmp_path: Path) -> None:
    slices = [took(1_000 + nth * 30_000, 1.5, 100.0, is_twap=True) for nth in range(3)]
    write_lines(tmp_path, "trades", [*slices, tick(63_000), tick(130_000), tick(140_000)])

    write_lines(tmp_path, "account_states", [account_state(START_MS - 1, ALICE, equity=9_000.0)])

    run = PaperRun(tmp_path, sizing="proportional").read()

    # 10/9 of 1.5 and of 3 in one decimal.
    assert [order.size for _, order in moves(run)] == [Decimal("1.6"), Decimal("3.3")]
    # The end is told when a minute has passed: nobody could have traded before.
    ends = [step.at_ms - START_MS for step in run.steps if step.kind is StepKind.ACTION]
    assert ends == [6_000, 130_000]
