"""Why a wallet scores what it scores, in words: features in their own units, signed additions."""

from hypertrack.outputs.wording import (
    HEAD_NAMES,
    STYLE_LABELS,
    amount,
    feature_name,
    quality,
    signed,
)
from hypertrack.records import (
    BINARY_HEADS,
    STYLE_DIMENSIONS,
    ProfileHeader,
    Reason,
    Record,
    Scores,
    WalletProfile,
)
from hypertrack.text import printable

REASONS_MEANING = (
    "Each number is what a feature adds to the score on the way from the typical wallet of "
    "training (the median of every feature) to this one: integrated gradients of the network, "
    "Shapley values of trees or a linear model. All features together make the whole difference. "
    "It says what the model looked at, not what caused what."
)

N_REASONS = 5
N_SHORT = 3
"""Reasons of a score, and those of them that are shown where space is short."""


class ReasonView(Record, frozen=True, kw_only=True):
    """One feature that moved a score."""

    feature: str
    value: str
    typical: str
    contribution: str
    share: float
    """Of the strongest reason of the score, from -1 to 1: the length of a bar."""

    @property
    def sentence(self) -> str:
        """Return ``median_gap_s 0.22 s (typical 30 s) +0.24``."""
        return f"{self.feature} {self.value} (typical {self.typical}) {self.contribution}"


class ScoreView(Record, frozen=True, kw_only=True):
    """One score, the typical wallet's, and what lies between them."""

    score: str
    name: str
    value: str
    typical: str
    others: str
    """What all features that are not shown add together."""
    reasons: tuple[ReasonView, ...]
    doubt: str | None
    """Why the score, and so its reasons, are not to be believed."""

    @property
    def title(self) -> str:
        """Return ``Bot probability 0.93 (typical 0.07, unproven)``."""
        unproven = "" if self.doubt is None else ", unproven"
        return f"{self.name} {self.value} (typical {self.typical}{unproven})"

    def because(self, n_reasons: int) -> str:
        """Return the strongest reasons in one line."""
        shown = "; ".join(reason.sentence for reason in self.reasons[:n_reasons])
        return shown or "no single feature moves it"


def score_views(header: ProfileHeader, profile: WalletProfile) -> tuple[ScoreView, ...]:
    """Return the reasons of a wallet's scores in words; empty where there are no scores."""
    if profile.scores is None or header.typical is None:
        return ()
    dimensions = [score for score in profile.reasons if score in STYLE_DIMENSIONS]
    return tuple(
        _score_view(
            header,
            profile,
            score,
            score_value(profile.scores, score),
            score_value(header.typical, score),
        )
        for score in (*BINARY_HEADS, "influence_score", *dimensions)
    )


def score_value(scores: Scores, score: str) -> float:
    """Return a score, or a dimension of style, by its name."""
    if score in STYLE_DIMENSIONS:
        return scores.trading_style[STYLE_DIMENSIONS.index(score)]
    value: float = getattr(scores, score)
    return value


def head_of(score: str) -> str:
    """Return the head that a score belongs to."""
    return "trading_style" if score in STYLE_DIMENSIONS else score


def score_name(score: str) -> str:
    """Return ``Bot probability``, ``Trading style: momentum 15m``."""
    name = HEAD_NAMES[head_of(score)]
    if score not in STYLE_DIMENSIONS:
        return name
    return f"{name}: {STYLE_LABELS[STYLE_DIMENSIONS.index(score)].lower()}"


def score_text(score: str, value: float) -> str:
    """Return a score as people read it."""
    if score == "influence_score":
        return f"{value:.2f} %"
    return signed(value) if score in STYLE_DIMENSIONS else f"{value:.2f}"


def addition_text(score: str, value: float) -> str:
    """Return what is added to a score as people read it."""
    return f"{signed(value)} %" if score == "influence_score" else signed(value)


def is_shown(reason: Reason) -> bool:
    """Return whether a reason's contribution is not 0 in the digits that are shown."""
    return abs(reason.contribution) >= 0.005


def _score_view(
    header: ProfileHeader, profile: WalletProfile, score: str, own: float, typical: float
) -> ScoreView:
    shown = [reason for reason in profile.reasons.get(score, ()) if is_shown(reason)]
    strongest = max((abs(reason.contribution) for reason in shown), default=1.0)
    return ScoreView(
        score=score,
        name=score_name(score),
        value=score_text(score, own),
        typical=score_text(score, typical),
        others=addition_text(score, own - typical - sum(each.contribution for each in shown)),
        reasons=tuple(
            ReasonView(
                feature=printable(feature_name(reason.feature, header.remarks)),
                value=_own_value(reason, header, profile),
                typical=amount(reason.typical, header.units.get(reason.feature, "")),
                contribution=addition_text(score, reason.contribution),
                share=round(reason.contribution / strongest, 3),
            )
            for reason in shown
        ),
        doubt=_doubt(header, head_of(score)),
    )


def _own_value(reason: Reason, header: ProfileHeader, profile: WalletProfile) -> str:
    """Return the wallet's value; where it has none, why, if that is known."""
    if reason.value is None and reason.feature in profile.remarks:
        return profile.remarks[reason.feature]
    return amount(reason.value, header.units.get(reason.feature, ""))


def _doubt(header: ProfileHeader, name: str) -> str | None:
    heads = () if header.model is None else header.model.heads
    for head in heads:
        if head.head == name and not head.has_earned_weight:
            return printable(quality(head))
    return None
