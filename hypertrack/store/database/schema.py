"""The tables of a dataset in a database: a row a line, as it came, behind what tells it apart."""

from collections.abc import Mapping

from hypertrack.errors import DatasetError
from hypertrack.records import Feed
from hypertrack.store.database.connecting import Database
from hypertrack.store.files.layout import (
    ACCOUNTS_REPORT_NAME,
    ASIDE_COVERAGE_NAME,
    ASIDE_QUARANTINE_NAME,
    CHOICES_NAME,
    COVERAGE_NAME,
    FILLS_NAME,
    FLOWS_NAME,
    IMPORTS_NAME,
    PROGRESS_NAME,
    QUARANTINE_NAME,
    RATES_NAME,
    SET_ASIDE_NAME,
    STATES_NAME,
)

FORMAT = 1

Key = Mapping[str, str]

INTEGER, TEXT = "BIGINT", "TEXT"

_QUOTE_KEY = {"time_ms": INTEGER, "coin": TEXT, "received_ns": INTEGER}
_CHAIN_KEY = {"chain": TEXT, "hash": TEXT}

KEYS: Mapping[str, Key] = {
    Feed.TRADES: {"time_ms": INTEGER, "coin": TEXT, "trade_id": INTEGER},
    Feed.BBO: _QUOTE_KEY,
    Feed.L2BOOK: _QUOTE_KEY,
    Feed.CANDLES: {"start_ms": INTEGER, "coin": TEXT, "width": TEXT, "received_ns": INTEGER},
    Feed.CONTEXTS: _QUOTE_KEY,
    Feed.BLOCKS: _CHAIN_KEY,
    Feed.TRANSACTIONS: _CHAIN_KEY,
    "fills": {
        **{"time_ms": INTEGER, "coin": TEXT, "trade_id": INTEGER},
        **{"wallet": TEXT, "side": TEXT},
    },
    "account_states": {},
    "account_flows": {},
    "funding_history": {},
    "set_aside": {},
    "quarantine": {},
}
"""Tables that lines are added to, each with the columns that tell its lines apart, if any do. A
line that lacks one of them is kept without a key, like a torn line in a file."""

RECORDED_LISTS = ("coverage", "imports")
CHOICES_LIST = "account_choices"
ANSWERED_LISTS = (
    *("account_progress", CHOICES_LIST, "account_report"),
    *("account_coverage", "account_quarantine"),
)
LISTS = (*RECORDED_LISTS, *ANSWERED_LISTS)
"""Tables that hold the lines of a small file, which is replaced as a whole: by who records or
imports, and by who asks about wallets, so that the two never write the same ones."""

FILE_NAMES: Mapping[str, str] = {
    **{feed.value: f"{feed}.jsonl" for feed in Feed},
    "fills": FILLS_NAME,
    "account_states": STATES_NAME,
    "account_flows": FLOWS_NAME,
    "funding_history": RATES_NAME,
    "set_aside": SET_ASIDE_NAME,
    "quarantine": QUARANTINE_NAME,
    "coverage": COVERAGE_NAME,
    "imports": IMPORTS_NAME,
    "account_progress": PROGRESS_NAME,
    "account_choices": CHOICES_NAME,
    "account_report": ACCOUNTS_REPORT_NAME,
    "account_coverage": ASIDE_COVERAGE_NAME,
    "account_quarantine": ASIDE_QUARANTINE_NAME,
}
"""The file of a dataset folder that each table stands for."""

IDENTITY = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}


def create_tables(database: Database) -> None:
    """Make the tables that are missing.

    Raises:
        DatasetError: Tables of other programs, or of another version, are there.
    """
    if has_tables(database):
        _add_missing(database)
        return
    if database.url.dialect == "postgresql":
        _create_schema(database)
    ours = [name for name in (*KEYS, *LISTS, "sessions", "spools") if has_table(database, name)]
    if ours:
        raise DatasetError(
            f"{database.url} has tables of another program ({', '.join(ours)}): choose another "
            "file or ?schema="
        )
    identity = IDENTITY[database.url.dialect]
    for statement in [*STATEMENTS, *(one for name in FILE_NAMES for one in _made(name, identity))]:
        database.run(statement.format(identity=identity))
    database.run("INSERT INTO hypertrack_format VALUES ($1)", FORMAT)
    database.commit()


def _add_missing(database: Database) -> None:
    """Make the tables of kinds of lines that were not known when the others were made."""
    for name in FILE_NAMES:
        if not has_table(database, name):
            for statement in _made(name, IDENTITY[database.url.dialect]):
                database.run(statement)
    database.commit()


def _create_schema(database: Database) -> None:
    """Make the schema; where an administrator made it, we may lack the right to."""
    query = "SELECT count(*) FROM pg_namespace WHERE nspname = $1"
    if not database.rows(query, database.url.schema)[0][0]:
        database.run(f'CREATE SCHEMA "{database.url.schema}"')


def has_tables(database: Database) -> bool:
    """Return whether a dataset was made here.

    Raises:
        DatasetError: By another version, or without the right to use it.
    """
    if not has_table(database, "hypertrack_format"):
        return False
    if database.url.dialect == "postgresql":
        _require_rights(database)
    (found,) = database.rows("SELECT max(format) FROM hypertrack_format")[0]
    if found != FORMAT:
        raise DatasetError(
            f"{database.url} was made by another version of hypertrack (format {found}, this one "
            f"reads {FORMAT}): use that one, or another database"
        )
    return True


def _require_rights(database: Database) -> None:
    schema = database.url.schema
    (is_usable,) = database.rows("SELECT has_schema_privilege($1, 'USAGE')", schema)[0]
    if not is_usable:
        raise DatasetError(
            f"{database.url}: no right to use the schema {schema}: ask for "
            f"GRANT USAGE ON SCHEMA {schema}, and SELECT on its tables"
        )


def has_table(database: Database, table: str) -> bool:
    """Return whether there is a table of that name."""
    if database.url.dialect == "postgresql":
        query = (  # information_schema would not tell of tables that we have no rights to
            "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
            "WHERE nspname = $1 AND relname = $2"
        )
        return bool(database.rows(query, database.url.schema, table)[0][0])
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1"
    return bool(database.rows(query, table)[0][0])


STATEMENTS = (
    "CREATE TABLE hypertrack_format (format BIGINT NOT NULL)",
    "CREATE TABLE sessions (session_id {identity}, name TEXT NOT NULL UNIQUE, "
    "archived_ms BIGINT, n_loads BIGINT NOT NULL DEFAULT 0, manifest TEXT, report TEXT)",
    "CREATE TABLE spools (spool TEXT PRIMARY KEY, last_segment BIGINT NOT NULL)",
)


def _made(table: str, identity: str) -> list[str]:
    """Return the statements that make a table of lines."""
    if table in LISTS:
        return [
            f"CREATE TABLE {table} (session_id BIGINT NOT NULL, nth BIGINT NOT NULL, "
            "line TEXT NOT NULL, PRIMARY KEY (session_id, nth))"
        ]
    key = KEYS[table]
    columns = "".join(f"{name} {kind}, " for name, kind in key.items())
    unique = f", UNIQUE (session_id, {', '.join(key)})" if key else ""
    made = [
        f"CREATE TABLE {table} (seq {identity}, session_id BIGINT NOT NULL, {columns}"
        f"line TEXT NOT NULL{unique})"
    ]
    return made if key else [*made, f"CREATE INDEX {table}_of ON {table} (session_id)"]
