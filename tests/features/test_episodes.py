import math
from typing import Any

from fakes import ALICE, BOB, START_MS, fill_of, observed, trade

NAMES = ("closed_episode_count", "median_holding_s")


def step(
    time_s: float, signed_size: float, coin: str = "BTC", price: float = 100.0
) -> dict[str, Any]:
    buyer, seller = (ALICE, BOB) if signed_size > 0 else (BOB, ALICE)
    size = abs(signed_size)
    time_ms = START_MS + int(time_s * 1_000)
    return trade(
        time_ms, buyer=buyer, seller=seller, taker=ALICE, size=size, coin=coin, price=price
    )


def told(line: dict[str, Any], position: float) -> dict[str, Any]:
    """Alice's fill, before which she held so many coins."""
    return fill_of(line, ALICE, startPosition=str(position))


def test_an_episode_runs_from_flat_to_flat(features_of: Any) -> None:
    # Long 0 -> 2 -> 3 -> 0 in 40 s; short from 50 to 60 s; a position that stays open.
    trades = [step(0, 2), step(10, 1), step(40, -3), step(50, -1), step(60, 1), step(70, 5)]

    alice = features_of(*NAMES, trades=trades, fills=[told(trades[0], 0)])[ALICE]

    assert alice == {"closed_episode_count": 2, "median_holding_s": (40 + 10) / 2}


def test_without_a_fill_nobody_knows_who_was_flat(features_of: Any) -> None:
    features = features_of(*NAMES, trades=[step(0, 2), step(40, -2)])

    assert all(math.isnan(value) for value in features[ALICE].values())


def test_who_comes_in_with_a_position_has_closed_no_episode(features_of: Any) -> None:
    trades = [step(0, 2), step(40, -2)]

    alice = features_of(*NAMES, trades=trades, fills=[told(trades[0], 9.5)])[ALICE]

    assert alice["closed_episode_count"] == 0
    assert math.isnan(alice["median_holding_s"])


def test_an_episode_that_was_open_before_has_no_holding_time(features_of: Any) -> None:
    # Closes what it came in with, then goes from flat to flat in 5 s.
    trades = [step(0, -4), step(10, 1), step(15, -1)]

    alice = features_of(*NAMES, trades=trades, fills=[told(trades[0], 4)])[ALICE]

    assert alice == {"closed_episode_count": 1, "median_holding_s": 5}


def test_a_trade_through_zero_closes_one_and_opens_the_next(features_of: Any) -> None:
    trades = [step(0, 1), step(30, -3), step(100, 2)]

    alice = features_of(*NAMES, trades=trades, fills=[told(trades[0], 0)])[ALICE]

    assert alice == {"closed_episode_count": 2, "median_holding_s": (30 + 70) / 2}


def test_coins_have_their_own_episodes(features_of: Any) -> None:
    trades = [step(0, 1), step(5, -1, "ETH"), step(10, -1), step(65, 1, "ETH")]
    fills = [told(trades[0], 0), told(trades[1], 0)]

    alice = features_of(*NAMES, trades=trades, fills=fills)[ALICE]

    assert alice == {"closed_episode_count": 2, "median_holding_s": (10 + 60) / 2}


def test_rounding_does_not_keep_a_position_open(features_of: Any) -> None:
    # 0.1 + 0.2 - 0.3 is 5.6e-17.
    trades = [step(0, 0.1), step(1, 0.2), step(7, -0.3), step(9, 1.0), step(12, -1.0)]

    alice = features_of(*NAMES, trades=trades, fills=[told(trades[0], 0)])[ALICE]

    assert alice == {"closed_episode_count": 2, "median_holding_s": (7 + 3) / 2}


def test_a_small_position_is_not_rounding(features_of: Any) -> None:
    # A thousandth of what was traded stays open until it is sold 20 s later.
    trades = [step(0, 1.0), step(10, -0.999), step(30, -0.001)]

    alice = features_of(*NAMES, trades=trades, fills=[told(trades[0], 0)])[ALICE]

    assert alice == {"closed_episode_count": 1, "median_holding_s": 30}


def test_an_open_position_is_no_episode(features_of: Any) -> None:
    line = step(0, 1)

    alice = features_of(*NAMES, trades=[line], fills=[told(line, 0)])[ALICE]

    assert alice["closed_episode_count"] == 0
    assert math.isnan(alice["median_holding_s"])


