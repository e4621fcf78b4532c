"""Shannon entropy over counted rows, as an aggregate."""

import ibis


def entropy(counts: ibis.Value) -> ibis.Value:
    """Return the Shannon entropy (nats) of a wallet's distribution over its rows.

    Args:
        counts: How often each of the wallet's rows occurred, positive.
    """
    # -sum(p ln p) with p = n/N is ln N - sum(n ln n)/N; floating error may end just below 0.
    total = counts.sum()
    return ibis.greatest(total.ln() - (counts * counts.ln()).sum() / total, 0.0)
