"""What is expected of an edge: the measured one shrunk, towards nothing or a learned prior mean."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hypertrack.market.arrays import Floats, Ints
from hypertrack.market.window import Window
from hypertrack.skill.estimate import Estimates
from hypertrack.skill.shrinkage import Posterior, Spreads, fit, posterior

SHRINKAGE, PERSISTENCE, PRIOR, BEST = "shrinkage", "persistence", "prior", "best"


@dataclass(frozen=True)
class Prior:
    """A mean that each edge is expected to have before it is measured.

    Attributes:
        mean_bps: ``[wallets]``, 0 where nothing is known.
        gain_frac: Share of what the next openings of other wallets came to that it explains beyond
            expecting nothing of them; ``low_frac`` and ``high_frac`` are its 95 % interval.
        n_wallets: By how many that was found.
    """

    mean_bps: Floats
    gain_frac: float
    low_frac: float
    high_frac: float
    n_wallets: int


LearnPrior = Callable[[Window, Ints], Prior | None]
"""From a window, and the entity of each wallet, to a prior; None of too few wallets."""


@dataclass(frozen=True)
class Expectation:
    """How edges are expected.

    Attributes:
        estimator: ``shrinkage``, ``persistence`` or ``prior``.
        why: The reason, as a sentence's end.
        prior_bps: ``[entities]``.
    """

    estimator: str
    why: str
    prior_bps: Floats

    def spreads(self, tested: Estimates) -> Spreads:
        """Return how the edges lie around their priors; on them where nobody is tested."""
        if not len(tested.entity):
            return Spreads(np.zeros(1), np.ones(1))
        return fit(tested.edge_bps - self.prior_bps[tested.entity], tested.error_bps, tested.df)

    def known(self, tested: Estimates, spreads: Spreads) -> Posterior:
        """Return what is known of each edge after its measurement."""
        if self.estimator == PERSISTENCE:
            return as_measured(tested)
        prior_bps = self.prior_bps[tested.entity]
        beyond = tested.edge_bps - prior_bps
        return shifted(posterior(beyond, tested.error_bps, tested.df, spreads), prior_bps)


def choose(
    asked: str, window: Window, entity_of_wallet: Ints, learn_prior: LearnPrior | None
) -> Expectation:
    """Return how the edges of a window are expected: as asked, or by what has shown to be better.

    Args:
        asked: ``best`` takes the prior where the interval of its gain is above 0.
        window: Nothing outside of it is learned from.
        entity_of_wallet: Below 0 for who is not judged, ``[wallets]``.
        learn_prior: Who learns one; never asked where no prior can come of it.
    """
    n_entities = int(entity_of_wallet.max(initial=-1)) + 1
    nothing = np.zeros(n_entities)
    if asked in {SHRINKAGE, PERSISTENCE}:
        return Expectation(asked, "as asked", nothing)
    prior = None if learn_prior is None else learn_prior(window, entity_of_wallet)
    if prior is None:
        return Expectation(SHRINKAGE, "too few wallets to learn a prior from", nothing)
    found = (
        f"a prior learned from features explains {prior.gain_frac:+.1%} "
        f"[{prior.low_frac:+.1%}, {prior.high_frac:+.1%}] of what {prior.n_wallets:,} wallets' "
        "next openings gained"
    )
    if asked == BEST and prior.low_frac <= 0:
        return Expectation(SHRINKAGE, f"{found}: not shown to be better than none", nothing)
    of_entities = _mean_of_entities(prior.mean_bps, entity_of_wallet, n_entities)
    return Expectation(PRIOR, found, of_entities)


def as_measured(tested: Estimates) -> Posterior:
    """Return each edge as it was measured, as sure as its error says: nothing is shrunk."""
    edge, error = tested.edge_bps, tested.error_bps
    positive = 1 - tested.p
    return Posterior(
        mean_bps=edge,
        sd_bps=error,
        p_positive=positive,
        false_sign=np.minimum(positive, 1 - positive),
        part_share=np.ones((len(edge), 1)),
        part_mean_bps=edge[:, None],
        part_sd_bps=error[:, None],
    )


def shifted(known: Posterior, by_bps: Floats) -> Posterior:
    """Return what is known of edges of which ``known`` is the part beyond ``by_bps``."""
    positive = np.where(by_bps == 0, known.p_positive, known.p_above(-by_bps))
    either = np.minimum(positive, 1 - positive)
    return replace(
        known,
        mean_bps=known.mean_bps + by_bps,
        p_positive=positive,
        false_sign=np.where(by_bps == 0, known.false_sign, either),
        part_mean_bps=known.part_mean_bps + by_bps[:, None],
    )


def _mean_of_entities(of_wallets: Floats, entity_of_wallet: Ints, n_entities: int) -> Floats:
    is_judged = entity_of_wallet >= 0
    entity = entity_of_wallet[is_judged]
    count = np.maximum(np.bincount(entity, minlength=n_entities), 1)
    mean: Floats = np.bincount(entity, of_wallets[is_judged], n_entities) / count
    return mean
