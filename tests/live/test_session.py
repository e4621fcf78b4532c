"""Live over a folder that grows: what it writes, what it sends, and the same again by replay."""

import json
import random
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from clock_fakes import ManualClock
from fakes import ALICE, BOB, CAROL, START_MS, account_state, held_position
from followed_fakes import Followed, append, observed, row

from hypertrack.live.chain import breaks
from hypertrack.live.checkpoint import write_checkpoint
from hypertrack.records import HOUR_MS, Feed, MessageKind
from hypertrack.store.compaction.commit_journal import put_in_force
from hypertrack.store.compaction.sealed_hours import prepare_sealing


def test_action_of_a_leader_is_on_disk_and_then_sent(tmp_path: Path) -> None:
    append(tmp_path, [row(0, ALICE, CAROL, price=84_000.0, size=0.5)])
    live = Followed(tmp_path, told={(ALICE, "BTC"): Decimal(0)})
    append(tmp_path, [row(5_000, "0x" + "1" * 40, "0x" + "2" * 40, price=84_084.0)])
    live.poll()

    (signal,) = live.signals()

    assert live.lines == live.file.read_bytes().splitlines()
    (sent,) = [m for m in live.kept.messages if m.kind is MessageKind.SIGNAL]
    assert bytes(sent.data) == live.lines[0]
    assert (signal["leader"], signal["kind"], signal["position_known"]) == (ALICE, "open", "flat")
    assert (signal["position_before"], signal["position_after"]) == ("0", "0.5")
    assert (signal["reference_px"], signal["moved_bps"]) == ("84084.0", 10.0)
    # $500 at 84,084 are 0.0059…, and the coin's sizes have had one decimal: too small to order
    assert signal["order"] is None
    assert signal["verdict"] is signal["copy_edge"] is signal["confidence"] is None
    assert sent.expires_ms == sent.made_ms + 30_000
    assert "no advice" in sent.text


def random_rows(n: int) -> list[dict[str, Any]]:
    """Return trades, several of them in most frames."""
    rng = random.Random(5)
    wallets = [ALICE, BOB, CAROL, "0x" + "d" * 40]
    rows: list[dict[str, Any]] = []
    at_ms = received_ns = 0
    for number in range(n):
        if rng.random() < 0.4:
            at_ms += rng.choice([400, 1_500, 40_000, 300_000])
            received_ns = (START_MS + at_ms + 300) * 1_000_000
        buyer, seller = rng.sample(wallets, 2)
        facts = {"coin": rng.choice(["BTC", "ETH"]), "size": round(rng.uniform(0.1, 3), 1)}
        line = row(at_ms, buyer, seller, trade_id=number + 1, is_twap=rng.random() < 0.2, **facts)
        rows.append(line | {"received_ns": received_ns or line["received_ns"]})
    return rows


@pytest.mark.slow  # eight restarts, each signal synced
@pytest.mark.parametrize("has_checkpoint", [True, False])
def test_replay_of_the_finished_recording_says_the_same(
    tmp_path: Path, *, has_checkpoint: bool
) -> None:
    """However lines came, hours were sealed meanwhile and live was started anew."""
    rows = random_rows(200)
    rng, when = random.Random(6), random.Random(7)
    append(tmp_path, rows[:50])
    live = Followed(tmp_path)
    checkpoint = tmp_path / "checkpoint.bin" if has_checkpoint else None
    n_gone_on = 0
    at = 50
    while at < len(rows):
        end = at + rng.randint(1, 12)
        while end < len(rows) and rows[end]["received_ns"] == rows[end - 1]["received_ns"]:
            end += 1  # a frame is written at once
        append(tmp_path, rows[at:end])
        at = end
        if rng.random() < 0.15:
            put_in_force(tmp_path, prepare_sealing(tmp_path, Feed.TRADES))
        if checkpoint is not None and when.random() < 0.4:
            write_checkpoint(checkpoint, live.session.state())
        live.poll()
        if rng.random() < 0.2:  # as after a kill: nothing is closed, the file is torn
            with live.file.open("ab") as file:
                file.write(live.file.read_bytes()[:37])
            live = Followed(tmp_path, checkpoint=checkpoint)
            n_gone_on += live.is_going_on
    live.poll()

    assert (n_gone_on >= 3) == has_checkpoint
    replayed = Followed(tmp_path, "replayed.jsonl")

    assert len(replayed.signals()) > 80
    assert live.signals() == replayed.signals()
    assert list(breaks(live.file)) == []


