"""The leaderboard: who earned most, and what becomes of one that cannot be had."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL

from hypertrack.config import VenueSettings
from hypertrack.errors import VenueError
from hypertrack.feeds.leaderboard import MAINNET, best_of_leaderboard, leaderboard_url


def row(wallet: str, **pnl: object) -> dict[str, Any]:
    windows = [[name, {"pnl": value, "roi": "0.1", "vlm": "1.0"}] for name, value in pnl.items()]
    return {"ethAddress": wallet, "windowPerformances": windows, "displayName": None, "prize": 0}


@contextmanager
def serving(body: bytes, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_best_are_those_that_earned_most_in_the_window() -> None:
    rows = [
        row(ALICE, month="10.5", day="1000.0"),
        row(CAROL.upper().replace("X", "x"), month="-3.0", day="2.0"),
        row(BOB, month="99.0"),
        row("no wallet", month="9999999.0"),
        row("0x" + "d" * 40, month=None),
    ]

    with serving(json.dumps({"leaderboardRows": rows}).encode()) as url:
        found = best_of_leaderboard(url, 2, "month")
        by_day = best_of_leaderboard(url, 9, "day")

    assert found == [BOB, ALICE]
    assert by_day[:2] == [ALICE, CAROL]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [(b"<html>", 200, "could not be read"), (b"null", 404, "has no leaderboard \\(HTTP 404\\)")],
)
def test_leaderboard_that_cannot_be_had_is_one_line(body: bytes, status: int, said: str) -> None:
    with serving(body, status) as url, pytest.raises(VenueError, match=said):
        best_of_leaderboard(url, 2, "month")


def test_another_venue_has_its_own_leaderboard() -> None:
    assert leaderboard_url(VenueSettings()) == MAINNET
    mine = leaderboard_url(VenueSettings(url="http://127.0.0.1:8765"))
    assert mine == "http://127.0.0.1:8765/Mainnet/leaderboard"
