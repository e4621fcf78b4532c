"""Faults of requests on demand: statuses, pages, answers that end or trickle."""

from typing import Literal

import httpx
import pytest
from exchange_fakes import (
    AT_ONCE,
    HandSource,
    blocks,
    info,
)
from fakes import ALICE, BOB, START_MS

from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange

HUNDRED = HandSource(blocks(100))


@pytest.mark.parametrize("status", [429, 500])
def test_next_requests_fail_with_the_status_asked_for(status: Literal[429, 500]) -> None:
    with running_exchange(HUNDRED, AT_ONCE) as exchange:
        exchange.arm(Faults(http_failures=2, http_status=status))

        statuses = [
            httpx.post(f"{exchange.url}/{path}", json={"type": "meta"}).status_code
            for path in ("info", "info", "info")
        ]

    assert statuses == [status, status, 200]


def ask_for_meta(url: str) -> httpx.Response:
    return httpx.post(f"{url}/info", json={"type": "meta"})


def test_every_third_request_of_a_storm_can_fail() -> None:
    with running_exchange(HUNDRED, AT_ONCE, Faults(http_failures=2, http_every=3)) as exchange:
        statuses = [ask_for_meta(exchange.url).status_code for _ in range(9)]

    assert statuses == [200, 200, 429, 200, 200, 429, 200, 200, 200]


@pytest.mark.parametrize("status", [200, 502])
def test_requests_can_be_answered_with_a_page(status: Literal[200, 502]) -> None:
    faults = Faults(http_failures=1, http_status=status, http_body="html")
    with running_exchange(HUNDRED, AT_ONCE, faults) as exchange:
        page, after = ask_for_meta(exchange.url), ask_for_meta(exchange.url)

    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert page.text.startswith("<html>")
    assert after.json()["universe"]


def test_an_answer_can_end_in_the_middle() -> None:
    with running_exchange(HUNDRED, AT_ONCE, Faults(http_cut=1)) as exchange:
        cut, whole = ask_for_meta(exchange.url), ask_for_meta(exchange.url)

    assert cut.content == whole.content[: len(whole.content) // 2]
    assert (cut.status_code, whole.json()["collateralToken"]) == (200, 0)


def test_an_answer_can_trickle_in() -> None:
    with running_exchange(HUNDRED, AT_ONCE, Faults(http_drip_s=0.2)) as exchange:
        slow = ask_for_meta(exchange.url)
        exchange.arm(Faults())
        quick = ask_for_meta(exchange.url)

    assert slow.content == quick.content
    assert slow.elapsed.total_seconds() >= 0.2


@pytest.mark.parametrize(
    ("faults", "statuses"),
    [
        (Faults(unknown_types=("portfolio",)), [422, 200, 200]),
        (Faults(unknown_options=("reversed",)), [200, 422, 200]),
        (Faults(failing_user=BOB), [500, 500, 200]),
    ],
)
def test_single_questions_can_be_refused(faults: Faults, statuses: list[int]) -> None:
    requests = [
        {"type": "portfolio", "user": BOB},
        {"type": "userFillsByTime", "user": BOB, "startTime": 0, "reversed": True},
        {"type": "userFillsByTime", "user": ALICE, "startTime": 0},
    ]
    with running_exchange(HUNDRED, AT_ONCE, faults) as exchange:
        replies = [httpx.post(f"{exchange.url}/info", json=one) for one in requests]

    assert [reply.status_code for reply in replies] == statuses
    assert {reply.text for reply in replies if reply.status_code == 500} <= {"null"}


def test_pages_of_fills_can_be_shorter_than_the_venues() -> None:
    source = HandSource(blocks(100), open_ms=START_MS + 11_000)
    with running_exchange(source, AT_ONCE, Faults(page_items=7)) as exchange:
        fills = info(exchange.url, type="userFillsByTime", user=BOB, startTime=0)
        state = info(exchange.url, type="clearinghouseState", user=BOB)

    assert [fill["tid"] for fill in fills] == list(range(1, 8))
    assert state["assetPositions"][0]["position"]["szi"] == "-50.0"