def test_signal_found_late_is_written_and_expires_at_once(tmp_path: Path) -> None:
    append(tmp_path, [row(0, ALICE, CAROL), row(60_000, BOB, CAROL, coin="ETH")])
    live = Followed(tmp_path)
    live.clock.advance(3_600)
    append(tmp_path, [row(120_000, CAROL, BOB, coin="ETH")])
    live.poll()

    late = [m for m in live.kept.messages if m.kind is MessageKind.SIGNAL][-1]

    assert late.expires_ms == late.made_ms


def test_signal_that_a_kill_kept_from_the_sinks_is_given_to_them_until_it_expires(
    tmp_path: Path,
) -> None:
    append(tmp_path, [row(0, ALICE, CAROL), row(60_000, BOB, CAROL, coin="ETH")])
    first = Followed(tmp_path)
    (sent,) = [m for m in first.kept.messages if m.kind is MessageKind.SIGNAL]

    again, late = Followed(tmp_path), ManualClock()
    late.advance(30)
    too_late = Followed(tmp_path, clock=late)

    assert [m for m in again.kept.messages if m.kind is MessageKind.SIGNAL] == [sent]
    assert [m for m in too_late.kept.messages if m.kind is MessageKind.SIGNAL] == []
    assert len(first.signals()) == 1


def test_clock_that_jumps_changes_nothing_that_is_said(tmp_path: Path) -> None:
    """Exchange time rules."""
    rows = random_rows(60)
    append(tmp_path, rows[:20])
    live = Followed(tmp_path)
    for at, jump_s in ((20, -7_200.0), (40, 86_400.0)):
        live.clock.slept_s += jump_s
        append(tmp_path, rows[at : at + 20])
        live.poll()

    replayed = Followed(tmp_path, "replayed.jsonl")

    assert len(live.signals()) > 15
    assert live.signals() == replayed.signals()


@pytest.mark.parametrize("kept", [observed(0, 20_000), b""], ids=["append", "begin anew"])
def test_gap_makes_positions_unknown_from_the_next_trade_on(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "coverage.jsonl").write_bytes(observed(0, 20_000))
    append(tmp_path, [row(0, ALICE, CAROL)])
    live = Followed(tmp_path, told={(ALICE, "BTC"): Decimal(0)})
    (tmp_path / "coverage.jsonl").write_bytes(kept + observed(50_000, 90_000))
    append(tmp_path, [row(60_000, ALICE, CAROL), row(70_000, BOB, CAROL, coin="ETH")])
    live.poll()
    live.poll()

    (first,) = [one for one in live.signals() if one["leader"] == ALICE]

    assert first["kind"] == "open"
    assert (ALICE, "BTC") in live.session.awaited()
    assert live.session.n_withheld == 1
    (gap,) = [text for text in live.kept.texts() if text.startswith("gaps")]
    assert gap.startswith("gaps: 30.0 s of trades in BTC were missed")


