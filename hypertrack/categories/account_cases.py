"""What the venue said of a wallet's account, as a record; made when the wallet is looked at."""

from collections.abc import Iterator
from math import isnan

from hypertrack.records import ACCOUNT_NUMBERS, ACCOUNT_TEXTS, ProfileColumns, WalletAccount


def wallet_accounts(columns: ProfileColumns) -> Iterator[WalletAccount | None]:
    """Yield the accounts of wallets in the order of the columns; None of one not asked about."""
    if not columns.account:
        yield from [None] * len(columns)
        return
    numbers = (columns.account[name].tolist() for name in ACCOUNT_NUMBERS)
    texts = (columns.account[name].tolist() for name in ACCOUNT_TEXTS)
    for row in zip(*numbers, *texts, strict=True):
        own = dict(zip((*ACCOUNT_NUMBERS, *ACCOUNT_TEXTS), row, strict=True))
        own |= {name: own[name] or "" for name in ACCOUNT_TEXTS}
        is_told = not isnan(own["account_told_ms"]) or own["account_links"]
        yield WalletAccount(**own) if is_told else None
