"""Shannon entropy over counted rows, as an aggregate."""

import ibis
from ibis import Value


def entropy(counts: Value) -> Value:
    """Return the Shannon entropy, in nats, of a wallet's counts.

    Args:
        counts: How often each of the wallet's rows occurred; rows of 0 or NULL are left out.
    """
    # -sum(p ln p) with p = n/N is ln N - sum(n ln n)/N; rounding may end just below 0.
    counts = counts.nullif(0)
    total = counts.sum()
    return ibis.greatest(total.ln() - (counts * counts.ln()).sum() / total, 0.0)


def evenness(counts: Value, *, most: int | None = None) -> Value:
    """Return the entropy over the largest it can be, 0..1; 0 where less than two were counted.

    Args:
        counts: As for `entropy`.
        most: Different rows there can be, beside the number counted; None: no limit.
    """
    total = counts.sum()
    largest = total if most is None else ibis.least(total, most)
    return ibis.ifelse(total >= 2, entropy(counts) / largest.ln().nullif(0), 0.0)
