"""What the venue said of the accounts of wallets that a feature matrix tells of."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.pipeline.account_links import links_in_words
from hypertrack.records import ACCOUNT_NUMBERS
from hypertrack.text import six_digits

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix
    from hypertrack.market.engine.market import Market

BEHIND_ACCOUNTS = tuple(name for name in ACCOUNT_NUMBERS if name != "account_told_ms")
"""Features that `account_columns` reads, by the same names."""

N_NAMED = 5
"""Positions and links that are told of a wallet; more are counted."""


def has_answers(engine: "FeatureEngine") -> bool:
    """Return whether the venue was asked about anybody's account."""
    asked = "SELECT EXISTS (FROM account_states UNION ALL BY NAME FROM account_links)"
    ((found,),) = engine.dataset.connection.execute(asked).fetchall()
    return bool(found)


def account_columns(engine: "FeatureEngine", matrix: "FeatureMatrix") -> Mapping[str, NDArray[Any]]:
    """Return the columns about accounts of a matrix that holds `BEHIND_ACCOUNTS`, a row a wallet.

    Answers are about some hundred wallets; what is told of them is put together one by one.
    """
    from hypertrack.market import account_states

    con = engine.backend
    told_ms = np.full(engine.n_wallets, np.nan)
    for row in con.rows(account_states.last_told(con)):
        told_ms[row["wallet_id"]] = row["told_ms"]
    links = links_in_words(con, dict(enumerate(engine.wallets)))
    texts = {"account_positions": _positions(con), "account_links": links}
    return {
        **{name: matrix.column(name) for name in BEHIND_ACCOUNTS},
        "account_told_ms": told_ms[matrix.wallet_ids],
        **{name: _column(words, engine, matrix) for name, words in texts.items()},
    }


def _positions(con: "Market") -> dict[int, list[str]]:
    """Return by wallet id what it holds, the largest value first."""
    from hypertrack.market import account_states

    rows = con.rows(account_states.last_positions(con))
    held: dict[int, list[str]] = {}
    for row in sorted(rows, key=lambda row: (-abs(row["value_usd"] or 0.0), row["coin"])):
        held.setdefault(row["wallet_id"], []).append(
            f"{row['coin']} {six_digits(row['size'], sign='+')}"
        )
    return held


def _column(
    words: Mapping[int, list[str]], engine: "FeatureEngine", matrix: "FeatureMatrix"
) -> NDArray[np.object_]:
    column = np.full(engine.n_wallets, "", dtype=object)
    for wallet_id, parts in words.items():
        more = len(parts) - N_NAMED
        told = parts[:N_NAMED] + ([f"{more:,} more"] if more > 0 else [])
        column[wallet_id] = "; ".join(told)
    return column[matrix.wallet_ids]
