"""Fills of the venue's nodes become trades; what does not pair is set aside, not guessed."""

from pathlib import Path
from typing import Any

import pytest
from archive_fakes import HASH, block, both_fills, fill, node_trade, read_lines, write_lines
from fakes import ALICE, BOB, CAROL, START_MS
from import_fakes import imported

from hypertrack.importing.node_times import time_ns
from hypertrack.store.dataset import open_dataset

HOUR_MS = 3_600_000


def fills_file(folder: Path, *fills: list[Any]) -> Path:
    return write_lines(folder / "fills.txt", fills)


@pytest.mark.parametrize(("taker", "side"), [(ALICE, "B"), (BOB, "A")])
def test_two_fills_become_one_trade_of_the_recorded_shape(
    tmp_path: Path, taker: str, side: str
) -> None:
    source = write_lines(tmp_path / "b", [block(both_fills(ALICE, BOB, taker=taker))])

    imported(tmp_path / "data", source)

    (trade,) = read_lines(tmp_path / "data" / "trades.jsonl")
    assert trade == {
        "received_ns": (START_MS + 400) * 1_000_000 + 123_456,
        **{"coin": "BTC", "side": side, "px": "100.5", "sz": "2.0", "time": START_MS},
        **{"hash": HASH, "tid": 7, "users": [ALICE, BOB]},
    }


def test_imported_trades_are_read_like_recorded_ones(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "b", [block(both_fills(ALICE, BOB, taker=BOB))])
    imported(tmp_path / "data", source)

    with open_dataset(tmp_path / "data") as dataset:
        row = dataset.connection.execute(
            "SELECT time_ms, price, size, is_buy, buyer_id, seller_id FROM trades"
        ).fetchall()

    assert row == [(START_MS, 100.5, 2.0, False, 0, 1)]


def test_fills_keep_every_field_as_it_came(tmp_path: Path) -> None:
    liquidation = {"liquidatedUser": BOB, "markPx": "99.0", "method": "market"}
    maker, taker = both_fills(liquidation=liquidation, twapId=5)

    imported(tmp_path / "data", fills_file(tmp_path, maker, taker))

    assert read_lines(tmp_path / "data" / "fills.jsonl") == [
        {"received_ns": START_MS * 1_000_000, "user": user, **kept} for user, kept in (maker, taker)
    ]


def test_fills_of_a_trade_pair_across_lines_and_files(tmp_path: Path) -> None:
    maker, taker = both_fills()
    first = write_lines(tmp_path / "1", [maker])
    second = write_lines(tmp_path / "2", [fill(CAROL, trade_id=8), taker])

    report = imported(tmp_path / "data", first, second)

    assert report.counts == {"trades": 1, "fills": 3, "unpaired": 1}


@pytest.mark.parametrize(
    ("fills", "reason"),
    [
        ([fill()], "unpaired"),
        (both_fills(trade_id=0), "dust"),
        ([*both_fills(), fill(CAROL, crossed=False)], "dust"),
        ([fill(price="0.0", dir="Settlement")], "settlements"),
        (both_fills(dir="Settlement"), "settlements"),
    ],
)
def test_fill_without_its_other_half_is_kept_and_makes_no_trade(
    tmp_path: Path, fills: list[list[Any]], reason: str
) -> None:
    report = imported(tmp_path / "data", fills_file(tmp_path, *fills))

    assert report.counts == {reason: len(fills), "fills": len(fills)}
    kept = read_lines(tmp_path / "data" / "fills.jsonl")
    assert [line["user"] for line in kept] == [wallet for wallet, _ in fills]
    assert [line["dir"] for line in kept] == [each["dir"] for _, each in fills]
    assert not (tmp_path / "data" / "trades.jsonl").exists()


@pytest.mark.parametrize(
    "fills",
    [
        [fill(ALICE), fill(BOB, side="A")],
        [fill(ALICE, crossed=False), fill(BOB, side="A", crossed=False)],
        [fill(ALICE), fill(BOB, crossed=False)],
        [fill(ALICE), fill(BOB, side="A", crossed=False, size="1.0")],
        both_fills(price="0.0"),
    ],
)
def test_fills_that_contradict_each_other_are_set_aside_and_counted(
    tmp_path: Path, fills: list[list[Any]]
) -> None:
    report = imported(tmp_path / "data", fills_file(tmp_path, *fills))

    assert report.counts == {"ambiguous": 2}
    aside = read_lines(tmp_path / "data" / "set_aside.jsonl")
    assert [line["user"] for line in aside] == [wallet for wallet, _ in fills]
    assert all(line["reason"] and line["closedPnl"] == "3.25" for line in aside)


