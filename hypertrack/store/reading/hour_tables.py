"""Tables of a sliding window: one an hour behind a view, dropped whole when the hour has left it.

DuckDB gives the memory of a dropped table back; that of deleted rows it keeps.
"""

from collections.abc import Sequence

import duckdb

from hypertrack.records import HOUR_MS

SCHEMA = "window_hours"
"""What views of the main schema stand on."""


class HourTable:
    """The rows of one table, by the hour they belong to.

    Args:
        name: Of the view over all hours.
        time: The column of exchange time, ms.
        keys: What tells rows apart; of two alike the later one stays. Rows are not compared where
            none are named.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        time: str = "time_ms",
        keys: Sequence[str] = (),
    ):
        self.name, self.time = name, time
        self._connection = connection
        self._keys = keys
        self._hours: set[int] = set()

    def create(self, like: str) -> None:
        """Begin without rows, with the columns of a relation."""
        self._connection.execute(f"CREATE TABLE {self._table(None)} AS FROM {like} LIMIT 0")
        self._show()

    def add(self, rows: str) -> None:
        """Add the rows of a table, in its order."""
        hours = f"SELECT DISTINCT {self.time} // {HOUR_MS} AS hour FROM {rows} ORDER BY hour"
        for (hour,) in self._connection.execute(hours).fetchall():
            if hour not in self._hours:
                self._connection.execute(
                    f"CREATE TABLE {self._table(hour)} AS FROM {self._table(None)} LIMIT 0"
                )
                self._hours.add(hour)
                self._show()
            self._add(rows, hour)

    def delete_from(self, start_ms: int) -> None:
        """Delete what is not before a time."""
        for hour in self._hours:
            if hour >= start_ms // HOUR_MS:
                self._connection.execute(
                    f"DELETE FROM {self._table(hour)} WHERE {self.time} >= {start_ms}"
                )

    def drop_before(self, start_ms: int) -> None:
        """Forget the hours that were over by a time."""
        over = {hour for hour in self._hours if (hour + 1) * HOUR_MS <= start_ms}
        if not over:
            return
        self._hours -= over
        self._show()
        for hour in over:
            self._connection.execute(f"DROP TABLE {self._table(hour)}")

    def remake(self, query: str) -> None:
        """Make the table of each hour anew.

        Args:
            query: Of its rows with the columns as they are; ``{hour}`` is the hour's relation.
        """
        for hour in self._hours:
            table = self._table(hour)
            self._connection.execute(
                f"CREATE OR REPLACE TABLE {table} AS {query.format(hour=table)}"
            )

    def before(self, start_ms: int) -> str:
        """Return the relation of the rows that `drop_before` would forget."""
        return f"(FROM {self.name} WHERE {self.time} < {start_ms // HOUR_MS * HOUR_MS})"

    def n_by_hour(self) -> dict[int, int]:
        """Return the number of rows by the time at which their hour began, oldest first."""
        return {
            hour * HOUR_MS: int(
                self._connection.execute(f"SELECT count(*) FROM {self._table(hour)}").fetchall()[0][
                    0
                ]
            )
            for hour in sorted(self._hours)
        }

    def _add(self, rows: str, hour: int) -> None:
        table = self._table(hour)
        here = f"{rows}.{self.time} // {HOUR_MS} = {hour}"
        if self._keys:
            # The bound in time lets DuckDB pass over the blocks that hold nothing as new.
            first = f"(SELECT min({self.time}) FROM {rows} WHERE {here})"
            same = " AND ".join(f"{table}.{key} = {rows}.{key}" for key in self._keys)
            self._connection.execute(
                f"DELETE FROM {table} USING {rows} WHERE {table}.{self.time} >= {first} AND {same}"
            )
        self._connection.execute(f"INSERT INTO {table} FROM {rows} WHERE {here}")

    def _show(self) -> None:
        tables = (self._table(hour) for hour in (None, *sorted(self._hours)))
        rows = " UNION ALL ".join(f"FROM {table}" for table in tables)
        self._connection.execute(f'CREATE OR REPLACE VIEW main."{self.name}" AS {rows}')

    def _table(self, hour: int | None) -> str:
        return f'{SCHEMA}."{self.name}_{"none" if hour is None else hour}"'
