"""The whole backtest on made markets: nothing of the future chooses, and luck is not sold."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from backtest_fakes import WALLETS, market
from engine_fakes import OpenEngine
from fakes import START_MS

from hypertrack.config import CopySettings, Settings
from hypertrack.errors import NotEnoughDataError
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS, Answer, Backtest
from hypertrack.skill.backtest import backtest, choose_from
from hypertrack.skill.evidence import n_chosen_after
from hypertrack.skill.following import Round
from hypertrack.skill.rankings import Candidates

FREE = Settings(copy=CopySettings(taker_bps=0.0, half_spread_bps=0.0))
CUT_MS = START_MS + 2 * HOUR_MS


def no_scores(cut_ms: int) -> dict[str, Any]:
    del cut_ms
    return {}


def chosen_at(engine: FeatureEngine, each: Round) -> Candidates:
    return choose_from(engine.backend, each, np.ones(engine.n_wallets, bool), FREE, no_scores)


def followed(engine: FeatureEngine, *, top: int, n_hours: int = 6) -> Backtest:
    """Follow in two rounds, from the middle on."""
    ends = [START_MS + round(n_hours * HOUR_MS * share) for share in (0.5, 0.75, 1.0)]
    rounds = [Round(Window(START_MS, cut), Window(cut, end)) for cut, end in pairwise(ends)]
    chosen = [(each, chosen_at(engine, each)) for each in rounds]
    return backtest(engine.backend, engine.wallets, chosen, FREE, top=top)


def scores_of(engine: FeatureEngine, known: Candidates) -> dict[tuple[str, str], float]:
    """Return all scores by ranking and wallet."""
    return {
        (name, wallet): float(scores[known.entity_of_wallet[row]])
        for name, scores in known.scores.items()
        for row, wallet in enumerate(engine.wallets)
        if known.entity_of_wallet[row] >= 0
    }


@pytest.mark.slow  # two markets judged
def test_what_comes_after_a_cut_changes_nothing_of_what_is_chosen_at_it(
    open_engine: OpenEngine,
) -> None:
    lines = market(n_hours=3, foresight=0.9)
    # Afterwards prices are a hundredfold, and everybody trades with the other side.
    changed = [
        line
        if line["time"] < CUT_MS
        else line
        | {"px": str(float(line["px"]) * 100), "users": line["users"][::-1]}
        | {"side": {"A": "B", "B": "A"}[line["side"]]}
        for line in lines
    ]
    each = Round(Window(START_MS, CUT_MS), Window(CUT_MS, CUT_MS + HOUR_MS))

    as_it_was, otherwise = (open_engine(trades=rows) for rows in (lines, changed))
    first, second = chosen_at(as_it_was, each), chosen_at(otherwise, each)

    scores = scores_of(as_it_was, first)
    assert scores == pytest.approx(scores_of(otherwise, second), nan_ok=True)
    assert all(np.isfinite(scores["expected edge", wallet]) for wallet in WALLETS)


@pytest.mark.slow  # a market judged
def test_whoever_was_chosen_for_a_profit_made_later_is_not_followed(
    open_engine: OpenEngine,
) -> None:
    lines = market(n_hours=3, foresight=0.0)[::40]
    each = Round(Window(START_MS, CUT_MS), Window(CUT_MS, CUT_MS + HOUR_MS))
    late, early = (
        {"at_ms": CUT_MS + ms, "wallets": [wallet], "is_by_profit": True}
        for ms, wallet in ((1, WALLETS[0]), (0, WALLETS[1]))
    )

    engine = open_engine(trades=lines, **{"accounts/choices": [late, early]})
    known = chosen_at(engine, each)

    place = {wallet: row for row, wallet in enumerate(engine.wallets)}
    entity = [int(known.entity_of_wallet[place[wallet]]) for wallet in WALLETS[:3]]
    assert entity[0] == -1
    assert entity[1] >= 0
    assert known.is_active[entity[1:]].tolist() == [False, True]  # its past is no evidence
    assert n_chosen_after(engine.backend, engine.n_wallets, CUT_MS) == 1


@pytest.mark.slow  # a market judged twice
def test_following_who_foresees_pays(open_engine: OpenEngine) -> None:
    engine = open_engine(trades=market(n_hours=6, foresight=0.9))

    found = followed(engine, top=1)

    judged = found.ranking("expected edge")
    assert judged.contributions[0].wallet == WALLETS[0]
    assert judged.net_bps is not None
    assert judged.net_bps.low is not None
    assert judged.net_bps.low > 0
    assert judged.above_random_frac is not None
    assert judged.above_random_frac > 0.8


@pytest.mark.slow  # a market judged twice
def test_where_nobody_has_skill_nothing_beats(open_engine: OpenEngine) -> None:
    engine = open_engine(trades=market(n_hours=6, foresight=0.0))

    found = followed(engine, top=3)

    compared = found.ranking("expected edge").over_profit
    assert compared is not None
    assert compared.answer in {Answer.CANNOT_TELL, Answer.DOES_NOT_BEAT}
    assert found.ranking("COPY only").n_picks == 0


def test_recording_without_bets_is_too_little(open_engine: OpenEngine) -> None:
    engine = open_engine(trades=market(n_hours=6, foresight=0.0)[::300])

    with pytest.raises(NotEnoughDataError, match=r"needs wallets with 10 bets before a cut"):
        followed(engine, top=3)