def test_fills_with_the_id_zero_are_told_apart_by_all_they_say(tmp_path: Path) -> None:
    dust = [fill(trade_id=0), fill(trade_id=0, size="1.0"), fill(trade_id=0)]

    report = imported(tmp_path / "data", fills_file(tmp_path, *dust))

    assert report.counts == {"dust": 2, "fills": 2, "repeated fills": 1}


def test_addresses_in_any_case_are_one_wallet(tmp_path: Path) -> None:
    shouted = [[wallet.upper().replace("X", "x"), each] for wallet, each in both_fills()]
    files = [
        write_lines(tmp_path / name, [block(fills)])
        for name, fills in (("a", both_fills()), ("b", shouted))
    ]

    report = imported(tmp_path / "data", *files)

    assert (report.counts["trades"], report.counts["fills"]) == (1, 2)
    (trade,) = read_lines(tmp_path / "data" / "trades.jsonl")
    assert trade["users"] == [ALICE, BOB]
    assert {line["user"] for line in read_lines(tmp_path / "data" / "fills.jsonl")} == {ALICE, BOB}


def test_same_id_at_another_time_or_of_another_coin_is_another_trade(tmp_path: Path) -> None:
    fills = both_fills() + both_fills(coin="ETH") + both_fills(time_ms=START_MS + 1)

    report = imported(tmp_path / "data", fills_file(tmp_path, *fills))

    assert report.counts["trades"] == 3


def test_wallet_that_trades_with_itself_makes_a_trade(tmp_path: Path) -> None:
    report = imported(tmp_path / "data", fills_file(tmp_path, *both_fills(ALICE, ALICE)))

    assert report.counts == {"trades": 1, "fills": 2}


def test_fills_too_far_apart_do_not_wait_for_each_other(tmp_path: Path) -> None:
    maker, taker = both_fills()
    later = both_fills(time_ms=START_MS + 10_001, trade_id=8)

    report = imported(tmp_path / "data", fills_file(tmp_path, maker, *later, taker))

    assert report.counts == {"trades": 1, "fills": 4, "unpaired": 2}


def test_overlapping_archives_give_each_trade_once(tmp_path: Path) -> None:
    pairs = [both_fills(time_ms=START_MS + n * 20_000, trade_id=n + 1) for n in range(3)]
    by_block = write_lines(
        tmp_path / "1", [block(pair, START_MS + n * 20_000) for n, pair in enumerate(pairs)]
    )
    one_by_one = write_lines(tmp_path / "2", [each for pair in pairs for each in pair])

    report = imported(tmp_path / "data", by_block, one_by_one)

    assert len(read_lines(tmp_path / "data" / "trades.jsonl")) == 3
    assert report.counts["fills"] == 6
    assert report.counts["duplicates"] + report.counts["repeated fills"] // 2 == 3


def test_event_that_is_no_fill_is_quarantined_alone(tmp_path: Path) -> None:
    events = [*both_fills(), ["0xshort", fill()[1]], [CAROL, {"coin": "BTC"}], None, []]
    events += [fill(CAROL, time_ms=START_MS * 1000), fill(CAROL, time_ms=START_MS + 61_000)]
    events += [fill(CAROL, price="1e300"), fill(CAROL, size="0.0"), fill(CAROL, side="?")]

    report = imported(tmp_path / "data", write_lines(tmp_path / "b", [block(events)]))

    assert report.counts == {"trades": 1, "fills": 2, "quarantined": 9}


def test_node_trade_gets_an_id_that_follows_from_its_content(tmp_path: Path) -> None:
    lines = [node_trade(), node_trade(size="3.0"), node_trade()]
    source = write_lines(tmp_path / "t", lines)

    report = imported(tmp_path / "one", source)
    imported(tmp_path / "two", source)

    first, second = read_lines(tmp_path / "one" / "trades.jsonl")
    assert report.counts == {"trades": 2, "duplicates": 1}
    assert first["users"] == [ALICE, BOB]
    assert first["time"] == START_MS
    assert first["tid"] != second["tid"]
    assert 0 < first["tid"] < 2**50
    assert read_lines(tmp_path / "two" / "trades.jsonl") == [first, second]