def test_an_episode_counts_from_its_close(features_of: Any) -> None:
    trades = [step(0, 1), step(30, -1), step(40, 1), step(90, -1)]
    lines = {"trades": trades, "fills": [told(trades[0], 0)]}

    early = features_of("closed_episode_count", until_ms=START_MS + 90_000, **lines)
    late = features_of("closed_episode_count", until_ms=START_MS + 90_001, **lines)

    assert (early[ALICE], late[ALICE]) == (
        {"closed_episode_count": 1},
        {"closed_episode_count": 2},
    )


def test_what_a_later_fill_tells_is_not_known_at_an_earlier_cut(features_of: Any) -> None:
    trades = [step(0, 1), step(30, -1), step(50, 1)]
    lines = {"trades": trades, "fills": [told(trades[2], 0)]}

    early = features_of("closed_episode_count", until_ms=START_MS + 50_000, **lines)
    late = features_of("closed_episode_count", until_ms=START_MS + 50_001, **lines)

    assert math.isnan(early[ALICE]["closed_episode_count"])
    assert late[ALICE]["closed_episode_count"] == 1


def test_no_episode_reaches_across_a_gap(features_of: Any) -> None:
    trades = [step(0, 1), step(60, -1)]
    coverage = [
        observed("trades:BTC", START_MS, START_MS + 20_000),
        observed("trades:BTC", START_MS + 50_000, START_MS + 70_000),
    ]
    lines = {"trades": trades, "coverage": coverage}

    untold = features_of(*NAMES, fills=[told(trades[0], 0)], **lines)[ALICE]
    told_again = features_of(*NAMES, fills=[told(trades[0], 0), told(trades[1], 1)], **lines)

    assert untold["closed_episode_count"] == 0
    # The second fill begins where the first one ended: nothing happened in the gap.
    assert told_again[ALICE] == {"closed_episode_count": 1, "median_holding_s": 60}


RESULTS = ("win_rate", "profit_factor", "avg_win_usd", "avg_loss_usd", "largest_loss_usd")


def round_trips(*gains_usd: float) -> list[dict[str, Any]]:
    """Buy 1 at 100 and sell it at another price, a minute each."""
    return [
        line
        for nth, gain in enumerate(gains_usd)
        for line in (step(60 * nth, 1), step(60 * nth + 30, -1, price=100 + gain))
    ]


def test_episodes_are_won_and_lost_by_their_cash(features_of: Any) -> None:
    trades = round_trips(10, -4, 2, -8, 0)

    alice = features_of(*RESULTS, trades=trades, fills=[told(trades[0], 0)])[ALICE]

    assert alice == {
        "win_rate": 2 / 5,
        "profit_factor": 12 / 12,
        "avg_win_usd": 6,
        "avg_loss_usd": 6,
        "largest_loss_usd": 8,
    }


def test_four_episodes_say_nothing_of_how_trades_end(features_of: Any) -> None:
    trades = round_trips(10, -4, 2, -8)

    alice = features_of(*RESULTS, trades=trades, fills=[told(trades[0], 0)])[ALICE]

    assert all(math.isnan(value) for value in alice.values())


def test_a_trade_through_zero_pays_the_old_episode_and_opens_the_new(features_of: Any) -> None:
    # Long 1 from 100 to 110: +10. Short 2 from 110 to 90 and back in two steps: +40. Then three
    # losses of 1.
    trades = [
        step(0, 1),
        step(10, -3, price=110),
        step(20, 1, price=90),
        step(30, 1, price=90),
        *(
            line
            for nth in range(3)
            for line in (step(100 + nth, 1), step(100.5 + nth, -1, price=99))
        ),
    ]

    alice = features_of(*RESULTS, trades=trades, fills=[told(trades[0], 0)])[ALICE]

    assert (alice["win_rate"], alice["avg_win_usd"], alice["profit_factor"]) == (0.4, 25, 50 / 3)


def test_positions_that_do_not_follow_from_each_other_are_counted(features_of: Any) -> None:
    trades = [step(0, 1), step(10, 1), step(20, 1)]
    fills = [told(trades[0], 0), told(trades[1], 1), told(trades[2], 7)]

    found = features_of("broken_chain_count", trades=trades, fills=fills)

    assert found[ALICE]["broken_chain_count"] == 1
