"""What the venue said of accounts, in profiles: of whoever was asked about, and of nobody else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import (
    ALICE,
    BOB,
    START_MS,
    account_flow,
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


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What is known of accounts, by wallet and column."""
    folder = write_dataset(tmp_path_factory.mktemp("told"), trades=TRADES, account_states=STATES)
    with open_dataset(folder) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        assert has_answers(engine)
        matrix = engine.matrix(names=("tx_count", *BEHIND_ACCOUNTS))
        columns = account_columns(engine, matrix)
    assert set(columns) == {*ACCOUNT_NUMBERS, *ACCOUNT_TEXTS}
    return {
        wallet: {name: column[row] for name, column in columns.items()}
        for row, wallet in enumerate(matrix.wallets)
    }


def test_account_is_as_it_was_last_told_on_every_dex(facts: Any) -> None:
    alice = facts[ALICE]

    assert (alice["equity_usd"], alice["leverage"]) == (100, 5)  # of 200 and 300 USD held
    assert alice["account_positions"] == "xyz:CL +3; BTC -2"
    assert alice["account_told_ms"] == START_MS + 6
    assert alice["account_links"] == f"has the sub-account {SUB}"


def test_whoever_was_not_asked_about_has_no_account(facts: Any) -> None:
    bob = facts[BOB]

    assert np.isnan([bob[name] for name in ACCOUNT_NUMBERS]).all()
    assert [bob[name] for name in ACCOUNT_TEXTS] == ["", ""]


def test_recording_without_answers_has_no_accounts(tmp_path: Path) -> None:
    with open_dataset(write_dataset(tmp_path, trades=TRADES)) as dataset:
        assert not has_answers(FeatureEngine(dataset, FeatureSettings(), FeeSettings()))


def test_vault_is_named_before_whom_it_pays(tmp_path: Path) -> None:
    vault = {
        **EARLY,
        "request": {"type": "vaultDetails"},
        "answer": {"name": "Gains", "vaultAddress": ALICE, "leader": BOB},
    }
    paid = [
        account_flow(START_MS + n, ALICE, type="send", usdcValue="5", user=ALICE, destination=who)
        for n, who in enumerate(f"0x{n:040x}" for n in range(1, 8))
    ]
    folder = write_dataset(
        tmp_path, trades=TRADES, account_states=[EARLY, vault], account_flows=paid
    )
    with open_dataset(folder) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        matrix = engine.matrix(names=("tx_count", *BEHIND_ACCOUNTS))
        links = account_columns(engine, matrix)["account_links"]

    told = dict(zip(matrix.wallets, links, strict=True))
    assert told[ALICE].startswith(f"vault 'Gains' led by {BOB}; ")
    assert told[ALICE].endswith("; 3 more")


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
