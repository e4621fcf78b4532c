"""The rows of a world say of its truth what one would count by hand."""

import numpy as np

from hypertrack.simulate.market.world_summary import summarize_world


def test_wallets_that_opened_something_are_counted_by_what_they_foresee() -> None:
    nan = np.nan
    truth = {
        "kind": np.array(["informed", "informed", "negative_edge", "retail", "retail", "informed"]),
        "n_openings": np.array([20, 40, 5, 1, 0, 9]),
        "edge_bps": np.array([10.0, 20.0, -4.0, 0.0, nan, 30.0]),
        "snr": np.array([0.1, 0.2, -0.05, 0.0, nan, 0.3]),
        "net_edge_bps": np.array([1.0, 9.0, -15.0, -11.0, nan, 19.0]),
        "copy_edge_bps_5s": np.array([-2.0, 6.0, -14.0, nan, nan, 12.0]),
    }

    skilled, losing, others = summarize_world(truth)

    assert (skilled.name, losing.name, others.name) == ("skilled", "negative edge", "others")
    assert (skilled.n_wallets, skilled.n_openings) == (3, 69)
    assert skilled.edge_bps == (12.0, 20.0, 28.0)
    assert (skilled.snr, skilled.net_edge_bps, skilled.copy_edge_bps_5s) == (0.2, 9.0, 6.0)
    assert skilled.n_copyable == 1  # the third has nine openings only
    assert (losing.n_wallets, losing.net_edge_bps, losing.n_copyable) == (1, -15.0, 0)
    assert others.n_wallets == 1
    assert np.isnan(others.copy_edge_bps_5s)
