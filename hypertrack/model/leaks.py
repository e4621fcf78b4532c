"""Is there skill where there can be none? Two checks that every training run makes of itself.

Fast versions: one of each, on no more rows than it takes. `hypertrack features --check-leakage`
looks at more cuts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureMatrix
from hypertrack.features.leakage import check_cut
from hypertrack.labels.targets import HEAD_COLUMNS
from hypertrack.model.evaluation import row_losses
from hypertrack.model.inputs import as_read
from hypertrack.model.metrics import Resamples, skill
from hypertrack.model.samples import Samples, permuted
from hypertrack.records import HEADS, CutCheck, Interval, LeakChecks

Array = NDArray[np.float64]

Learn = Callable[[Samples], Array]
"""Trains on the training rows of samples; returns predictions of the test rows."""

MAX_ROWS = 4_000
"""Training rows that are enough to see a leak."""

MAX_WALLETS = 4_000
"""Whose features are enough to see one."""

MIN_SKILL = 0.02
"""Less is what chance gives."""

SEEDS = range(101, 107)
"""Of the permutations. Whatever is learnt from one is a direction that can be right by luck, on
all rows at once, so that no interval shows it: a leak must show in every one of them."""

N_SHOWN = 3


class Checked(NamedTuple):
    """What training read of some wallets at its first cut, be they samples or not.

    Attributes:
        wallets: Addresses of those that were asked for; None for all.
        read: Of those that were seen before the cut.
    """

    wallets: Sequence[str] | None
    read: FeatureMatrix


def check_leaks(
    samples: Samples,
    learn: Learn,
    constant: Array,
    checked: Checked,
    open_until: Callable[[int], Any] | None,
    n_bootstrap: int,
) -> LeakChecks:
    """Check the learning of a training run, and all that it reads of wallets.

    Args:
        constant: Predictions of the test rows by the constant.
        checked: What was read at the first cut.
        open_until: Opens the dataset without anything recorded at a time or later.
    """
    permutation, lucky = check_permutation(samples, learn, constant, n_bootstrap)
    truncation = None
    if open_until is not None:
        truncation = check_cut(checked.read, open_until, wallets=checked.wallets, as_read=as_read)
    return LeakChecks(
        permutation=permutation,
        truncation=truncation,
        failed={head: _permutation_reason(permutation[head]) for head in lucky}
        | _truncation_reasons(truncation),
    )


def check_permutation(
    samples: Samples, learn: Learn, constant: Array, n_bootstrap: int
) -> tuple[dict[str, Interval | None], tuple[str, ...]]:
    """Return the skill after training on permuted outcomes, and the heads that keep some.

    A head fails where its interval clears zero after every permutation; as soon as no head is
    left that could fail, no further one is tried.
    """
    few = _capped(samples)
    found: list[Mapping[str, Interval | None]] = []
    failed: tuple[str, ...] = HEADS
    for seed in SEEDS:
        found.append(_skills(samples, learn(permuted(few, seed)), constant, n_bootstrap))
        failed = tuple(head for head in failed if _is_skill(found[-1][head]))
        if not failed:
            break
    return dict(found[-1] if failed else found[0]), failed


def _skills(
    samples: Samples, predicted: Array, constant: Array, n_bootstrap: int
) -> dict[str, Interval | None]:
    targets, weights = samples.targets(samples.test), samples.weights(samples.test)
    resamples = Resamples.draw(len(samples.test), n_bootstrap, SEEDS[0])
    return {
        head: skill(
            row_losses(predicted, targets, columns, weights),
            row_losses(constant, targets, columns, weights),
            resamples,
        )
        for head, columns in HEAD_COLUMNS.items()
    }


def _is_skill(found: Interval | None) -> bool:
    return found is not None and found.low > 0 and found.value > MIN_SKILL


def _capped(samples: Samples) -> Samples:
    """Return samples with no more training rows than a check needs."""
    n_rows = len(samples.train)
    if n_rows <= MAX_ROWS:
        return samples
    chosen = np.zeros(n_rows, dtype=np.bool_)
    chosen[np.random.default_rng(SEEDS[0]).choice(n_rows, MAX_ROWS, replace=False)] = True
    return replace(samples, train=samples.train.take(chosen))


def checked_wallets(wallets: Sequence[str]) -> Sequence[str] | None:
    """Return some of very many wallets, drawn by chance; None for all."""
    if len(wallets) <= MAX_WALLETS:
        return None
    rng = np.random.default_rng(SEEDS[0])
    chosen: list[str] = rng.choice(np.array(wallets), MAX_WALLETS, replace=False).tolist()
    return chosen


def _permutation_reason(found: Interval | None) -> str:
    shown = "" if found is None else f" of {found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
    return f"leak: skill{shown} remains after training on outcomes dealt out anew"


def _truncation_reasons(truncation: CutCheck | None) -> dict[str, str]:
    if truncation is None or not truncation.leaks:
        return {}
    names = [leak.name for leak in truncation.leaks]
    more = f" and {len(names) - N_SHOWN} more" if len(names) > N_SHOWN else ""
    reason = f"leak: features know what came after the cut: {', '.join(names[:N_SHOWN])}{more}"
    return dict.fromkeys(HEADS, reason)
