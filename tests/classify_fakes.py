"""One wallet, put before the rules."""

from functools import partial

from column_fakes import profile_columns
from drawn_wallets import features
from profile_fakes import heads, model_of, profile_header

from hypertrack.categories.cases import make_profiles
from hypertrack.config import CategorySettings
from hypertrack.records import (
    Category,
    HeadEvaluation,
    Scores,
    WalletProfile,
    replace,
)

original = partial(CategorySettings, edition="original")

BASE = original(min_evidence_tx=0)


def classify(
    said: Scores | None = None,
    *,
    unearned: tuple[str, ...] = (),
    settings: CategorySettings = BASE,
    n_candle_matches: int = 1,
    **values: float,
) -> WalletProfile:
    return verdict_of(features(**values), n_candle_matches, said, settings, heads(*unearned))


def verdict_of(
    values: dict[str, float],
    n_candle_matches: int,
    said: Scores | None,
    settings: CategorySettings,
    by_head: dict[str, HeadEvaluation],
) -> WalletProfile:
    columns = profile_columns([(values, n_candle_matches, said)], settings, by_head)
    header = profile_header(summary=model_of(by_head))
    (profile,) = make_profiles(columns, replace(header, thresholds=settings.limits()))
    return profile


def named(verdict: WalletProfile) -> dict[str, Category]:
    return {category.name: category for category in verdict.categories}
