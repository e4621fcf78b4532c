"""What a basket says in words."""

from hypertrack.outputs.wording import plural


def basket_sentence(n_wallets: int, n_effective: float, n_copy: int) -> str:
    """Return how independent the wallets are, and how many of them are worth copying at all."""
    if n_copy == n_wallets:
        worth = "all of them called COPY"
    elif n_copy:
        worth = f"{n_copy} of them called COPY"
    else:
        worth = "none of them called COPY: independent luck is luck still"
    return f"{plural(n_wallets, 'wallet')}, as good as {n_effective:.1f} independent ones; {worth}"
