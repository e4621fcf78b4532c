"""The categories read off what the network expects of a wallet.

Source: the predecessor's table of categories.
"""

import numpy as np

from hypertrack.categories.boosts import SOPHISTICATION
from hypertrack.categories.rules import Group, Rule, above, at_least

BOT_RULES: tuple[Rule, ...] = (
    Rule(
        name="Bot",
        group=Group.BOT,
        asks="Does its timing look automated?",
        needs=(above("bot_probability", "bot_min_probability"),),
        confidence=lambda w: w["bot_probability"],
        formula="bot_probability",
        evidence="bot probability {bot_probability:.2f} (above {bot_min_probability:g})",
        driven_by="bot_probability",
        boosted_by=(SOPHISTICATION,),
    ),
    Rule(
        name="Possible Bot",
        group=Group.BOT,
        asks="Might its timing be automated?",
        unless="Bot",
        needs=(above("bot_probability", "possible_bot_min_probability"),),
        confidence=lambda w: w["bot_probability"],
        formula="bot_probability",
        evidence="bot probability {bot_probability:.2f} (above {possible_bot_min_probability:g})",
        driven_by="bot_probability",
    ),
)

SCORE_RULES: tuple[Rule, ...] = (
    Rule(
        name="Profitable Trader",
        group=Group.SCORES,
        asks="Will its next trades likely pay?",
        needs=(
            above("profitability_score", "profitable_min_score"),
            at_least("tx_count", "profitable_min_tx"),
        ),
        confidence=lambda w: w["profitability_score"] * 0.7 + w["sophistication_score"] * 0.3,
        formula="profitability_score * 0.7 + sophistication_score * 0.3",
        evidence="profitability score {profitability_score:.2f} (above {profitable_min_score:g})",
        driven_by="profitability_score",
    ),
    Rule(
        name="Possibly Profitable Trader",
        group=Group.SCORES,
        asks="Might its next trades pay?",
        unless="Profitable Trader",
        needs=(
            above("profitability_score", "possibly_profitable_min_score"),
            at_least("tx_count", "possibly_profitable_min_tx"),
        ),
        confidence=lambda w: np.fmin(
            0.85, w["profitability_score"] * 0.6 + w["sophistication_score"] * 0.2
        ),
        formula="min(0.85, profitability_score * 0.6 + sophistication_score * 0.2)",
        evidence="profitability score {profitability_score:.2f} "
        "(above {possibly_profitable_min_score:g})",
        driven_by="profitability_score",
    ),
    Rule(
        name="High Risk Trader",
        group=Group.SCORES,
        asks="Will its next drawdown likely be severe?",
        needs=(
            above("risk_score", "high_risk_min_score"),
            at_least("tx_count", "high_risk_min_tx"),
        ),
        confidence=lambda w: w["risk_score"] * 0.7 + w["sophistication_score"] * 0.2,
        formula="risk_score * 0.7 + sophistication_score * 0.2",
        evidence="risk score {risk_score:.2f} (above {high_risk_min_score:g})",
        driven_by="risk_score",
    ),
    Rule(
        name="Moderate Risk Trader",
        group=Group.SCORES,
        asks="Might its next drawdown be severe?",
        unless="High Risk Trader",
        needs=(
            above("risk_score", "moderate_risk_min_score"),
            at_least("tx_count", "moderate_risk_min_tx"),
        ),
        confidence=lambda w: np.fmin(0.85, w["risk_score"] * 0.6),
        formula="min(0.85, risk_score * 0.6)",
        evidence="risk score {risk_score:.2f} (above {moderate_risk_min_score:g})",
        driven_by="risk_score",
    ),
    Rule(
        name="Sophisticated Trader",
        group=Group.SCORES,
        asks="Will prices likely move its way?",
        needs=(
            above("sophistication_score", "sophisticated_min_score"),
            at_least("tx_count", "sophisticated_min_tx"),
        ),
        confidence=lambda w: (
            w["sophistication_score"] * 0.6 + w["profitability_score"] * 0.3 + w["risk_score"] * 0.1
        ),
        formula="sophistication_score * 0.6 + profitability_score * 0.3 + risk_score * 0.1",
        evidence="sophistication score {sophistication_score:.2f} "
        "(above {sophisticated_min_score:g})",
        driven_by="sophistication_score",
    ),
    Rule(
        name="Possibly Sophisticated Trader",
        group=Group.SCORES,
        asks="Might prices move its way?",
        unless="Sophisticated Trader",
        needs=(
            above("sophistication_score", "possibly_sophisticated_min_score"),
            at_least("tx_count", "possibly_sophisticated_min_tx"),
        ),
        confidence=lambda w: np.fmin(0.85, w["sophistication_score"] * 0.7),
        formula="min(0.85, sophistication_score * 0.7)",
        evidence="sophistication score {sophistication_score:.2f} "
        "(above {possibly_sophisticated_min_score:g})",
        driven_by="sophistication_score",
    ),
    Rule(
        name="Influential Trader",
        group=Group.SCORES,
        asks="Will it be a large part of what its coins trade?",
        needs=(
            above("influence_score", "influential_min_score_pct"),
            at_least("tx_count", "influential_min_tx"),
        ),
        confidence=lambda w: (
            np.fmin(1, w["influence_score"] / 50) * 0.7 + w["sophistication_score"] * 0.3
        ),
        formula="min(1, influence_score / 50) * 0.7 + sophistication_score * 0.3",
        evidence="{influence_score:.2f} % of its coins' notional expected "
        "(above {influential_min_score_pct:g} %)",
        driven_by="influence_score",
    ),
    Rule(
        name="Possibly Influential Trader",
        group=Group.SCORES,
        asks="Might it be a noticeable part of what its coins trade?",
        unless="Influential Trader",
        needs=(
            above("influence_score", "possibly_influential_min_score_pct"),
            at_least("tx_count", "possibly_influential_min_tx"),
        ),
        confidence=lambda w: np.fmin(0.85, np.fmin(1, w["influence_score"] / 20) * 0.6),
        formula="min(0.85, min(1, influence_score / 20) * 0.6)",
        evidence="{influence_score:.2f} % of its coins' notional expected "
        "(above {possibly_influential_min_score_pct:g} %)",
        driven_by="influence_score",
    ),
)
