"""Fills of one wallet, coin and direction become one action."""

from decimal import Decimal

import pytest
from fakes import ALICE, BOB, START_MS
from live_fakes import FAR_MS, actions_of, settle, sold, tape_trade

from hypertrack.config import LiveSettings
from hypertrack.live.actions import ActionFinder
from hypertrack.live.positions import Accounts, Positions, ToldPositions
from hypertrack.records import ActionKind, Phase, PositionKnown, Side

BTC = (ALICE, "BTC")


def test_fills_within_a_second_of_each_other_are_one_action() -> None:
    fills = [tape_trade(0), tape_trade(900, price="103"), tape_trade(1_900, size="2")]

    (action,) = actions_of(fills)

    assert (action.n_fills, action.size, action.vwap) == (3, "4", "100.75")
    assert action.notional_usd == 403  # 100 + 103 + 200
    assert (action.first_ms, action.action_ms) == (START_MS, START_MS + 1_900)
    assert action.received_ms == START_MS + 2_200


def test_fill_a_second_and_more_later_is_another_action() -> None:
    assert [a.n_fills for a in actions_of([tape_trade(0), tape_trade(1_001)])] == [1, 1]


def test_other_direction_ends_an_action_at_once() -> None:
    bought, turned = actions_of([tape_trade(0), sold(10)])

    assert (bought.side, turned.side) == (Side.BUY, Side.SELL)


def test_coins_and_wallets_are_apart() -> None:
    trades = [tape_trade(0), tape_trade(1, coin="ETH")]

    assert [a.coin for a in actions_of(trades)] == ["BTC", "ETH"]
    assert [a.side for a in actions_of(trades, wallet=BOB)] == [Side.SELL, Side.SELL]


def test_maker_is_who_never_crossed() -> None:
    assert not actions_of([tape_trade(0)])[0].is_maker
    assert actions_of([tape_trade(0)], wallet=BOB)[0].is_maker
    mixed = [tape_trade(0), tape_trade(5, side=Side.SELL)]  # in the second Bob crosses
    assert not actions_of(mixed, wallet=BOB)[0].is_maker


def test_of_a_position_that_nobody_told_no_opening_is_claimed() -> None:
    (action,) = actions_of([tape_trade(0)])

    assert (action.kind, action.position_known) == (ActionKind.TRADE, PositionKnown.TAPE)
    assert action.position_before is action.position_after is action.part_closed is None


@pytest.mark.parametrize(
    ("held", "trade", "kind", "after", "closed"),
    [
        ("0", tape_trade(0), ActionKind.OPEN, "1", None),
        ("2", tape_trade(0), ActionKind.ADD, "3", None),
        ("4", sold(0), ActionKind.REDUCE, "3", 0.25),
        ("1", sold(0), ActionKind.CLOSE, "0", 1.0),
        ("0.5", sold(0), ActionKind.FLIP, "-0.5", 1.0),
        ("-0.4", tape_trade(0), ActionKind.FLIP, "0.6", 1.0),
        ("-4", tape_trade(0), ActionKind.REDUCE, "-3", 0.25),
    ],
)
def test_action_is_called_by_what_it_did_to_a_known_position(
    held: str, trade: object, kind: ActionKind, after: str, closed: float | None
) -> None:
    (action,) = actions_of([trade], told={BTC: Decimal(held)})  # type: ignore[list-item]

    assert (action.kind, action.position_before, action.position_after) == (kind, held, after)
    assert action.part_closed == closed
    is_flat = held == "0"
    assert action.position_known is (PositionKnown.FLAT if is_flat else PositionKnown.EXACT)


def test_sizes_add_up_without_the_errors_of_binary_numbers() -> None:
    fills = [tape_trade(i, size="0.1") for i in range(3)] + [sold(9, size="0.3")]

    opened, closed = actions_of(fills, told={BTC: Decimal(0)})

    assert (opened.size, closed.kind, closed.position_after) == ("0.3", ActionKind.CLOSE, "0")


def test_slices_of_a_twap_are_told_at_the_beginning_and_at_the_end() -> None:
    slices = [tape_trade(at, is_twap=True) for at in (0, 30_000, 60_000)]

    begin, end = actions_of(slices, told={BTC: Decimal(0)})

    assert (begin.phase, begin.n_fills, begin.position_after) == (Phase.BEGIN, 1, "1")
    assert (end.phase, end.n_fills, end.position_after) == (Phase.END, 3, "3")
    assert begin.is_twap
    assert begin.id != end.id


