"""From a dataset to what is known of every wallet's skill, and the verdict on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from hypertrack.config import Settings
from hypertrack.market.account_states import told_as_one
from hypertrack.market.arrays import Flags, Floats, Ints
from hypertrack.market.engine.market import Market
from hypertrack.market.fees import scheduled_rates
from hypertrack.market.profit import window_profit
from hypertrack.market.window import Window
from hypertrack.records import DAY_MS, HOUR_MS, SkillSummary
from hypertrack.skill.copiers import Copying, find_copiers
from hypertrack.skill.copy_edge import CopyEdges, CopyTerms, copy_edges
from hypertrack.skill.counterparties import find_wash_pairs
from hypertrack.skill.discovery import bets_needed, power_at, q_values, t_needed
from hypertrack.skill.entities import (
    Entities,
    find_entities,
    spread_to_entities,
    spread_to_wallets,
)
from hypertrack.skill.estimate import Estimates, moderated, tested_only
from hypertrack.skill.evidence import CURVE_MS, Evidence, gather
from hypertrack.skill.expectation import Expectation, LearnPrior, choose
from hypertrack.skill.fetching import fetch
from hypertrack.skill.own_edges import OwnEdges
from hypertrack.skill.shrinkage import Posterior, Spreads
from hypertrack.skill.verdict import Decisions, Facts, decide
from hypertrack.skill.walk_costs import no_walks, recorded_walks

LEVELS = (0.05, 0.95)
"""Of the intervals that are shown."""

SEED = 20_260_105
"""Of the placebo: one recording has one placebo."""


@dataclass(frozen=True)
class Judged:
    """Estimates of some entities and their posteriors, a row each, tested ones only."""

    measured: Estimates
    known: Posterior

    @property
    def entity(self) -> Ints:
        """Return which entities they are."""
        return self.measured.entity


@dataclass(frozen=True)
class Skill:
    """What is known of every wallet's skill.

    Attributes:
        columns: By name, ``[wallets]`` each, by wallet id: numbers, NaN where unknown; texts are
            ``verdict`` and ``verdict_gate``; ``follows_id`` is the first wallet of the entity that
            it follows, -1 for none.
        own_edges: What is to be expected of each wallet by itself, ``[wallets, columns of
            OWN_EDGES]``; None where nobody asked.
    """

    columns: Mapping[str, NDArray[Any]]
    summary: SkillSummary
    own_edges: Floats | None = None


def judge(
    con: Market,
    window: Window,
    is_judged: Flags,
    settings: Settings,
    learn_prior: LearnPrior | None = None,
    *,
    with_own_edges: bool = False,
) -> Skill:
    """Judge all wallets by what they did in a window.

    Args:
        con: Holds the dataset.
        window: Nothing outside of it is looked at.
        is_judged: Whether each wallet takes part, ``[wallets]``.
        settings: Of which fees, skill and copy are read.
        learn_prior: Asked where the settings want a prior (see `expectation.choose`).
        with_own_edges: Tell what is to be expected of each wallet by itself, too.
    """
    told = fetch(con, told_as_one(con))
    entities = find_entities(con, window, is_judged, (told["wallet_id"], told["other_id"]))
    delay_ms = round(settings.copy.delay_s * 1000)
    delays = sorted({*CURVE_MS, delay_ms} - {0})
    rng = np.random.default_rng(SEED)
    own = OwnEdges(con, window, settings.fees, len(is_judged)) if with_own_edges else None
    found = gather(con, window, entities.of_wallet, rng, delays, own)
    expected = choose(settings.skill.estimator, window, entities.of_wallet, learn_prior)
    skill = _Judging(con, found, entities, settings, expected).skill()
    return skill if own is None else replace(skill, own_edges=own.columns())


class _Judging:
    """One recording judged: each step once, by what it is called."""

    def __init__(
        self,
        con: Market,
        evidence: Evidence,
        entities: Entities,
        settings: Settings,
        expected: Expectation,
    ):
        self.con = con
        self.expected = expected
        self.evidence = evidence
        self.entities = entities
        self.settings = settings
        self.n_entities = evidence.n_entities

    def skill(self) -> Skill:
        """Return what is known, spread from entities to their wallets."""
        decided = decide(self.facts, self.settings.copy, self.settings.skill)
        by_entity = {**self._numbers, **_decision_columns(decided)}
        columns = {
            name: spread_to_wallets(column, self.entities.of_wallet)
            for name, column in by_entity.items()
        }
        columns["entity_size"] = self.entities.size.astype(np.float64)
        columns["entity_id"] = self.entities.of_wallet.astype(np.float64)
        columns["follows_id"] = self._follows()
        return Skill(columns, self._summary(decided))

    @cached_property
    def whole(self) -> Estimates:
        """Estimates from all openings, of every entity with a bet."""
        return moderated(self.evidence.bets)

    @cached_property
    def spreads(self) -> Spreads:
        """How the edges of all are distributed."""
        return self.expected.spreads(tested_only(self.whole))

    @cached_property
    def judged(self) -> Judged:
        """The tested entities."""
        return self._known(self.whole)

    @cached_property
    def taken(self) -> Judged:
        """The same by their openings as taker alone, of those that have enough."""
        return self._known(moderated(self.evidence.taker_bets))

    @cached_property
    def q(self) -> Floats:
        """Rate of false discoveries at which each entity would be flagged, ``[entities]``."""
        return self._placed(q_values(self.whole), self.whole.entity)

    @cached_property
    def copied(self) -> CopyEdges:
        """What copying the entities of ``taken`` would earn."""
        tally = self.evidence.copies.of(self.taken.entity)
        return copy_edges(tally, self.taken.known, self.evidence.horizon_ms, self._terms())

    @cached_property
    def copying(self) -> Copying:
        """Who follows whom."""
        return find_copiers(self.evidence.decisions)

    @cached_property
    def facts(self) -> Facts:
        """What the gates ask of every entity."""
        taken, cost = self.taken, self.copied.cost_bps
        window, deeds = self.evidence.window, self.evidence.deeds
        came = self.evidence.gains.of(taken.entity)
        is_copier = np.zeros(self.n_entities)
        is_copier[self.copying.copier] = 1.0
        return Facts(
            n_bets=self._placed(self.whole.n_bets, self.whole.entity, 0),
            n_taker_bets=self._placed(taken.measured.n_bets, taken.entity, 0),
            n_hours=self._placed(self.whole.n_hours, self.whole.entity, 0),
            n_days=np.nan_to_num(deeds.last_ms - deeds.first_ms) / DAY_MS,
            q=self.q,
            p_loses=self._placed(1 - taken.known.p_above(-cost), taken.entity),
            p_copy=self._placed(self.copied.p_positive, taken.entity),
            capacity_usd=self._placed(self.copied.capacity_usd, taken.entity),
            coin_frac=self._placed(came.coin_frac, taken.entity),
            bet_frac=self._placed(came.bet_frac, taken.entity),
            last_frac=(deeds.last_ms - window.start_ms) / max(window.length_ms, 1),
            decay_se=self._placed(came.decay_se(taken.measured.error_bps), taken.entity),
            known_frac=deeds.known_frac,
            n_flat=deeds.n_flat.astype(np.float64),
            is_copier=is_copier,
            n_uncounted=self._n_uncounted(),
            wash_frac=self._wash_frac(),
            cash_usd=self._cash_usd(),
            win_frac=deeds.win_frac,
            n_exits=deeds.n_exits.astype(np.float64),
        )

    def _known(self, measured: Estimates) -> Judged:
        tested = tested_only(measured)
        return Judged(tested, self.expected.known(tested, self.spreads))

    def _terms(self) -> CopyTerms:
        asked, taken = self.settings.copy, self.evidence.decisions.by_coin()
        delay_ms, by_tape = round(asked.delay_s * 1000), self.evidence.walk_bps_per_usd
        until_ms = self.evidence.window.end_ms
        no_books = no_walks(len(by_tape), asked.size_usd)
        walks = recorded_walks(self.con, taken, delay_ms, until_ms, no_books).or_by_tape(by_tape)
        rates = fetch(self.con, scheduled_rates(self.con, self.settings.fees).order_by("coin_id"))
        taker_bps = rates["taker_bps"].astype(np.float64)
        return CopyTerms(
            delay_ms=delay_ms,
            taker_bps=taker_bps if asked.taker_bps is None else 0 * taker_bps + asked.taker_bps,
            half_spread_bps=walks.half_spread_or(asked.half_spread_bps),
            walks=walks,
        )

    def _n_uncounted(self) -> Floats:
        """Return what each entity's wallets did before they were chosen for it."""
        n = self.evidence.n_uncounted
        return spread_to_entities(n, self.entities.of_wallet, self.n_entities)

    def _wash_frac(self) -> Floats:
        """Return the share of trades in a circle with one other wallet, of any wallet of each."""
        pairs = find_wash_pairs(self.con, self.evidence.window)
        found = np.zeros(self.n_entities)
        for wallet in (pairs.wallet_a, pairs.wallet_b):
            entity = self.entities.of_wallet[wallet]
            is_judged = entity >= 0
            np.maximum.at(found, entity[is_judged], pairs.mutual_frac[is_judged])
        return found

    def _cash_usd(self) -> Floats:
        """Return profit where all positions are known, else the flow of the trades seen.

        Of whoever was chosen by its profit, what came since: the rest is why it is here.
        """
        window, since_ms = self.evidence.window, self.evidence.since_ms
        begins_ms = np.clip(since_ms, window.start_ms, window.end_ms)
        cash = np.zeros(len(since_ms))
        for begin_ms in np.unique(begins_ms[self.entities.of_wallet >= 0]).tolist():
            earned = self._earned_usd(Window(begin_ms, window.end_ms))
            cash = np.where(begins_ms == begin_ms, earned, cash)
        return spread_to_entities(cash, self.entities.of_wallet, self.n_entities)

    def _earned_usd(self, window: Window) -> Floats:
        """Return what each wallet earned in a window, 0 where it did nothing, ``[wallets]``."""
        by_coin = window_profit(self.con, window, self.settings.fees)
        best = ibis.coalesce(_.profit_usd, _.flow_pnl_usd)
        found = fetch(self.con, by_coin.group_by("wallet_id").aggregate(cash_usd=best.sum()))
        earned = np.zeros(len(self.entities.of_wallet))
        earned[found["wallet_id"]] = np.nan_to_num(found["cash_usd"].astype(np.float64))
        return earned

    @cached_property
    def _numbers(self) -> dict[str, Floats]:
        """Return what is told of every entity, NaN where it is not known."""
        whole, judged, taken, copied = self.whole, self.judged, self.taken, self.copied
        known = judged.known
        needed_t = t_needed(whole, self.q[whole.entity], self._max_q)
        needed = self._placed(bets_needed(judged.measured, needed_t), judged.entity)
        low, high = (known.quantile(level) for level in LEVELS)
        of_judged = {
            "edge_bps": known.mean_bps,
            "edge_sd_bps": known.sd_bps,
            "edge_low_bps": low,
            "edge_high_bps": high,
            "p_edge_positive": known.p_positive,
            "false_sign": known.false_sign,
        }
        of_taken = {
            "cost_bps": copied.cost_bps,
            "copy_edge_bps": copied.edge_bps,
            "copy_edge_low_bps": copied.low_bps,
            "copy_edge_high_bps": copied.high_bps,
            "p_copy_positive": copied.p_positive,
            **{
                f"copy_edge_bps_{delay_ms // 1000}s": copied.curve_bps[delay_ms]
                for delay_ms in (0, *CURVE_MS)
            },
            "half_life_s": copied.half_life_s,
            "capacity_usd": copied.capacity_usd,
            "book_frac": copied.book_frac,
        }
        return {
            "n_openings": self._placed(whole.n_openings, whole.entity, 0),
            "n_bets": self.facts.n_bets,
            "n_blocks": self._placed(whole.n_blocks, whole.entity, 0),
            "horizon_s": self.evidence.horizon_ms / 1000,
            "markout_bps": self._placed(judged.measured.edge_bps, judged.entity),
            "markout_error_bps": self._placed(judged.measured.error_bps, judged.entity),
            **{name: self._placed(column, judged.entity) for name, column in of_judged.items()},
            "q": self.q,
            **{name: self._placed(column, taken.entity) for name, column in of_taken.items()},
            **self.evidence.by_role.columns(),
            "cash_usd": self.facts.cash_usd,
            "bets_needed": needed,
            "days_needed": self._days_needed(needed),
        }

    def _days_needed(self, needed: Floats) -> Floats:
        """Return the further days until each has the bets it needs, at its rate in the window."""
        days = self.evidence.window.length_ms / DAY_MS
        n_bets = self.facts.n_bets
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(n_bets > 0, np.maximum(needed - n_bets, 0) / (n_bets / days), np.nan)

    def _follows(self) -> NDArray[Any]:
        """Return the first wallet of the entity that each wallet's follows, -1 for none."""
        source = np.full(self.n_entities, -1, dtype=np.int64)
        first_wallet = np.full(self.n_entities, -1, dtype=np.int64)
        of_wallet = self.entities.of_wallet
        judged = np.flatnonzero(of_wallet >= 0)[::-1]
        first_wallet[of_wallet[judged]] = judged
        source[self.copying.copier] = first_wallet[self.copying.source]
        return np.where(of_wallet >= 0, source[of_wallet], -1)

    @property
    def _max_q(self) -> float:
        return self.settings.skill.max_false_discovery_frac

    def _placed(self, values: NDArray[Any], entity: Ints, missing: float = np.nan) -> Floats:
        """Return values of some entities as a column of all."""
        column = np.full(self.n_entities, missing, dtype=np.float64)
        column[entity] = values
        return column

    def _summary(self, decided: Decisions) -> SkillSummary:
        skill, copy = self.settings.skill, self.settings.copy
        placebo = moderated(self.evidence.placebo)
        z = placebo.z[placebo.is_tested]
        power = power_at(skill.power_edge_bps, self.whole, self.q[self.whole.entity], self._max_q)
        days = self._numbers["days_needed"][self.q > self._max_q]
        verdicts, counts = np.unique(
            decided.verdict[self.entities.of_wallet[self.entities.of_wallet >= 0]],
            return_counts=True,
        )
        return SkillSummary(
            span_hours=self.evidence.window.length_ms / HOUR_MS,
            n_wallets=int((self.entities.of_wallet >= 0).sum()),
            n_entities=self.n_entities,
            n_tested=int(self.whole.is_tested.sum()),
            n_flagged=int((self.q <= self._max_q).sum()),
            max_false_discovery_frac=skill.max_false_discovery_frac,
            power_edge_bps=skill.power_edge_bps,
            power=None if np.isnan(power) else power,
            placebo_z_sd=float(z.std(ddof=1)) if len(z) > 1 else None,
            n_placebo=len(z),
            least_days_needed=float(np.nanmin(days)) if np.isfinite(days).any() else None,
            n_by_verdict=dict(zip(verdicts.tolist(), counts.tolist(), strict=True)),
            delay_s=copy.delay_s,
            size_usd=copy.size_usd,
            estimator=self.expected.estimator,
            estimator_why=self.expected.why,
            n_by_profit=int(np.count_nonzero(self.evidence.n_uncounted)),
        )


def _decision_columns(decided: Decisions) -> dict[str, NDArray[Any]]:
    return {
        "verdict": decided.verdict,
        "verdict_gate": decided.gate,
        "verdict_value": decided.value,
        "verdict_threshold": decided.threshold,
    }
