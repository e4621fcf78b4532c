"""True entries beside the truth of their wallets."""

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.market import Market


def test_entries_are_those_whose_foresight_the_truth_counts() -> None:
    market = Market(SimulateSettings(wallets=60, coins=4, hours=0.5, seed=3))
    ledger = market.ledger(with_entries=True)
    for chunk in market.chunks(with_facts=True):
        ledger.add(chunk)

    found = ledger.entries.columns() if ledger.entries else {}

    truth = market.truth_of(ledger)
    counts = np.bincount(found["wallet"], minlength=60)
    np.testing.assert_array_equal(counts, truth["n_openings"])
    # The mean square of gains is what the truth divides by, too.
    snr = truth["edge_bps"] / np.sqrt(np.bincount(found["wallet"], found["gain_bps"] ** 2, 60))
    entered = counts > 5
    np.testing.assert_allclose(snr[entered] * np.sqrt(counts[entered]), truth["snr"][entered])


def test_entries_that_rest_foresee_nothing() -> None:
    market = Market(SimulateSettings(wallets=60, coins=4, hours=0.5, seed=3))
    ledger = market.ledger(with_entries=True)
    resting_edge, taking_edge = 0.0, 0.0
    for chunk in market.chunks(with_facts=True):
        ledger.add(chunk)
        assert chunk.facts is not None
        resting_edge += np.abs(chunk.facts.maker_edge_bps).sum()
        taking_edge += np.abs(chunk.facts.taker_edge_bps).sum()

    found = ledger.entries.columns() if ledger.entries else {}

    assert (resting_edge, taking_edge > 0) == (0.0, True)
    assert 0 < found["is_taker"].mean() < 1


def test_chunks_without_facts_are_refused() -> None:
    market = Market(SimulateSettings(wallets=10, coins=1, hours=0.05))
    ledger = market.ledger(with_entries=True)

    with pytest.raises(ValueError, match="facts"):
        ledger.entries.add(next(market.chunks()))  # type: ignore[union-attr]