def test_gap_that_was_over_when_following_began_leaves_what_was_told_since(tmp_path: Path) -> None:
    spans = observed(0, 20_000) + observed(50_000, 190_000)
    (tmp_path / "coverage.jsonl").write_bytes(spans)
    append(tmp_path, [row(60_000, ALICE, CAROL), row(70_000, BOB, CAROL, coin="ETH")])
    live = Followed(tmp_path, told={(ALICE, "BTC"): Decimal(2)}, since_ms=START_MS + 55_000)

    (first,) = [one for one in live.signals() if one["leader"] == ALICE]

    assert (first["kind"], first["position_known"]) == ("add", "exact")
    assert first["coverage"] == {"observed_frac": 1.0, "gap": False}
    assert not any(text.startswith("gaps") for text in live.kept.texts())


@pytest.mark.parametrize("is_restarted", [False, True])
def test_nothing_is_signalled_after_a_gap_until_the_account_is_told(
    tmp_path: Path, *, is_restarted: bool
) -> None:
    spans = observed(0, 20_000) + observed(50_000, 90_000)
    (tmp_path / "coverage.jsonl").write_bytes(spans)
    other = {"coin": "ETH", "buyer": "0x" + "1" * 40, "seller": "0x" + "2" * 40}
    append(tmp_path, [row(0, ALICE, CAROL), row(60_000, ALICE, CAROL), row(62_000, **other)])
    live = Followed(tmp_path, told={(ALICE, "BTC"): Decimal(0)})
    if is_restarted:
        write_checkpoint(tmp_path / "checkpoint.bin", live.session.state())
        live = Followed(tmp_path, checkpoint=tmp_path / "checkpoint.bin")
        assert (ALICE, "BTC") in live.session.awaited()
    state = account_state(START_MS + 61_000, ALICE, held_position("BTC", 5.0))
    (tmp_path / "account_states.jsonl").write_bytes(json.dumps(state).encode() + b"\n")
    # Told as of second 61, in force 2 s after its receipt: what he buys between is counted.
    append(tmp_path, [row(61_500, ALICE, CAROL, size=0.5), row(63_500, **other)])
    append(tmp_path, [row(70_000, ALICE, CAROL, size=2.0), row(90_000, **other)])
    live.poll()
    live.poll()

    first, second = [one for one in live.signals() if one["leader"] == ALICE]

    assert first["action_ms"] == START_MS
    assert (second["kind"], second["position_known"]) == ("add", "exact")
    assert (second["position_before"], second["position_after"]) == ("5.5", "7.5")
    assert live.session.n_withheld == 2 - is_restarted
    assert Followed(tmp_path, "replayed.jsonl").signals()[1] == second


@pytest.mark.parametrize("is_restarted", [False, True])
def test_account_that_is_told_while_live_runs_is_known_from_then_on(
    tmp_path: Path, *, is_restarted: bool
) -> None:
    other = {"buyer": "0x" + "1" * 40, "seller": "0x" + "2" * 40}
    append(tmp_path, [row(60_000, ALICE, CAROL, size=9.0), row(61_500, ALICE, CAROL, size=0.5)])
    live = Followed(tmp_path)
    state = account_state(START_MS + 61_000, ALICE, held_position("ETH", 5.0))
    (tmp_path / "account_states.jsonl").write_bytes(json.dumps(state).encode() + b"\n")
    if is_restarted:
        write_checkpoint(tmp_path / "checkpoint.bin", live.session.state())
        live = Followed(tmp_path, checkpoint=tmp_path / "checkpoint.bin")
    append(tmp_path, [row(63_500, **other), row(70_000, ALICE, CAROL, size=2.0)])
    append(tmp_path, [row(75_000, CAROL, ALICE, coin="ETH"), row(90_000, **other)])
    live.poll()
    live.poll()

    said = [one for one in live.signals() if one["leader"] == ALICE]

    # Flat in BTC at second 61, by what is not named; bought half a one since.
    assert [(one["coin"], one["kind"], one["position_before"]) for one in said[-2:]] == [
        ("BTC", "add", "0.5"),
        ("ETH", "reduce", "5"),
    ]
    assert {one["kind"] for one in said[:-2]} == {"trade"}
    assert Followed(tmp_path, "replayed.jsonl").signals() == live.signals()


