"""What the venue said of accounts, in profiles: of whoever was asked about, and of nobody else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import (
    ALICE,
    BOB,
    START_MS,
    account_state,
    held_position,
    trade,
    write_dataset,
)

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.pipeline.account_facts import BEHIND_ACCOUNTS, account_columns, has_answers
from hypertrack.records import ACCOUNT_NUMBERS, ACCOUNT_TEXTS
from hypertrack.store.dataset import open_dataset

SUB = "0x" + "1" * 40
TRADES = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE),
    trade(START_MS + 1, buyer=ALICE, seller=BOB, taker=ALICE, coin="xyz:CL"),
]
EARLY = account_state(START_MS - 9, ALICE, held_position("BTC", 9), equity=7)
STATES = [
    EARLY,
    account_state(START_MS + 5, ALICE, held_position("BTC", -2), equity=90),
    account_state(START_MS + 6, ALICE, held_position("xyz:CL", 3), equity=10, dex="xyz"),
    {
        **EARLY,
        "request": {"type": "subAccounts2"},
        "answer": [{"name": "two", "subAccountUser": SUB, "master": ALICE}],
    },
]


def facts(folder: Path, **lines: Any) -> dict[str, dict[str, Any]]:
    with open_dataset(write_dataset(folder, trades=TRADES, **lines)) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        assert has_answers(engine) == bool(lines)
        matrix = engine.matrix(names=("tx_count", *BEHIND_ACCOUNTS))
        columns = account_columns(engine, matrix)
    assert set(columns) == {*ACCOUNT_NUMBERS, *ACCOUNT_TEXTS}
    return {
        wallet: {name: column[row] for name, column in columns.items()}
        for row, wallet in enumerate(matrix.wallets)
    }


def test_account_is_as_it_was_last_told_on_every_dex(tmp_path: Path) -> None:
    alice = facts(tmp_path, account_states=STATES)[ALICE]

    assert (alice["equity_usd"], alice["leverage"]) == (100, 5)  # of 200 and 300 USD held
    assert alice["account_positions"] == "xyz:CL +3; BTC -2"
    assert alice["account_told_ms"] == START_MS + 6
    assert alice["account_links"] == f"has the sub-account {SUB}"


def test_whoever_was_not_asked_about_has_no_account(tmp_path: Path) -> None:
    bob = facts(tmp_path, account_states=STATES)[BOB]

    assert np.isnan([bob[name] for name in ACCOUNT_NUMBERS]).all()
    assert [bob[name] for name in ACCOUNT_TEXTS] == ["", ""]


def test_recording_without_answers_has_no_accounts(tmp_path: Path) -> None:
    with open_dataset(write_dataset(tmp_path, trades=TRADES)) as dataset:
        assert not has_answers(FeatureEngine(dataset, FeatureSettings(), FeeSettings()))


@pytest.mark.parametrize("n_more", [0, 2])
def test_many_positions_are_counted(tmp_path: Path, n_more: int) -> None:
    held = [held_position(f"C{n}", 1, price=100 - n) for n in range(5 + n_more)]
    trades = [
        trade(START_MS + n, buyer=ALICE, seller=BOB, taker=ALICE, coin=f"C{n}") for n in range(7)
    ]
    state = account_state(START_MS, ALICE, *held)
    with open_dataset(write_dataset(tmp_path, trades=trades, account_states=[state])) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        columns = account_columns(engine, engine.matrix(names=("tx_count", *BEHIND_ACCOUNTS)))

    more = f"; {n_more} more" if n_more else ""
    assert columns["account_positions"][0] == f"C0 +1; C1 +1; C2 +1; C3 +1; C4 +1{more}"
