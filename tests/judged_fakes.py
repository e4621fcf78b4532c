"""Made-up classifications whose wallets were judged: varied verdicts, edges and profits."""

import math
import random

from profile_fakes import ACCOUNT, NOBODY_TOLD_FROM_LUCK, PROFIT, profile_set
from profile_set_fakes import MadeSet, made_set

from hypertrack.records import (
    SKILL_NUMBERS,
    PnlSource,
    Reason,
    SkillSummary,
    Verdict,
    WalletProfile,
    WalletSkill,
    gate_sentence,
    replace,
)

VERDICTS = (Verdict.COPY, Verdict.WATCH, Verdict.AVOID, Verdict.NOT_ENOUGH_DATA)
WEIGHTS = (3, 6, 8, 60)

GATES = {
    Verdict.COPY: ("all gates", 0.97, 0.95),
    Verdict.WATCH: ("copy edge", 0.61, 0.95),
    Verdict.AVOID: ("loses", 0.99, 0.95),
    Verdict.NOT_ENOUGH_DATA: ("bets", 12.0, 30.0),
}


def judged_set(n_wallets: int = 120, *, seed: int = 5, notice: str | None = None) -> MadeSet:
    """Return a classification in which every wallet with ten transactions was tested."""
    rng = random.Random(seed)
    made = profile_set(n_wallets, seed=seed, notice=notice)
    some = [judged(each, rng) for each in made.profiles]
    return made_set(replace(made.header, skill=summary(some)), *some)


def judged(wallet: WalletProfile, rng: random.Random) -> WalletProfile:
    """Return the wallet with a verdict, and for most a profit."""
    is_tested = wallet.features["tx_count"] >= 10
    verdict = rng.choices(VERDICTS, WEIGHTS)[0] if is_tested else Verdict.NOT_ENOUGH_DATA
    gate, value, threshold = GATES[verdict]
    is_known = rng.random() < 0.7
    profit = replace(
        PROFIT,
        pnl_source=PnlSource.EXACT if is_known else PnlSource.AS_IF_FLAT,
        profit_usd=rng.gauss(0, 5_000) if is_known else math.nan,
        flow_pnl_usd=rng.gauss(0, 8_000),
        median_holding_s=rng.lognormvariate(6, 2),
    )
    later = {name: rng.gauss(0, 4) for name in ("markout_5s_bps", "markout_5m_bps")}
    return replace(
        wallet,
        reasons={score: tuple(map(with_typical, some)) for score, some in wallet.reasons.items()},
        profit=profit,
        account=ACCOUNT if is_tested else None,
        features={**wallet.features, **later},
        skill=WalletSkill(
            verdict=verdict,
            gate=gate,
            says=gate_sentence(gate, value, threshold),
            follows=None,
            numbers=skill_numbers(wallet, rng, is_tested=is_tested),
        ),
    )


def with_typical(reason: Reason) -> Reason:
    """Return the reason beside the typical wallet, which is one for all."""
    return replace(reason, typical=float(len(reason.feature)))


def skill_numbers(
    wallet: WalletProfile, rng: random.Random, *, is_tested: bool
) -> dict[str, float]:
    """Return numbers about skill; of a wallet that was not tested hardly any."""
    numbers = dict.fromkeys(SKILL_NUMBERS, math.nan)
    numbers |= {"n_bets": wallet.features["tx_count"] // 3, "n_blocks": 5.0, "horizon_s": 600.0}
    numbers |= {"entity_id": 1.0, "entity_size": 1.0, "bets_needed": math.inf}
    if not is_tested:
        return numbers
    edge, error, cost = rng.gauss(0.5, 4), rng.uniform(0.5, 6), rng.uniform(6, 12)
    copied = edge * 0.8 - cost
    return numbers | {
        "markout_bps": edge * 1.7,
        "markout_error_bps": error * 1.4,
        "edge_bps": edge,
        "edge_low_bps": edge - 1.64 * error,
        "edge_high_bps": edge + 1.64 * error,
        "p_edge_positive": rng.random(),
        "q": rng.random(),
        "cost_bps": cost,
        "copy_edge_bps": copied,
        "copy_edge_low_bps": copied - error,
        "copy_edge_high_bps": copied + error,
        **{f"copy_edge_bps_{s}s": copied - math.log1p(s) for s in (0, 1, 5, 30, 300)},
        **{f"taker_after_{s}s_bps": edge * s / 1_800 for s in (5, 30, 300, 1_800)},
        "taker_paid_bps": 1.5,
        "taker_gain_bps": edge / 6 - 1.5,
        "taker_gain_low_bps": edge / 6 - 3.5,
        "taker_gain_high_bps": edge / 6 + 0.5,
        "half_life_s": 240.0,
        "capacity_usd": 25_000.0,
    }


def summary(some: list[WalletProfile]) -> SkillSummary:
    """Return what the header says of these verdicts."""
    verdicts = [each.skill.verdict for each in some if each.skill is not None]
    counts = {verdict.value: verdicts.count(verdict) for verdict in VERDICTS}
    return replace(NOBODY_TOLD_FROM_LUCK, n_flagged=counts["COPY"] * 2, n_by_verdict=counts)


def without_model(made: MadeSet) -> MadeSet:
    """Return the same wallets as the rules alone see them."""
    header = replace(made.header, model=None, typical=None)
    some = [replace(each, scores=None, reasons={}) for each in made.profiles]
    return made_set(header, *some)