def test_answer_of_a_time_to_come_tells_nothing(tmp_path: Path) -> None:
    other = {"buyer": "0x" + "1" * 40, "seller": "0x" + "2" * 40}
    append(tmp_path, [row(60_000, ALICE, CAROL, size=9.0)])
    live = Followed(tmp_path)
    state = account_state(START_MS + 61_000, ALICE, held_position("BTC", 5.0))
    state["answer"]["time"] += HOUR_MS
    (tmp_path / "account_states.jsonl").write_bytes(json.dumps(state).encode() + b"\n")
    append(tmp_path, [row(70_000, ALICE, CAROL, size=2.0), row(90_000, **other)])
    live.poll()
    live.poll()

    assert {one["kind"] for one in live.signals() if one["leader"] == ALICE} == {"trade"}


def test_wallets_of_a_list_that_take_one_side_are_told_once(tmp_path: Path) -> None:
    others = ["0x" + digit * 40 for digit in "123"]
    append(tmp_path, [])
    live = Followed(tmp_path)
    rows = [row(0, ALICE, others[0]), row(5_000, BOB, others[0]), row(9_000, CAROL, others[0])]
    append(tmp_path, [*rows, row(20_000, others[1], others[2], coin="ETH")])
    live.poll()
    live.poll()

    agreed = [text for text in live.kept.texts() if text.startswith("agreed")]
    assert agreed == ["agreed: 2 wallets of mine buy BTC within 600 s"]


def test_second_coin_of_a_wallet_is_news(tmp_path: Path) -> None:
    append(tmp_path, [row(0, ALICE, BOB), row(1, ALICE, BOB, coin="ETH", trade_id=9)])

    live = Followed(tmp_path)

    texts = [text for text in live.kept.texts() if text.startswith("new coin")]
    assert len(texts) == 2
    assert "trades ETH, which it had not traded in the window" in texts[0]


def test_coin_is_news_again_when_a_window_has_passed_since_it_was_traded(tmp_path: Path) -> None:
    rows = [row(0, ALICE, BOB), row(1, ALICE, BOB, coin="ETH", trade_id=9)]
    later = [row(hour * HOUR_MS, ALICE, CAROL, coin="ETH") for hour in (10, 20, 30)]
    append(tmp_path, [*rows, *later, row(31 * HOUR_MS, ALICE, CAROL)])

    live = Followed(tmp_path)

    said = [text.split() for text in live.kept.texts() if text.startswith("new coin")]
    told = [(words[2][2:6], words[4]) for words in said]
    # The first coin of anybody is no news; Alice's Bitcoin is 31 hours ago, her Ether one.
    assert told == [("aaaa", "ETH,"), ("bbbb", "ETH,"), ("aaaa", "BTC,"), ("cccc", "BTC,")]


def test_message_has_the_same_id_when_its_event_is_found_again(tmp_path: Path) -> None:
    append(tmp_path, random_rows(50))

    first, again = Followed(tmp_path), Followed(tmp_path, "again.jsonl")

    assert first.kept.messages
    assert [m.id for m in first.kept.messages] == [m.id for m in again.kept.messages]


def test_history_is_left_when_told_to_stop(tmp_path: Path) -> None:
    append(tmp_path, [row(0, ALICE, BOB)])
    live = Followed(tmp_path)
    stop = threading.Event()
    stop.set()

    live.session.read_history(stop)

    assert live.session.n_trades == 1


@pytest.mark.parametrize("content", [b"", b"no profiles"])
def test_profiles_that_cannot_be_read_leave_what_is_known_in_force(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    append(tmp_path, [row(0, ALICE, BOB)])
    live = Followed(tmp_path)
    (tmp_path / "profiles.parquet").write_bytes(content)

    live.poll()
    live.poll()

    assert caplog.text.count("profiles are not taken") == 1
