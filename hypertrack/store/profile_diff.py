"""Two files of profiles, joined by wallet in the database: no wallet becomes an object unasked."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from hypertrack.records import (
    SCORE_NAMES,
    CategoryChange,
    EstimateChange,
    MovedEstimate,
    Presence,
    ProfileHeader,
    ScoreChange,
    Verdict,
    VerdictChange,
    WalletDiff,
)
from hypertrack.store.sql import parquet, quoted

ESTIMATES = ("edge_bps", "copy_edge_bps")
"""With an interval: ``edge_low_bps`` and ``edge_high_bps``."""

BATCH_ROWS = 4_096
MEMORY = "512MB"
"""Beyond, it goes on in temporary files."""

MATTERS_MOST = Verdict.COPY
"""Who was or is so stands before all other changes."""


PLACE = f"""
    CASE WHEN has_other_verdict
            AND list_contains([verdict_before, verdict_after], {quoted(MATTERS_MOST)}) THEN 0
        WHEN presence = 'entered' THEN 4
        WHEN presence = 'left' THEN 5
        WHEN has_other_verdict THEN 1
        WHEN has_moved THEN 2
        ELSE 3 END
"""
"""Where a wallet stands among the changes: what matters most first."""


class ProfileJoin:
    """All wallets of two files, each once, with what they were and are."""

    def __init__(
        self, before: Path, after: Path, headers: tuple[ProfileHeader, ProfileHeader]
    ) -> None:
        """Join them.

        Args:
            headers: Of the files; what one of them was never asked is not compared.
        """
        self._headers = headers
        self._connection = duckdb.connect(":memory:", config={"memory_limit": MEMORY})
        self._connection.execute(_joined(before, after, is_judged=self.are_judged))

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of it."""
        self._connection.close()

    @property
    def are_judged(self) -> bool:
        """Whether wallets have verdicts in both."""
        return all(header.skill is not None for header in self._headers)

    def counts(self) -> dict[str, int]:
        """Return how many wallets are in both, entered, left, and in both and changed."""
        (row,) = self._rows(
            "SELECT count(*) FILTER (presence = 'both') AS n_both, "
            "count(*) FILTER (presence = 'entered') AS n_entered, "
            "count(*) FILTER (presence = 'left') AS n_left, "
            "count(*) FILTER (presence = 'both' AND is_changed) AS n_changed FROM joined"
        )
        return row

    def verdicts(self) -> tuple[VerdictChange, ...]:
        """Return the changes of verdicts in both, the most frequent first."""
        rows = self._rows(
            "SELECT verdict_before AS before, verdict_after AS after, count(*) AS n_wallets "
            "FROM joined WHERE presence = 'both' AND has_other_verdict "
            "GROUP BY ALL ORDER BY n_wallets DESC, before, after"
        )
        return tuple(VerdictChange(**row) for row in rows)

    def categories(self) -> tuple[CategoryChange, ...]:
        """Return every category that somebody holds or held, the most changes first."""
        held = [header.n_wallets_by_category for header in self._headers]
        gained, lost = (self._changes(name) for name in ("gained", "lost"))
        found = [
            CategoryChange(
                name=name,
                n_before=held[0].get(name, 0),
                n_after=held[1].get(name, 0),
                n_gained=gained.get(name, 0),
                n_lost=lost.get(name, 0),
            )
            for name in dict.fromkeys((*held[0], *held[1]))
        ]
        return tuple(sorted(found, key=lambda each: -(each.n_gained + each.n_lost)))

    def estimates(self) -> tuple[EstimateChange, ...]:
        """Return the estimates, where both were judged."""
        names = ESTIMATES if self.are_judged else ()
        return tuple(EstimateChange(name=name, **self._estimate(name)) for name in names)

    def scores(self) -> tuple[ScoreChange, ...]:
        """Return the scores, where both have some."""
        if any(header.model is None for header in self._headers):
            return ()
        return tuple(ScoreChange(name=name, **self._score(name)) for name in SCORE_NAMES)

    def wallets(self, limit: int | None = None) -> Iterator[WalletDiff]:
        """Yield who entered, left or changed: what matters most first, then the most active.

        Args:
            limit: So many at most.
        """
        cut = "" if limit is None else f"LIMIT {limit:d}"
        query = (
            "SELECT * FROM joined WHERE is_changed OR presence <> 'both' "
            f"ORDER BY place, tx_count DESC, wallet {cut}"
        )
        with closing(self._connection.cursor()) as cursor:  # others may ask meanwhile
            cursor.execute(query)
            while rows := cursor.fetchmany(BATCH_ROWS):
                yield from map(_wallet, _named(cursor, rows))

    def _changes(self, column: str) -> dict[str, int]:
        rows = self._rows(
            f"SELECT name, count(*) AS n FROM (SELECT unnest({column}) AS name FROM joined "
            "WHERE presence = 'both') GROUP BY name"
        )
        return {row["name"]: row["n"] for row in rows}

    def _estimate(self, name: str) -> dict[str, int]:
        (row,) = self._rows(
            f"SELECT count(*) FILTER (isfinite({name}_before) AND isfinite({name}_after)) "
            "AS n_compared, "
            f"count(*) FILTER ({name}_moved AND {name}_after > {name}_before) AS n_up, "
            f"count(*) FILTER ({name}_moved AND {name}_after < {name}_before) AS n_down "
            "FROM joined WHERE presence = 'both'"
        )
        return row

    def _score(self, name: str) -> dict[str, Any]:
        change = f"abs({name}_after - {name}_before)"
        (row,) = self._rows(
            f"SELECT count(*) AS n_compared, median({change}) AS median_change, "
            f"quantile_cont({change}, 0.95) AS p95_change "
            f"FROM joined WHERE presence = 'both' AND isfinite({change})"
        )
        return row

    def _rows(self, query: str) -> list[dict[str, Any]]:
        self._connection.execute(query)
        return _named(self._connection, self._connection.fetchall())


