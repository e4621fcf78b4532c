"""The recorded lines of a dataset, wherever it is: what all reading goes through."""

from collections.abc import Sequence
from typing import Literal, Protocol

import duckdb

from hypertrack.records import Feed
from hypertrack.store.reading.damage import Damage
from hypertrack.store.reading.relations import Columns

Answers = Literal["account_states", "account_flows", "funding_history", "account_choices"]
"""Kinds of answers about wallets, beside their fills: also the rates that fell due on them, and who
was chosen to be asked about."""

Version = tuple[tuple[str | int, ...], ...]
"""What changes whenever the lines of a dataset do."""


class Lines(Protocol):
    """The lines of one dataset; close it after use.

    Attributes:
        place: Where it is, for people.
    """

    place: str

    def run(
        self, connection: duckdb.DuckDBPyConnection, statement: str, feed: Feed, columns: Columns
    ) -> None:
        """Run a statement that creates a table of the lines of a feed.

        Args:
            statement: In it, ``{source}`` stands for a relation of exactly these columns over all
                lines, ``{open}`` for those in their order of arrival, ``{sealed}`` for the others.

        Raises:
            DatasetError: The lines could not be read at all.
        """

    def run_on_ledger(
        self, connection: duckdb.DuckDBPyConnection, statement: str, columns: Columns
    ) -> None:
        """Run a statement on the lines of the coverage ledger, ``{source}``."""

    def run_on_fills(
        self, connection: duckdb.DuckDBPyConnection, statement: str, columns: Columns
    ) -> None:
        """Run a statement on the fills that were imported, ``{source}``."""

    def run_on_answers(
        self, connection: duckdb.DuckDBPyConnection, statement: str, kind: Answers, columns: Columns
    ) -> None:
        """Run a statement on what the venue answered about wallets, ``{source}``."""

    def count(self, feed: Feed) -> tuple[int, int]:
        """Return the lines of a feed, and those torn at its end."""

    def n_quarantined(self) -> int:
        """Return how many frames could not be read."""

    def has_ledger(self) -> bool:
        """Return whether anything is known of what was observed."""

    def has_data(self) -> bool:
        """Return whether anything was recorded."""

    def damage(self) -> Sequence[Damage]:
        """Return the files that could not be read and were left out, so far."""

    def damaged_files(self) -> tuple[str, ...]:
        """Return the names of all files that are not as they were written; each is read."""

    def version(self) -> Version:
        """Return what changes whenever the lines do."""

    def manifest(self) -> bytes | None:
        """Return the manifest as JSON, None where there is none."""

    def close(self) -> None:
        """Let go of it."""