def test_order_of_ones_own_within_a_twap_is_an_action_of_its_own() -> None:
    trades = [tape_trade(0, is_twap=True), tape_trade(10_000), tape_trade(30_000, is_twap=True)]

    begin, own, end = actions_of(trades)

    assert (begin.is_twap, own.is_twap, end.is_twap) == (True, False, True)
    assert (own.n_fills, end.n_fills) == (1, 2)


def test_who_rests_against_a_twap_is_no_twap() -> None:
    (action,) = actions_of([tape_trade(0, is_twap=True)], wallet=BOB)

    assert not action.is_twap


def test_trade_with_oneself_changes_nothing() -> None:
    mine = tape_trade(0, seller=ALICE, trade_id=7)

    (action,) = actions_of([mine, tape_trade(2_000)], told={BTC: Decimal(5)})

    assert action.position_before == "5"


def test_trade_that_comes_twice_counts_once() -> None:
    (action,) = actions_of([tape_trade(0), tape_trade(0)])

    assert action.n_fills == 1


def test_action_waits_for_the_watermark_and_not_for_more_trades_of_its_coin() -> None:
    finder = ActionFinder(LiveSettings(), Positions())
    list(finder.add(tape_trade(0)))
    others = {"coin": "ETH", "buyer": "0x" + "1" * 40, "seller": "0x" + "2" * 40}

    assert list(finder.add(tape_trade(1_999, **others))) == []  # watermark 999

    found = list(finder.add(tape_trade(2_000, **others)))
    assert [(a.wallet, a.action_ms) for a in found] == [(ALICE, START_MS), (BOB, START_MS)]


def test_trade_behind_the_watermark_moves_the_position_and_says_nothing() -> None:
    finder = ActionFinder(LiveSettings(), Positions(ToldPositions({BTC: Decimal(0)})))
    trades = [tape_trade(0), tape_trade(10_000), tape_trade(5_000), tape_trade(20_000)]

    found = [action for trade in trades for action in finder.add(trade)]

    alices = [action for action in found if action.wallet == ALICE]
    assert [action.position_after for action in alices] == ["1", "2"]
    assert finder.n_late == 1
    (last,) = [a for a in finder.add(tape_trade(30_000)) if a.wallet == ALICE]
    assert (last.position_before, last.position_after) == ("3", "4")


def test_gap_ends_what_was_pending_and_makes_positions_unknown() -> None:
    finder = ActionFinder(LiveSettings(), Positions(ToldPositions({BTC: Decimal(0)})))
    list(finder.add(tape_trade(0)))

    pending = list(finder.forget("BTC", START_MS + FAR_MS))

    assert {action.wallet for action in pending} == {ALICE, BOB}
    list(finder.add(tape_trade(60_000)))
    (after, _) = finder.add(tape_trade(90_000, coin="ETH"))
    assert after.position_known is PositionKnown.TAPE


def test_average_price_has_eight_digits_and_no_more() -> None:
    fills = [
        tape_trade(0, price="0.00012345", size="1"),
        tape_trade(1, price="0.00012346", size="2"),
    ]

    assert actions_of(fills)[0].vwap == "0.00012345667"


def test_account_that_was_told_opens_in_a_coin_it_did_not_hold_until_a_gap() -> None:
    told = ToldPositions({}, Accounts({ALICE: {"": 0}}, {}))
    finder = ActionFinder(LiveSettings(), Positions(told))
    known = [tape_trade(0), tape_trade(60_000, buyer=BOB, seller=ALICE)]
    found = [one for each in [*known, settle()] for one in finder.add(each) if one.wallet == ALICE]
    list(finder.forget("BTC", START_MS + FAR_MS))
    kept = ActionFinder(LiveSettings(), Positions())
    kept.go_on(finder.state())
    last = [tape_trade(FAR_MS + 1_000), tape_trade(FAR_MS + 90_000, coin="ETH")]
    found += [one for each in last for one in kept.add(each) if one.wallet == ALICE]

    assert [(one.kind, one.position_known) for one in found] == [
        (ActionKind.OPEN, PositionKnown.FLAT),
        (ActionKind.CLOSE, PositionKnown.EXACT),
        (ActionKind.TRADE, PositionKnown.TAPE),
    ]
