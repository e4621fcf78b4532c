"""States of accounts read while somebody else may be asking."""

import json
from decimal import Decimal
from pathlib import Path

from fakes import ALICE, START_MS, account_state, held_position, portfolio
from paper_fakes import write_lines

from hypertrack.store.reading.answer_tape import AnswerTape


def test_answers_are_given_once_and_whole(tmp_path: Path) -> None:
    tape = AnswerTape(tmp_path)
    assert tape.poll() == []
    line = account_state(START_MS, ALICE, held_position("BTC", -0.5), equity=30.5)
    write_lines(tmp_path, "account_states", [portfolio(START_MS, ALICE, []), line])
    (seen,) = tape.poll()
    with (tmp_path / "account_states.jsonl").open("ab") as file:
        file.write(json.dumps(line).encode())
        file.flush()
        assert tape.poll() == []
        file.write(b"\n")

    assert tape.poll() == [seen]
    assert (seen.wallet, seen.time_ms, seen.equity_usd) == (ALICE, START_MS, Decimal("30.5"))
    assert seen.size_of("BTC") == Decimal("-0.5")


def test_answer_says_what_is_flat_on_its_own_exchange_alone(tmp_path: Path) -> None:
    lines = [account_state(START_MS, ALICE), account_state(START_MS, ALICE, dex="xyz")]
    write_lines(tmp_path, "account_states", lines)

    own, builders = AnswerTape(tmp_path).poll()

    assert own.size_of("ETH") == builders.size_of("xyz:GOLD") == 0
    for coin in ("xyz:GOLD", "@107", "PURR/USDC", "#118440"):
        assert own.size_of(coin) is None
    assert builders.size_of("ETH") is None


def test_answers_beyond_their_bounds_are_left_out(tmp_path: Path) -> None:
    good = account_state(START_MS, ALICE)
    answer = account_state(START_MS, ALICE, held_position("BTC", float("inf")))
    write_lines(tmp_path, "account_states", [answer, good | {"user": "0x12"}, good])

    assert len(AnswerTape(tmp_path).poll()) == 1


def test_file_that_was_cut_is_read_anew(tmp_path: Path) -> None:
    lines = [account_state(START_MS, ALICE), account_state(START_MS + 1, ALICE)]
    write_lines(tmp_path, "account_states", lines)
    tape = AnswerTape(tmp_path)
    assert len(tape.poll()) == 2

    (tmp_path / "account_states.jsonl").write_text("")
    write_lines(tmp_path, "account_states", [account_state(START_MS + 2, ALICE)])

    assert [seen.time_ms - START_MS for seen in tape.poll()] == [2]


def test_digits_of_another_script_are_no_size_and_the_least_of_all_is_none(tmp_path: Path) -> None:
    sizes = ("\u0661", "1e-400", "-2.50")
    positions = [held_position("BTC", 1.0) for _ in sizes]
    for position, size in zip(positions, sizes, strict=True):
        position["position"]["szi"] = size
    lines = [account_state(START_MS, ALICE, position) for position in positions]
    write_lines(tmp_path, "account_states", lines)

    told = [seen.size_of("BTC") for seen in AnswerTape(tmp_path).poll()]

    assert told == [0, Decimal("-2.50")]
