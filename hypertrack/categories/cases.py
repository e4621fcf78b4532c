"""The case for what is said of a wallet, in sentences; made when the wallet is looked at."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from math import isnan, nan

from hypertrack.categories.account_cases import wallet_accounts
from hypertrack.categories.catalog import CATALOGS
from hypertrack.categories.category_truth import whole_name
from hypertrack.categories.nearest import NO_RULE, shortfalls
from hypertrack.categories.profit_cases import wallet_profits
from hypertrack.categories.quantities import Columns, Values
from hypertrack.categories.rules import Rule
from hypertrack.categories.skill_cases import wallet_skills
from hypertrack.errors import DatasetError
from hypertrack.records import (
    SKILL_NUMBERS,
    Category,
    HeadEvaluation,
    ProfileColumns,
    ProfileHeader,
    Reason,
    Scores,
    Verdicts,
    WalletProfile,
)
from hypertrack.text import with_minus

UNJUDGED = dict.fromkeys((*SKILL_NUMBERS, "followed_count"), nan)
"""Of a wallet that was not judged, which may stand among others that were."""

POSITION_UNKNOWN = "position unknown"

COUNT_BEHIND = {"median_holding_s": "closed_episode_count"}
"""What a feature is the median of: where it is known that there were none, nothing is unknown."""


def make_profiles(columns: ProfileColumns, header: ProfileHeader) -> Iterator[WalletProfile]:
    """Yield the profiles of wallets, in the order of the columns.

    Raises:
        DatasetError: A rule is not in the catalog: another version wrote the columns.
    """
    has_scores = bool(columns.scores)
    argue = _Arguments(header)
    numbers = {name: columns.skill[name] for name in SKILL_NUMBERS if columns.skill}
    parts = zip(
        columns.wallets.tolist(),
        columns.first_seen_ms.tolist(),
        columns.last_seen_ms.tolist(),
        _by_wallet(columns.features, len(columns)),
        _by_wallet(columns.scores, len(columns)),
        columns.n_candle_matches.tolist(),
        _findings(columns.verdicts, argue.rules),
        columns.activity.tolist(),
        _reasons(columns, header),
        _by_wallet(numbers, len(columns)),
        wallet_skills(columns),
        wallet_profits(columns),
        wallet_accounts(columns),
        strict=True,
    )
    for wallet, first_ms, last_ms, own, said, n_matches, found, slices, why, *beside in parts:
        (held, nearest), (bets, luck, made, account) = found, beside
        values = {**UNJUDGED, **own, "n_candle_matches": n_matches, **said, **bets}
        if luck is not None:
            values["followed_count"] = float(luck.follows is not None)
        texts = {} if luck is None else {"follows": luck.follows or ""}
        yield WalletProfile(
            wallet=wallet,
            first_seen_ms=first_ms,
            last_seen_ms=last_ms,
            features=own,
            scores=Scores.of(said) if has_scores else None,
            categories=tuple(argue.category({**values, **texts}, *each) for each in held),
            why_none=None if held else argue.why_none(values, *nearest),
            activity=tuple(slices),
            reasons=why,
            remarks=argue.remarks(own),
            skill=luck,
            profit=made,
            account=account,
        )


def caveat(head: str, heads: Mapping[str, HeadEvaluation]) -> str:
    """Return why a head has not earned weight: ``profitability: skill -0.02, 95 % CI [...]``."""
    name = head.removesuffix("_score").replace("_", " ")
    evaluation = heads.get(head)
    if evaluation is None:
        return f"{name}: not evaluated on held-out rows"
    if evaluation.skill is None:
        return f"{name}: {evaluation.reason}"
    skill = evaluation.skill
    text = (
        f"{name}: skill {_signed(skill.value)}, "
        f"95 % CI [{_signed(skill.low)}, {_signed(skill.high)}]"
    )
    if skill.low > 0 and evaluation.skill_new_wallets is not None:
        text += f", on new wallets {_signed(evaluation.skill_new_wallets)}"
    return text


class _Arguments:
    """Argues under the thresholds, and on the heads, of one classification."""

    def __init__(self, header: ProfileHeader):
        self.rules = {rule.name: rule for rule in CATALOGS[header.edition]}
        self._limits = header.thresholds
        self._at_chance = {each.category: each for each in header.measured if each.is_at_chance}
        self._heads = {} if header.model is None else {h.head: h for h in header.model.heads}
        self._needs_position = header.needs_position
        self._remarks = header.remarks

    def category(
        self,
        values: Mapping[str, float | str],
        name: str,
        confidence: float,
        boost: float,
        is_proven: bool,
    ) -> Category:
        """Return a category with its evidence, and with its caveat where it has one."""
        rule = self.rules[name]
        return Category(
            name=name,
            group=rule.group.value,
            confidence=confidence,
            evidence=with_minus(rule.evidence.format_map({**self._limits, **values})),
            boost=boost,
            is_proven=is_proven,
            caveat=self._caveat(rule, is_proven),
        )

    def _caveat(self, rule: Rule, is_proven: bool) -> str | None:
        if not is_proven:
            return caveat(rule.driven_by or "", self._heads)
        found = self._at_chance.get(whole_name(rule.name))
        if found is None or found.precision is None:
            return None
        return f"at chance: {found.precision:.0%} of them truly are, {found.base_rate:.0%} of all"

    def why_none(self, values: Values, name: str | None, way: int) -> str:
        """Return what kept a wallet without a category out of the nearest rule."""
        if name is None:
            return "no rule could be asked"
        return shortfalls(self.rules[name], way, values, self._limits)

    def remarks(self, features: Values) -> dict[str, str]:
        """Return what has to be said beside, or in place of, the numbers of a wallet."""
        said = {
            name: text
            for name, text in self._remarks.items()
            if not isnan(features.get(name, nan))  # what is not there needs no remark
        }
        for name in self._needs_position:
            if name in features and isnan(features[name]) and not _had_none(name, features):
                said[name] = POSITION_UNKNOWN
        return said


def _had_none(name: str, features: Values) -> bool:
    """Return whether a feature is missing because there was nothing to take it of."""
    return features.get(COUNT_BEHIND.get(name, "")) == 0


Held = tuple[str, float, float, bool]
"""Name, confidence, boost, and whether it is proven."""


def _findings(
    verdicts: Verdicts, rules: Collection[str]
) -> Iterator[tuple[Sequence[Held], tuple[str | None, int]]]:
    """Yield the categories of each wallet, and the nearest rule for one without."""
    unknown = set(verdicts.names) - set(rules)
    if unknown:
        raise DatasetError(f"no rule is called {min(unknown)}: run `hypertrack classify` again")
    names = [verdicts.names[place] for place in verdicts.category.tolist()]
    numbers = (verdicts.confidence.tolist(), verdicts.boost.tolist(), verdicts.is_proven.tolist())
    held = list(zip(names, *numbers, strict=True))
    nearest = [
        (None if place == NO_RULE else verdicts.names[place], way)
        for place, way in zip(verdicts.nearest.tolist(), verdicts.nearest_way.tolist(), strict=True)
    ]
    for (start, end), miss in zip(pairwise((0, *verdicts.ends.tolist())), nearest, strict=True):
        yield held[start:end], miss


def _by_wallet(columns: Columns, n_wallets: int) -> Iterator[dict[str, float]]:
    """Yield a dictionary for each wallet; an empty one where there are no columns."""
    if not columns:
        return ({} for _ in range(n_wallets))
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return (dict(zip(columns, row, strict=True)) for row in rows)


def _reasons(
    columns: ProfileColumns, header: ProfileHeader
) -> Iterator[dict[str, tuple[Reason, ...]]]:
    """Yield what moved the scores of each wallet, by score."""
    reasons = columns.reasons
    if reasons is None:
        yield from ({} for _ in range(len(columns)))
        return
    values = {name: columns.features[name].tolist() for name in reasons.features}
    found = list(
        zip(
            [reasons.scores[place] for place in reasons.score.tolist()],
            [reasons.features[place] for place in reasons.feature.tolist()],
            reasons.contribution.tolist(),
            strict=True,
        )
    )
    for row, (start, end) in enumerate(pairwise((0, *reasons.ends.tolist()))):
        by_score: dict[str, tuple[Reason, ...]] = {}
        for score, feature, contribution in found[start:end]:
            value = values[feature][row]
            reason = Reason(
                feature=feature,
                value=None if isnan(value) else value,
                typical=header.typical_features.get(feature),
                contribution=contribution,
            )
            by_score[score] = (*by_score.get(score, ()), reason)
        yield by_score


def _signed(value: float) -> str:
    return with_minus(f"{value:.2f}")
