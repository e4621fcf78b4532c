"""What is known of positions when following begins."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, account_state, held_position, trade, write_dataset

from hypertrack.config import Settings
from hypertrack.live.positions import ToldPositions
from hypertrack.pipeline.live_told import told_positions
from hypertrack.store.reading.followed import FollowedFolder

SINCE_MS = START_MS + 30_000


def bought(second: float, size: float, coin: str = "BTC") -> dict[str, Any]:
    at_ms = START_MS + round(second * 1_000)
    return trade(at_ms, buyer=ALICE, seller=BOB, taker=ALICE, coin=coin, size=size)


def observed(coin: str, *spans: tuple[int, int]) -> list[dict[str, Any]]:
    line = {"stream": f"trades:{coin}", "status": "observed"}
    return [
        line | {"start_ms": START_MS + start * 1_000, "end_ms": START_MS + end * 1_000}
        for start, end in spans
    ]


def begun(folder: Path, coverage: list[dict[str, Any]]) -> ToldPositions:
    """Return what is known at second 30 of who was told, at second 10, to hold one BTC."""
    told = account_state(START_MS + 10_000, ALICE, held_position("BTC", 1.0))
    trades = [bought(5, 0.5), bought(20, 0.25), bought(20.5, 0.1)]
    write_dataset(folder, trades=trades, account_states=[told], coverage=coverage)
    return again(folder)


def again(folder: Path) -> ToldPositions:
    found = told_positions(Settings(data=folder), SINCE_MS, FollowedFolder(folder, SINCE_MS))
    assert found is not None
    return found


def test_account_that_was_told_is_flat_in_all_it_does_not_name(tmp_path: Path) -> None:
    found = begun(tmp_path, observed("BTC", (0, 25)))

    assert found.sizes == {(ALICE, "BTC"): Decimal("1.35")}  # 1 + 0.25 + 0.1
    assert found.accounts is not None
    flat = [(ALICE, "ETH"), (ALICE, "xyz:ABC"), (ALICE, "@107"), (BOB, "ETH")]
    assert [found.accounts.is_known(*key) for key in flat] == [True, False, False, False]


@pytest.mark.slow  # two datasets, each opened by the engine
def test_what_is_known_is_the_same_while_the_ledger_lags_and_when_all_is_over(
    tmp_path: Path,
) -> None:
    early = begun(tmp_path, observed("BTC", (0, 15)))  # the trades of second 20 are not in it yet
    with (tmp_path / "trades.jsonl").open("a") as file:
        file.writelines(json.dumps(one) + "\n" for one in (bought(60, 9.0), bought(61, 9.0, "ETH")))
    lines = [*observed("BTC", (0, 40), (70, 90)), *observed("ETH", (0, 90))]
    write_dataset(tmp_path, coverage=lines)

    late = again(tmp_path)

    assert early.sizes == {(ALICE, "BTC"): Decimal("1.35")}
    assert late == early


def test_coin_with_a_gap_since_the_answer_is_unknown_and_the_others_are_not(
    tmp_path: Path,
) -> None:
    found = begun(tmp_path, observed("BTC", (0, 12), (18, 40)))

    assert found.sizes == {}
    assert found.accounts is not None
    assert not found.accounts.is_known(ALICE, "BTC")
    assert found.accounts.is_known(ALICE, "ETH")
