"""A venue that answers questions about wallets as documented, with what a test gives it.

It guarantees the documented pages, limits and texts, keeps its own count of weight by the clock it
is given, and does to its answers what a test arms. Runs of the command go through real HTTP.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from clock_fakes import ManualClock
from fakes import ALICE, START_MS

from hypertrack.clock import Clock
from hypertrack.feeds.account_client import AccountClient
from hypertrack.feeds.account_questions import Step
from hypertrack.feeds.shared_budget import SharedBudget
from hypertrack.importing.accounts.account_run import AccountRun, AskedReport
from hypertrack.importing.accounts.asking import Asking
from hypertrack.records import HOUR_MS
from hypertrack.store.files.session import open_answers

Json = dict[str, Any]

LATEST = 10_000
LATE_MS = 48
"""Rates are told so long after their hour."""
NOT_A_REQUEST = "Failed to deserialize the JSON body into the target type"
LIGHT = {"clearinghouseState": 2, "spotClearinghouseState": 2, "exchangeStatus": 2, "userRole": 60}
HEAVY = (
    "userFillsByTime",
    "userTwapSliceFillsByTime",
    "userNonFundingLedgerUpdates",
    "fundingHistory",
)


def account_fill(nth: int, *, time_ms: int | None = None, start: str = "0.0", **says: Any) -> Json:
    """Return a fill as the venue tells it; ids and times follow from its number."""
    return {
        **{"coin": "BTC", "px": "100.0", "sz": "1.0", "side": "B"},
        "time": START_MS + nth * 10 if time_ms is None else time_ms,
        **{"startPosition": start, "dir": "Open Long", "closedPnl": "0.0"},
        **{"hash": f"0x{nth:064x}", "oid": nth, "crossed": True, "fee": "0.05"},
        **{"tid": nth + 1, "feeToken": "USDC", "twapId": None},
        **says,
    }


def many_fills(n: int, step_ms: int = 10) -> list[Json]:
    """Return fills of one coin that follow each other: bought one each."""
    return [
        account_fill(nth, time_ms=START_MS + nth * step_ms, start=f"{nth}.0") for nth in range(n)
    ]


@dataclass
class AccountVenue:
    """What the venue knows, and what it does to its answers."""

    clock: Clock
    fills: dict[str, list[Json]] = field(default_factory=dict)
    """By wallet, oldest first."""
    slices: dict[str, list[Json]] = field(default_factory=dict)
    flows: dict[str, list[Json]] = field(default_factory=dict)
    positions: dict[str, list[Json]] = field(default_factory=dict)
    balances: dict[str, list[Json]] = field(default_factory=dict)
    roles: dict[str, Json] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    """By type of request, in place of what follows from the rest."""
    now_ms: int = START_MS + 10**9
    unknown: set[str] = field(default_factory=set)
    """Types, or ``reversed``, that are answered with 422."""
    is_forward: bool = False
    """``reversed`` is not listened to."""
    page: int = 2_000
    rows: int = 500
    intercept: Callable[[Json], tuple[int, bytes] | None] = lambda _: None
    """Answers in place of the venue."""
    asked: list[Json] = field(default_factory=list)
    spent: list[tuple[float, int]] = field(default_factory=list)
    """When, s, and how much, by the venue's own count."""
    url: str = ""

    def respond(self, request: Json) -> tuple[int, bytes]:
        """Return status and body."""
        self.asked.append(request)
        if (answer := self.intercept(request)) is not None:
            return answer
        kind = request["type"]
        if kind in self.unknown or ("reversed" in self.unknown and request.get("reversed")):
            return 422, NOT_A_REQUEST.encode()
        reply = self.answers[kind] if kind in self.answers else self._reply(request)
        extra = len(reply) // 20 if kind in HEAVY else 0
        self.spent.append((self.clock.wall_ns() / 1e9, LIGHT.get(kind, 20) + extra))
        return 200, json.dumps(reply, separators=(",", ":")).encode()

    def most_in_a_minute(self) -> int:
        """Return the most weight that was spent in any minute."""
        return max(
            sum(units for at_s, units in self.spent if start_s <= at_s < start_s + 60)
            for start_s, _ in self.spent
        )

    def kinds(self) -> list[str]:
        """Return the types of requests, in order."""
        return [request["type"] for request in self.asked]

    def _reply(self, request: Json) -> Any:
        user, kind = request.get("user", ""), request["type"]
        answers: dict[str, Callable[[], Any]] = {
            "userFillsByTime": lambda: self._page(self.fills.get(user, []), request),
            "userTwapSliceFillsByTime": lambda: [
                {"fill": fill, "twapId": 7}
                for fill in self._page(self.slices.get(user, []), request)
            ],
            "userNonFundingLedgerUpdates": lambda: [
                flow for flow in self.flows.get(user, []) if flow["time"] >= request["startTime"]
            ][: self.rows],
            "fundingHistory": lambda: self._rates(request)[: self.rows],
            "clearinghouseState": lambda: self._state(user),
            "portfolio": self._portfolio,
            "userRole": lambda: self.roles.get(user, {"role": "user"}),
            "exchangeStatus": lambda: {"specialStatuses": None, "time": self.now_ms},
            "subAccounts2": lambda: None,
            "spotClearinghouseState": lambda: {"balances": self.balances.get(user, [])},
            "perpDexs": lambda: [None, {"name": "xyz"}],
        }
        return answers[kind]()

    def _portfolio(self) -> list[Any]:
        history = [[START_MS, "100.0"], [self.now_ms, "110.0"]]
        earned = [[START_MS, "0.0"], [self.now_ms, "10.0"]]
        window = {"accountValueHistory": history, "pnlHistory": earned, "vlm": "1.0"}
        return [[name, window] for name in ("day", "month", "perpMonth", "perpAllTime")]

    def _page(self, fills: Sequence[Json], request: Json) -> list[Json]:
        start, end = request["startTime"], request.get("endTime", 2**53)
        chosen = [fill for fill in fills[-LATEST:] if start <= fill["time"] <= end]
        is_reversed = request.get("reversed") and not self.is_forward
        return (chosen[::-1] if is_reversed else chosen)[: self.page]

    def _rates(self, request: Json) -> list[Json]:
        start, end = request["startTime"], min(request.get("endTime", 2**53), self.now_ms)
        due = range(-(-START_MS // HOUR_MS) * HOUR_MS, end + 1, HOUR_MS)
        return [
            {
                **{"coin": request["coin"], "fundingRate": "0.0000125", "premium": "0.0"},
                "time": hour_ms + LATE_MS,
            }
            for hour_ms in due
            if start <= hour_ms + LATE_MS <= end
        ]

    def _state(self, user: str) -> Json:
        summary = {"accountValue": "100.0", "totalNtlPos": "0.0"}
        return {
            **{"marginSummary": summary, "crossMarginSummary": summary, "withdrawable": "0.0"},
            "assetPositions": self.positions.get(user, []),
            "time": self.now_ms,
        }


@contextmanager
def account_venue(clock: Clock | None = None, **knows: Any) -> Iterator[AccountVenue]:
    """Run the venue on this machine for as long as the context lasts."""
    venue = AccountVenue(clock or ManualClock(), **knows)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = venue.respond(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    Handler.disable_nagle_algorithm = True  # type: ignore[attr-defined]
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        venue.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield venue
        finally:
            server.shutdown()
            thread.join()


def ask(
    venue: AccountVenue,
    folder: Path,
    asking: Asking,
    *,
    budget: int = 900,
    stop: threading.Event | None = None,
) -> AskedReport:
    """Ask as the command does, on the venue's clock."""
    stop = stop or threading.Event()
    shared = SharedBudget(folder.parent / "budget.json", lambda: budget, venue.clock)
    client = AccountClient(f"{venue.url}/info", shared, venue.clock, stop)
    try:
        with open_answers(folder) as session:
            run = AccountRun(session, folder, client, asking, venue.clock)
            for _ in run.run():
                pass
            return run.report()
    finally:
        client.close()


def lines_of(folder: Path, name: str) -> list[Json]:
    """Return the lines of a file, parsed."""
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def said(lines: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Return what the venue said in lines, without what was put before it."""
    own = ("received_ns", "user", "request")
    return [{key: value for key, value in line.items() if key not in own} for line in lines]


FILLS_OF_ALICE = Asking(wallets=(ALICE,), steps=(Step.FILLS,))


def observed_fills(folder: Path) -> list[tuple[Any, ...]]:
    """Return status, start, end and cause of the ledger's lines, times from `START_MS` on."""
    return [
        (line["status"], line["start_ms"] - START_MS, line["end_ms"] - START_MS, line["cause"])
        for line in lines_of(folder, "coverage.jsonl")
    ]