def _named(cursor: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _joined(before: Path, after: Path, *, is_judged: bool) -> str:
    """Return what makes the table ``joined``: a row a wallet."""
    columns = (*(each for name in ESTIMATES for each in _bounds(name)), *SCORE_NAMES)
    told = ", ".join(f"a.{name} AS {name}_before, b.{name} AS {name}_after" for name in columns)
    moved = ", ".join(f"{_moved(name)} AS {name}_moved" for name in ESTIMATES)
    has_moved = " OR ".join(f"{name}_moved" for name in ESTIMATES)
    return f"""
        CREATE TABLE joined AS
        WITH a AS ({_side(before, columns)}), b AS ({_side(after, columns)}), told AS (
            SELECT wallet, coalesce(b.tx_count, a.tx_count) AS tx_count,
                CASE WHEN a.tx_count IS NULL THEN 'entered' WHEN b.tx_count IS NULL THEN 'left'
                    ELSE 'both' END AS presence,
                a.verdict AS verdict_before, b.verdict AS verdict_after,
                {"a.verdict IS DISTINCT FROM b.verdict" if is_judged else "false"}
                    AS has_other_verdict,
                {_missing_from("b.names", "a.names")} AS gained,
                {_missing_from("a.names", "b.names")} AS lost,
                {told}, {moved}
            FROM a FULL JOIN b USING (wallet)
        )
        SELECT *, {has_moved} AS has_moved,
            has_other_verdict OR has_moved OR len(gained) + len(lost) > 0 AS is_changed,
            {PLACE} AS place
        FROM told
    """


def _side(file: Path, columns: Sequence[str]) -> str:
    names = "list_transform(categories, lambda held: held.name) AS names"
    return f"SELECT wallet, tx_count, verdict, {names}, {', '.join(columns)} FROM {parquet([file])}"


def _missing_from(names: str, others: str) -> str:
    there = f"coalesce({others}, [])"
    kept = f"list_filter({names}, lambda name: NOT list_contains({there}, name))"
    return f"list_sort(coalesce({kept}, []))"


def _bounds(name: str) -> tuple[str, str, str]:
    stem = name.removesuffix("_bps")
    return name, f"{stem}_low_bps", f"{stem}_high_bps"


def _moved(name: str) -> str:
    """Return whether both intervals are known and do not touch.

    One without width is none: the spread between wallets was estimated as 0.
    """
    _, low, high = _bounds(name)
    known = " AND ".join(
        f"isfinite({side}.{low}) AND isfinite({side}.{high}) AND {side}.{low} < {side}.{high}"
        for side in "ab"
    )
    return f"coalesce({known} AND (a.{high} < b.{low} OR b.{high} < a.{low}), false)"


def _wallet(row: dict[str, Any]) -> WalletDiff:
    return WalletDiff(
        wallet=row["wallet"],
        presence=Presence(row["presence"]),
        tx_count=row["tx_count"],
        verdict_before=row["verdict_before"],
        verdict_after=row["verdict_after"],
        gained=tuple(row["gained"]),
        lost=tuple(row["lost"]),
        moved=tuple(_estimate(row, name) for name in ESTIMATES if row[f"{name}_moved"]),
    )


def _estimate(row: dict[str, Any], name: str) -> MovedEstimate:
    parts = zip(("", "_low", "_high"), _bounds(name), strict=True)
    told = {
        f"{when}{part}": row[f"{column}_{when}"]
        for part, column in parts
        for when in ("before", "after")
    }
    return MovedEstimate(name=name, **told)
