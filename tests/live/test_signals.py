"""What a signal says of its leader."""

from decimal import Decimal
from pathlib import Path

from fakes import ALICE
from live_fakes import actions_of, tape_trade

from hypertrack.config import FollowSettings
from hypertrack.live.chain import Chain
from hypertrack.live.signals import Market, Signals
from hypertrack.records import CopyEdgeSaid, CoverageSaid, Evidence, Signal, Verdict

MARKET = Market("100", (2, 1), CoverageSaid(observed_frac=1.0, gap=False))


def signal_of(folder: Path, verdict: Verdict) -> Signal:
    """Return the signal of a leader who was judged so."""
    evidence = Evidence(
        verdict=verdict,
        gate="bets" if verdict is Verdict.NOT_ENOUGH_DATA else None,
        model=None,
        as_of_ms=0,
        delay_s=5.0,
        copy_edge_bps=-9.2,
        copy_edge_low_bps=-9.3,
        copy_edge_high_bps=-9.1,
        n_bets=16,
        capacity_usd=900.0,
        confidence=0.01,
    )
    settings = FollowSettings.model_validate({"leaders": [ALICE]})
    signals = Signals(Chain(folder / verdict.name), settings, "mainnet", {ALICE: evidence})
    (action,) = actions_of([tape_trade(0)], told={(ALICE, "BTC"): Decimal(0)})
    made = signals.add(action, MARKET, now_ms=action.received_ms)
    assert made is not None
    return made[0]


def test_numbers_of_a_leader_stand_beside_his_verdict_where_there_is_enough_data(
    tmp_path: Path,
) -> None:
    told, untold = (signal_of(tmp_path, each) for each in (Verdict.AVOID, Verdict.NOT_ENOUGH_DATA))

    edge = CopyEdgeSaid(delay_s=5.0, bps=-9.2, low=-9.3, high=-9.1, n_bets=16)
    assert (told.copy_edge, told.capacity_usd, told.confidence) == (edge, 900.0, 0.01)
    assert (untold.copy_edge, untold.capacity_usd, untold.confidence) == (None, None, None)
    assert untold.verdict is not None
    assert (untold.verdict.name, untold.verdict.gate) == ("NOT ENOUGH DATA", "bets")
