from math import nan

from profile_fakes import PROFIT

from hypertrack.outputs.profit_views import profit_lines
from hypertrack.records import PnlSource, replace


def test_profit_says_what_it_rests_on() -> None:
    assert dict(profit_lines(PROFIT)) == {
        "profit": "−$1.2k (derived: positions told later), −4.2 bps of notional",
        "flow": "$900 of the trades seen, as if flat before",
        "fees": "$12, by the schedule",
        "funding": "$3 paid, the venue's rates on oracle prices",
        "drawdown": "$2.0k at most, minute by minute",
        "episodes": "8 closed positions, held 2.0 h (median), 62.5 % won, gains 0.50 times the "
        "losses",
        "positions": "known in 100.0 % of notional",
        "coins": "5: BTC, ETH, HYPE, …",
    }


def test_profit_that_is_unknown_is_not_a_number() -> None:
    names = ("profit_usd", "return_bps", "funding_usd", "win_rate", "profit_factor")
    unknown = dict.fromkeys((*names, "max_drawdown_usd", "n_closed_episodes"), nan)
    wallet = replace(
        PROFIT, pnl_source=PnlSource.AS_IF_FLAT, median_holding_s=nan, n_coins=3.0, **unknown
    )

    lines = dict(profit_lines(wallet))

    assert lines["profit"] == lines["episodes"] == "unknown (position unknown)"
    assert lines["flow"] == "$900 of the trades seen, as if flat before"
    assert lines["coins"] == "3: BTC, ETH, HYPE"
    assert not {"funding", "drawdown", "realised"} & set(lines)
    assert "nan" not in str(lines)


def test_hostile_coin_steers_no_terminal() -> None:
    lines = dict(profit_lines(replace(PROFIT, coins="B\x1b[2JTC\u202e", n_coins=1.0)))

    assert lines["coins"] == "1: B\ufffd[2JTC\ufffd"