def test_node_trades_beside_fills_of_the_same_hour_are_left_out(tmp_path: Path) -> None:
    write_lines(tmp_path / "node_fills" / "20260105" / "8", both_fills())
    write_lines(tmp_path / "node_trades" / "20260105" / "8", [node_trade()])

    report = imported(tmp_path / "data", tmp_path / "node_fills", tmp_path / "node_trades")

    assert report.counts["trades"] == 1
    (left,) = report.left_out
    assert "node_trades have no id" in left.reason


@pytest.mark.parametrize(
    ("text", "since_start_ns"),
    [
        ("2026-01-05T08:00:00", 0),
        ("2026-01-05T08:00:00.899", 899_000_000),
        ("2026-01-05T08:00:00.000984711", 984_711),
        ("2026-01-05T08:00:00.123456+00:00", 123_456_000),
        ("2026-01-05T08:00:00.1234567891234Z", 123_456_789),
        ("2026-01-05t08:00:00,5z", 500_000_000),
        ("2026-01-05 13:45:00+05:45", 0),
        ("2026-01-05T13:45:00+0545", 0),
        ("2026-01-04T23:30:00.25-08:30", 250_000_000),
        ("2026-01-05T10:00:00+02", 0),
        ("2026-01-05T07:59:60Z", 0),
    ],
)
def test_any_rfc_3339_time_is_read(text: str, since_start_ns: int) -> None:
    assert time_ns(text) == START_MS * 1_000_000 + since_start_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-01-05",
        "2026-13-05T08:00:00Z",
        "2026-01-05T08:00:61Z",
        "1970-01-01T00:00:00Z",
        "2026-01-05T08:00:00+99:00",
        "2199-01-05T08:00:00Z",
        "1767600000",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time|out of range|isoformat|must be"):
        time_ns(text)


def test_node_trade_of_another_zone_is_the_same_trade(tmp_path: Path) -> None:
    here, there = node_trade(), node_trade()
    there["time"] = "2026-01-05T13:45:00.000172847+05:45"
    there["side_info"][0]["user"] = ALICE.upper().replace("X", "x")

    report = imported(tmp_path / "data", write_lines(tmp_path / "t", [here, there]))

    assert report.counts == {"trades": 1, "duplicates": 1}
    (trade,) = read_lines(tmp_path / "data" / "trades.jsonl")
    assert trade["time"] == START_MS


def test_block_of_the_future_is_quarantined(tmp_path: Path) -> None:
    later = START_MS + 20 * 365 * 86_400_000

    report = imported(
        tmp_path / "data",
        write_lines(tmp_path / "b", [block(both_fills()), block(both_fills(time_ms=later), later)]),
    )

    assert report.counts == {"trades": 1, "fills": 2, "quarantined": 1}


def test_settlements_of_an_outcome_close_their_wallets_positions(tmp_path: Path) -> None:
    bought = [
        *both_fills(ALICE, BOB, coin="#118440", price="0.5", size="42.0", trade_id=101),
        *both_fills(ALICE, CAROL, coin="#118441", price="0.5", size="30.0", trade_id=102),
    ]
    settled = [
        fill(
            ALICE, side="A", coin=coin, price=price, size=size, trade_id=trade_id, dir="Settlement"
        )
        for coin, price, size, trade_id in (
            ("#118440", "1.0", "42.0", 103),
            ("#118441", "0.0", "30.0", 104),
        )
    ]
    settled[0][1]["closedPnl"], settled[1][1]["closedPnl"] = "21.0", "-15.0"

    report = imported(tmp_path / "data", write_lines(tmp_path / "b", [block([*bought, *settled])]))

    assert report.counts == {"trades": 2, "fills": 6, "settlements": 2}
    with open_dataset(tmp_path / "data") as dataset:
        found = dataset.connection.execute(
            "SELECT coin, price, size, closed_pnl_usd, has_trade FROM imported_fills "
            "JOIN coins USING (coin_id) WHERE is_settlement ORDER BY coin"
        ).fetchall()
    assert found == [
        ("#118440", 1.0, 42.0, 21.0, False),
        ("#118441", 0.0, 30.0, -15.0, False),
    ]
