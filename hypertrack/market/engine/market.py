"""What answers the definitions: the tables of a dataset, or of a part of it, that can be asked."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import ibis
import numpy as np
from numpy.typing import NDArray

from hypertrack.market.engine.kept_tables import PART, Dialect, Schemas, Step, Tables
from hypertrack.market.engine.plans import Build, Columns, Recipe, Variables, recipe
from hypertrack.market.executions import ASKED_WALLETS
from hypertrack.store.reading.recorded_books import LooksUpBooks

Finish = Callable[[int, list[Columns]], list[Columns]]
"""From the number of a window and what was found in it to what is to be returned of it."""

PARTIES: Mapping[str, Sequence[str]] = {
    "trades": ("buyer_id", "seller_id"),
    "evm_transactions": ("sender_id", "receiver_id"),
    "erc20_transfers": ("sender_id", "receiver_id"),
}
"""The tables that tell of wallets, and where."""

ASKED = (ASKED_WALLETS, ibis.schema({"wallet_id": "int32"}))
"""The table of a part that names its wallets."""


class Market(Tables, ABC):
    """Tables that can be asked; what is kept is made when something is next asked for.

    Attributes:
        books: Recorded order books, looked up where they are asked for; None where nobody can.
    """

    whole: "Market"

    def __init__(self, dialect: Dialect, base: Schemas, whole: "Market | None" = None):
        """Know what is there: of the dataset, or of a part of ``whole``."""
        super().__init__(dialect, base, whole)
        self.books: LooksUpBooks | None = None
        self._made: dict[str, Step] = {}

    @abstractmethod
    def answers(self, queries: Sequence[str], at: Variables) -> list[Any]:
        """Return the rows of each query as an Arrow table, in any order of work."""

    @abstractmethod
    def make_one(self, step: Step, at: Variables) -> None:
        """Make a table or a view."""

    @abstractmethod
    def drop_one(self, step: Step) -> None:
        """Drop what was made."""

    @abstractmethod
    def narrowed(self, base: Schemas) -> Self:
        """Return tables before these, of a part that is still to be made."""

    @abstractmethod
    def prepare(self) -> None:
        """Keep on disk what makes the next opening quick, where that is of use."""

    def to_pyarrow(self, rows: ibis.Table) -> Any:
        """Return rows as an Arrow table.

        With the types that Ibis thinks they have: engines add whole numbers up to wider ones.
        """
        self.make(self.steps)
        (found,) = self.answers([self.dialect.compile(rows)], {})
        return found.cast(rows.schema().to_pyarrow())

    def fetch(self, rows: ibis.Table) -> Columns:
        """Return the columns of rows as arrays; a missing number is NaN."""
        return columns_of(self.to_pyarrow(rows))

    def rows(self, rows: ibis.Table) -> list[dict[str, Any]]:
        """Return few rows as they are, by column."""
        found: list[dict[str, Any]] = self.to_pyarrow(rows).to_pylist()
        return found

    def row(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        (found,) = self.answers([query], {})
        return tuple(column[0].as_py() for column in found.columns)

    def wallets(self) -> NDArray[np.object_]:
        """Return the addresses of all wallets, by id."""
        (found,) = self.answers(["SELECT wallet FROM wallets ORDER BY wallet_id"], {})
        return np.array(found["wallet"].to_pylist(), dtype=object)

    def span_ms(
        self, since_ms: int | None = None, until_ms: int | None = None, *, has_self: bool = False
    ) -> tuple[int, int] | None:
        """Return the times of the first and the last trade of a window; None without any.

        Args:
            since_ms: Of the window; from the beginning where None.
            until_ms: Its exclusive end; to the end where None.
            has_self: Whether trades of a wallet with itself count.
        """
        asked = ["true"] if has_self else ["buyer_id <> seller_id"]
        asked += [] if since_ms is None else [f"time_ms >= {since_ms}"]
        asked += [] if until_ms is None else [f"time_ms < {until_ms}"]
        first, last = self.row(
            f"SELECT min(time_ms), max(time_ms) FROM trades WHERE {' AND '.join(asked)}"
        )
        return None if first is None else (first, last)

    @contextmanager
    def only(
        self, wallet_ids: Sequence[int] | None = None, since_ms: int | None = None
    ) -> "Iterator[Market]":
        """Give the tables of some wallets and a window, as if there were nothing else.

        Prices and candles are the market's, and seen whole. What is kept of a part is gone
        afterwards; there is one part at a time, of the whole dataset.

        Args:
            wallet_ids: The wallets whose rows are wanted; others may have some. All where None.
            since_ms: As if nobody had done anything earlier. Everything where None.
        """
        if wallet_ids is None and since_ms is None:
            yield self
            return
        asked = Step(ASKED_WALLETS, "SELECT wallet_id FROM wallets")
        if wallet_ids is not None:
            asked = Step(ASKED_WALLETS, self.dialect.ids.format(list(map(int, wallet_ids))))
        steps = [self._step_of(name, wallet_ids is not None, since_ms) for name in PARTIES]
        part = self.narrowed((ASKED, *((name, self.schemas[name]) for name in PARTIES)))
        try:
            part.make([asked, *steps])
            yield part
        finally:
            part.close()

    def _step_of(self, name: str, is_asked: bool, since_ms: int | None) -> Step:
        """Return what makes a part's table of what wallets did."""
        asked = f"(SELECT wallet_id FROM {PART}{ASKED_WALLETS})"
        own = " OR ".join(f"{party} IN {asked}" for party in PARTIES[name]) if is_asked else "true"
        late = "" if since_ms is None else f" AND time_ms >= {since_ms}"
        by = " ORDER BY ALL" if self.dialect.has_order else ""
        return Step(name, f"SELECT * FROM {name} WHERE ({own}){late}{by}")

    def measure(self, at: Variables, build: Build, *args: Hashable) -> list[Columns]:
        """Return what ``build(tables, *args)`` asks for, each as columns of plain numbers.

        Args:
            at: What the queries know as `variable`. They are made once, however often this asks
                for another window.
            build: The same of the same arguments always.
        """
        asked = self.ready(at, build, *args)
        return [columns_of(rows) for rows in self.answers(asked.queries, at)]

    def measure_each(
        self,
        windows: Sequence[Variables],
        build: Build,
        *args: Hashable,
        finish: Finish | None = None,
    ) -> list[list[Columns]]:
        """Return what is asked of each window, by ``wallet_id``; what is kept is made but once.

        Args:
            finish: What becomes of the columns of some wallets, each of whose rows are all there;
                they stay as they are where None.
        """
        found = [self.measure(at, build, *args) for at in windows]
        return [finish(nth, each) for nth, each in enumerate(found)] if finish else found

    def ready(
        self, at: Variables, build: Build, *args: Hashable, is_sharded: bool = False
    ) -> Recipe:
        """Return the queries of what is asked, once all that they read is here, or in the whole.

        Args:
            at: As for `measure`.
            build: As for `measure`.
            is_sharded: Whoever asks has shards of the wallets, and makes what these keep.
        """
        own = None if self.whole is self else self.base
        asked = recipe(self.dialect, self.whole.base, own, is_sharded, build, *args)
        self.whole.make(asked.whole, at)
        self.make(asked.part, at)
        return asked

    def make(self, steps: Iterable[Step], at: Variables | None = None) -> None:
        """Make the tables and views that are not there yet."""
        for step in steps:
            if step.name not in self._made:
                self.make_one(step, at or {})
                self._made[step.name] = step

    def forget(self, name: str) -> None:
        """Drop a table that was kept."""
        self.steps = [step for step in self.steps if step.name != name]
        del self.schemas[name]
        if name in self._made:
            self.drop_one(self._made.pop(name))

    def close(self) -> None:
        """Drop all that was made: of a part, whose tables nobody else reads."""
        for step in self._made.values():
            self.drop_one(step)


def columns_of(found: Any) -> Columns:
    """Return the columns of an Arrow table; a missing number is NaN."""
    return {name: _array(found[name]) for name in found.column_names}


def _array(column: Any) -> NDArray[Any]:
    array: NDArray[Any] = column.to_numpy()
    is_flag = array.dtype == object and str(column.type) == "bool"
    return array.astype(np.float64) if is_flag else array
