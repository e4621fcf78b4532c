"""What the page's script needs to say why a wallet scores what it scores: each name once."""

from collections.abc import Sequence

from hypertrack.outputs.reason_views import REASONS_MEANING, ScoreView, score_views
from hypertrack.records import ProfileHeader, Record, WalletProfile


class ExplainedScore(Record, frozen=True, kw_only=True):
    """One score that is explained on some card."""

    name: str
    typical: str
    doubt: str | None


class ExplainedFeature(Record, frozen=True, kw_only=True):
    """One feature that is a reason on some card."""

    name: str
    typical: str


class Explained(Record, frozen=True, kw_only=True):
    """What the cards' reasons refer to by place."""

    meaning: str
    scores: tuple[ExplainedScore, ...]
    features: tuple[ExplainedFeature, ...]


class CardReason(Record, frozen=True, array_like=True):
    """One reason; ``feature`` is its place in `Explained`."""

    feature: int
    value: str
    contribution: str
    share: float


class CardScore(Record, frozen=True, array_like=True):
    """One score of a wallet; ``score`` is its place in `Explained`."""

    score: int
    value: str
    others: str
    reasons: tuple[CardReason, ...]


def explain(
    header: ProfileHeader, shown: Sequence[WalletProfile]
) -> tuple[Explained, list[tuple[CardScore, ...]]]:
    """Return what reasons refer to, and the reasons of each wallet shown."""
    scores: dict[ExplainedScore, int] = {}
    features: dict[ExplainedFeature, int] = {}

    def card_score(view: ScoreView) -> CardScore:
        score = ExplainedScore(name=view.name, typical=view.typical, doubt=view.doubt)
        return CardScore(
            scores.setdefault(score, len(scores)),
            view.value,
            view.others,
            tuple(
                CardReason(
                    features.setdefault(
                        ExplainedFeature(name=reason.feature, typical=reason.typical), len(features)
                    ),
                    reason.value,
                    reason.contribution,
                    reason.share,
                )
                for reason in view.reasons
            ),
        )

    cards = [tuple(map(card_score, score_views(header, profile))) for profile in shown]
    explained = Explained(meaning=REASONS_MEANING, scores=tuple(scores), features=tuple(features))
    return explained, cards
