"""What answers the definitions: the tables of a dataset that can be asked, and who has them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from hypertrack.market.engine.kept_tables import Dialect, Schemas, Step, Tables
from hypertrack.market.engine.plans import Build, Columns, Recipe, Variables, recipe
from hypertrack.records import DataSummary
from hypertrack.store.reading.recorded_books import LooksUpBooks

Finish = Callable[[int, list[Columns]], list[Columns]]
"""From the number of a window and what was found in it to what is to be returned of it."""


def as_found(_window: int, found: list[Columns]) -> list[Columns]:
    """Return what was found."""
    return found


PARTIES: Mapping[str, Sequence[str]] = {
    "trades": ("buyer_id", "seller_id"),
    "evm_transactions": ("sender_id", "receiver_id"),
    "erc20_transfers": ("sender_id", "receiver_id"),
}
"""The tables that tell of wallets, and where."""


class Market(Tables, ABC):
    """Tables that can be asked; what is kept is made when something is next asked for.

    Attributes:
        gathered: Tables that were made elsewhere since.
        books: Recorded order books, looked up where they are asked for; None where nobody can.
    """

    whole: "Market"

    def __init__(self, dialect: Dialect, base: Schemas, whole: "Market | None" = None):
        """Know what is there: of the dataset, or of a part of ``whole``."""
        super().__init__(dialect, base, whole)
        self.gathered: Schemas = ()
        self.books: LooksUpBooks | None = None
        self._made = set(self.schemas)

    @property
    def known(self) -> Schemas:
        """The tables that nobody has to make any more."""
        return self.base + self.gathered

    @abstractmethod
    def answer(self, query: str, at: Variables) -> Any:
        """Return the rows of a query as an Arrow table."""

    @abstractmethod
    def make_one(self, step: Step, at: Variables) -> None:
        """Make a table or a view."""

    @abstractmethod
    def drop_one(self, name: str) -> None:
        """Drop a table."""

    def to_pyarrow(self, rows: ibis.Table) -> Any:
        """Return rows as an Arrow table.

        With the types that Ibis thinks they have: engines add whole numbers up to wider ones.
        """
        self.make(self.steps)
        found = self.answer(self.dialect.compile(rows), {})
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
        return tuple(column[0].as_py() for column in self.answer(query, {}).columns)

    def measure(self, at: Variables, build: Build, *args: Hashable) -> list[Columns]:
        """Return what ``build(tables, *args)`` asks for, each as columns of plain numbers.

        Args:
            at: What the queries know as `variable`. They are made once, however often this asks
                for another window.
            build: The same of the same arguments always.
        """
        asked = self.ready(at, build, *args)
        return [columns_of(rows) for rows in self.answers(asked.queries, at)]

    def answers(self, queries: Sequence[str], at: Variables) -> list[Any]:
        """Return the rows of each query as an Arrow table, in any order of work."""
        return [self.answer(query, at) for query in queries]

    def ready(
        self, at: Variables, build: Build, *args: Hashable, is_sharded: bool = False
    ) -> Recipe:
        """Return the queries of what is asked, once all that they read is here, or in the whole.

        Args:
            at: As for `measure`.
            build: As for `measure`.
            is_sharded: Whoever asks has shards of the wallets, and makes what these keep.
        """
        whole = self.whole
        known = whole.base if is_sharded else whole.known
        own = None if whole is self else self.base
        asked = recipe(self.dialect, known, own, is_sharded, build, *args)
        whole.make(asked.whole, at)
        self.make(asked.part, at)
        return asked

    def make(self, steps: Iterable[Step], at: Variables | None = None) -> None:
        """Make the tables and views that are not there yet."""
        for step in steps:
            if step.name not in self._made:
                self.make_one(step, at or {})
                self._made.add(step.name)

    def forget(self, name: str) -> None:
        """Drop a table that was kept."""
        self.steps = [step for step in self.steps if step.name != name]
        del self.schemas[name]
        if name in self._made:
            self.drop_one(name)
            self._made.discard(name)


class Computer(ABC):
    """Measures wallets of one dataset.

    Attributes:
        read: The tables of the dataset as they were read.
    """

    read: Market

    @property
    def tables(self) -> Market:
        """The whole dataset, with its ``executions``."""
        return self.read

    def wallets(self) -> NDArray[np.object_]:
        """Return the addresses of all wallets, by id."""
        found = self.read.answer("SELECT wallet FROM wallets ORDER BY wallet_id", {})
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
        first, last = self.read.row(
            f"SELECT min(time_ms), max(time_ms) FROM trades WHERE {' AND '.join(asked)}"
        )
        return None if first is None else (first, last)

    @abstractmethod
    def summary(self) -> DataSummary:
        """Return what the dataset holds and what it is known to lack."""

    @abstractmethod
    def prepare(self) -> None:
        """Keep on disk what makes the next call quick, where that is of use."""

    @abstractmethod
    def measure(
        self,
        at: Variables,
        build: Build,
        *args: Hashable,
        wallet_ids: Sequence[int] | None = None,
        since_ms: int | None = None,
    ) -> list[Columns]:
        """Return what is asked of some wallets and a window (see `Market`).

        Args:
            wallet_ids: The wallets whose rows are wanted; others may have some. All where None.
            since_ms: As if nobody had done anything earlier. Everything where None.
        """

    @abstractmethod
    def measure_each(
        self,
        windows: Sequence[Variables],
        build: Build,
        *args: Hashable,
        finish: Finish = as_found,
    ) -> list[list[Columns]]:
        """Return what is asked of each window, of all wallets; what is kept is made but once.

        Args:
            finish: What becomes of the columns of some wallets, each of whose rows are all there.
        """


def asked_of(parties: Sequence[str], wallets: str | None, since_ms: int | None) -> str:
    """Return the SQL condition of what some wallets did since a time; all, and ever, where None.

    Args:
        parties: Columns of wallets.
        wallets: Their ids, as SQL.
    """
    own = " OR ".join(f"{party} IN ({wallets})" for party in parties) if wallets else "true"
    return own if since_ms is None else f"({own}) AND time_ms >= {since_ms}"


def columns_of(found: Any) -> Columns:
    """Return the columns of an Arrow table; a missing number is NaN."""
    return {name: _array(found[name]) for name in found.column_names}


def _array(column: Any) -> NDArray[Any]:
    array: NDArray[Any] = column.to_numpy()
    is_flag = array.dtype == object and str(column.type) == "bool"
    return array.astype(np.float64) if is_flag else array
