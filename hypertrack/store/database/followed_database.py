"""A dataset in a database, followed while somebody else records to it."""

from collections.abc import Sequence
from pathlib import Path

from hypertrack.config import DatabaseUrl
from hypertrack.records import CoverageLine, Feed
from hypertrack.store.database.added_rows import AddedRows, SessionReader
from hypertrack.store.database.connecting import UnreachableError
from hypertrack.store.database.session_table import StoredSession
from hypertrack.store.files.ledger import readable_lines
from hypertrack.store.reading.answer_tape import AccountSeen, accounts_seen
from hypertrack.store.reading.tape import Tape

STATES, COVERAGE = "account_states", "coverage"


class FollowedDatabase:
    """The session that is recorded to; see `store.reading.followed.Followed`."""

    def __init__(self, url: DatabaseUrl, since_ms: int = 0):
        self._trades = SessionReader(url)  # a connection each: their rows are read side by side
        self._others = SessionReader(url)
        self._states = AddedRows(self._others, STATES)
        self._ledger_of: StoredSession | None = None
        self.tape = Tape(AddedRows(self._trades, Feed.TRADES), since_ms)

    def newest_ms(self) -> int:
        """Return the newest time of a trade, -1 where there is none."""
        url = self._others.url
        if url.dialect == "sqlite" and not Path(url.connection).is_file():
            return -1
        self._others.find()
        query = f"SELECT max(time_ms) FROM {Feed.TRADES} WHERE session_id = $1"
        found = self._others.rows(Feed.TRADES, query)
        return -1 if not found or found[0][0] is None else int(found[0][0])

    def answers(self) -> list[AccountSeen]:
        """Return what the venue said of accounts, as far as it was added since the last call."""
        return list(accounts_seen(self._states.added()))

    def has_answers(self) -> bool:
        """Return whether the venue was asked about anybody."""
        self._others.find()
        tables = (STATES, "fills")
        ask = "SELECT 1 FROM {} WHERE session_id = $1 LIMIT 1"
        return any(self._others.rows(table, ask.format(table)) for table in tables)

    def ledger(self) -> Sequence[CoverageLine]:
        """Return the lines of the ledger."""
        self._others.find()
        query = f"SELECT line FROM {COVERAGE} WHERE session_id = $1 ORDER BY nth"
        return readable_lines(line.encode() for (line,) in self._others.rows(COVERAGE, query))

    def changed_ledger(self) -> Sequence[CoverageLine]:
        """Return the ledger where anything was added since the last call, else nothing."""
        try:
            found = self._others.find()
            lines = self.ledger() if found != self._ledger_of else []
        except UnreachableError:  # which whoever reads the tape says
            self._others.close()
            return []
        self._ledger_of = found
        return lines

    def close(self) -> None:
        """Disconnect."""
        self.tape.close()
        self._others.close()
