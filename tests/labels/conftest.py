"""A dataset of a few lines in, an Ibis backend over its tables out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fakes import write_dataset

from hypertrack.market.engine.duckdb_market import connect
from hypertrack.store.dataset import open_dataset

OpenBackend = Callable[..., Any]
Outcome = Callable[[Any], dict[str, dict[str, Any]]]


@pytest.fixture
def open_backend(tmp_path: Path) -> Iterator[OpenBackend]:
    """Return a function from the lines of a dataset, by file, to a backend over it."""
    with ExitStack() as stack:
        yield lambda **lines: connect(
            stack.enter_context(open_dataset(write_dataset(tmp_path / "data", **lines)))
        )


@pytest.fixture
def by_wallet() -> Callable[[Any, Any], dict[str, dict[str, Any]]]:
    """Return a function from a backend and a table by wallet_id to its rows by address."""

    def read(con: Any, table: Any) -> dict[str, dict[str, Any]]:
        named = table.join(con.table("wallets"), "wallet_id")
        return {row["wallet"]: row for row in con.rows(named)}

    return read
