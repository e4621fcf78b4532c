"""What a reader of the served page hears, and what a dataset that changes shows it."""

import contextlib
import json
import multiprocessing
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from challenge_fakes import comparison
from fakes import BOB, START_MS
from paper_fakes import PaperRun, acts, write_lines
from serving_fakes import FACTS, THREE, TOKEN, Dataset, Running, hearing, reader, running, wallets

from hypertrack.outputs.challenge_words import sentences
from hypertrack.records import CoverageLine, CoverageStatus, encode_json
from hypertrack.serving.streams import MAX_STREAMS
from hypertrack.store.files.layout import COVERAGE_NAME
from hypertrack.store.files.ledger import Ledger


@pytest.fixture
def server(dataset: Dataset) -> Iterator[Running]:
    """Serve a dataset of the test's own."""
    with running(dataset.settings) as found:
        yield found


def test_stream_goes_on_where_it_broke_without_loss_or_doubles(
    dataset: Dataset, server: Running
) -> None:
    with hearing(server) as stream:
        stream.next("status")
        dataset.add()
        assert stream.next("signal")[1]["seq"] == 1
        last = stream.last_id
    for _ in range(3):
        dataset.add()

    with hearing(server, last) as stream:
        heard = [stream.next("signal")[1]["seq"] for _ in range(3)]
        dataset.add()
        heard.append(stream.next("signal")[1]["seq"])

    assert heard == [2, 3, 4, 5]


def test_who_was_away_for_long_gets_all_of_it(dataset: Dataset, server: Running) -> None:
    with hearing(server) as stream:
        dataset.add()
        stream.next("signal")
        last = stream.last_id
    line = encode_json({**FACTS, "id": "sg", "seq": 2, "prev": ""}) + b"\n"
    with (dataset.live / "signals.jsonl").open("ab") as file:
        file.write(line * 1_500)
    with reader(server) as client:
        while not client.get("api/v1/status").json()["last_event_id"].endswith("-1501"):
            pass

    with hearing(server, last) as stream:
        names = [stream.next("signal", "reset")[0] for _ in range(1_500)]

    assert set(names) == {"signal"}


def test_answer_and_stream_join_without_a_hole(dataset: Dataset, server: Running) -> None:
    with hearing(server) as stream:
        dataset.add()
        stream.next("signal")
    with reader(server) as client:
        answer = client.get("api/v1/signals").json()
    dataset.add()

    with hearing(server, answer["last_event_id"]) as stream:
        assert [each["seq"] for each in answer["signals"]] == [1]
        assert stream.next("signal")[1]["seq"] == 2


def test_reader_of_another_run_is_told_to_load_anew(server: Running) -> None:
    with hearing(server, "0123456789ab-7") as stream:
        assert stream.next("reset", "signal", "status")[0] == "reset"
        with pytest.raises(EOFError):
            stream.next("signal")


def test_chain_that_begins_anew_tells_readers_to_load_anew(
    dataset: Dataset, server: Running
) -> None:
    with hearing(server) as stream:
        dataset.add()
        stream.next("signal")
        (dataset.live / "signals.jsonl").rename(dataset.live / "old.jsonl")
        assert stream.next("reset", "signal")[0] == "reset"
    with reader(server) as client:
        assert client.get("api/v1/signals").json()["signals"] == []


def test_gap_in_the_ledger_is_told_once_for_all_its_coins(
    dataset: Dataset, server: Running
) -> None:
    ledger = Ledger(dataset.folder / "data")

    def observed(coin: str, *spans: tuple[int, int]) -> None:
        ledger.settle(
            CoverageLine(
                stream=f"trades:{coin}",
                status=CoverageStatus.OBSERVED,
                start_ms=START_MS + start,
                end_ms=START_MS + end,
            )
            for start, end in spans
        )

    observed("BTC", (0, 1_000), (3_000, 4_000))
    observed("ETH", (0, 1_000), (3_000, 4_000))
    with hearing(server) as stream:
        stream.next("status")
        ledger.checkpoint()
        _, gap = stream.next("gap")

    assert gap == {
        "start_ms": START_MS + 1_000,
        "end_ms": START_MS + 3_000,
        "coins": ["BTC", "ETH"],
    }


def test_twenty_read_at_once_and_the_next_is_told_to_come_later(
    server: Running,
) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_STREAMS):
            stack.enter_context(hearing(server)).next("status")
        with reader(server) as client:
            refused = client.get("api/v1/events")
            assert client.get("api/v1/status").json()["n_streams"] == 20
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")


def test_reader_who_takes_nothing_is_told_to_load_anew(dataset: Dataset, server: Running) -> None:
    line = encode_json({**FACTS, "id": "sg", "seq": 1, "prev": "", "vwap": "9" * 5_000})
    place = urlsplit(server.url)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), 5) as slow:
        head = f"GET /api/v1/events HTTP/1.1\r\nHost: {place.netloc}\r\n"
        slow.sendall(f"{head}Authorization: Bearer {TOKEN}\r\n\r\n".encode())
        read = slow.recv(1_024)
        assert b"200 OK" in read
        dataset.live.mkdir()
        with hearing(server) as quick, (dataset.live / "signals.jsonl").open("ab") as file:
            quick.next("status")
            # 14 MB: a machine's sockets hold half of it at most, and the rest is 1,000 events or
            # more; who reads is never so far behind.
            for _ in range(4):
                file.write((line + b"\n") * 700)
                file.flush()
                for _ in range(700):
                    quick.next("signal")
        while b"event: reset" not in read[-8_000:]:
            more = slow.recv(1 << 20)
            assert more
            read += more

    assert 0 < read.count(b"event: signal") < 1_800


def test_profiles_that_are_written_anew_are_told_and_shown(
    dataset: Dataset, server: Running
) -> None:
    with hearing(server) as stream:
        before = stream.next("status")[1]["profiles_version"]
        dataset.write_profiles(THREE[1])
        after = stream.next("status")[1]["profiles_version"]
        with reader(server) as client:
            assert wallets(client.get("api/v1/wallets")) == [BOB]
    assert after != before


@pytest.mark.parametrize(("ahead_s", "is_live"), [(-60, False), (0, True), (60, False)])
def test_live_runs_where_it_wrote_a_moment_ago_by_this_clock(
    dataset: Dataset, ahead_s: int, is_live: bool
) -> None:
    dataset.say(n_trades=1)
    written_s = time.time() + ahead_s
    os.utime(dataset.live / "status.json", (written_s, written_s))

    with running(dataset.settings) as server, reader(server) as client:
        assert client.get("api/v1/status").json()["status"]["is_live"] is is_live


def test_line_that_is_no_signal_is_counted_and_told_to_nobody(
    dataset: Dataset, server: Running
) -> None:
    dataset.add()
    with (dataset.live / "signals.jsonl").open("ab") as file:
        file.write(b'{"leader": 7}\nnot json\n\xff\n')
    with hearing(server) as stream:
        stream.next("status")
        dataset.say(n_trades=1)
        stream.next("status")
    with reader(server) as client:
        assert client.get("api/v1/status").json()["n_unread"] == 3
        assert len(client.get("api/v1/signals").json()["signals"]) == 1


def test_brackets_without_end_are_passed_over_in_every_file_and_the_next_is_told(
    dataset: Dataset, server: Running
) -> None:
    dataset.say(n_trades=1)
    dataset.add()
    deep = b'{"deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    ledger = dataset.folder / "data" / COVERAGE_NAME
    with hearing(server) as stream:
        stream.next("status")
        for file in (dataset.live / "status.json", dataset.live / "follow.jsonl", ledger):
            with file.open("ab") as opened:
                opened.write(deep)
        with (dataset.live / "signals.jsonl").open("ab") as opened:
            opened.write(deep)
        dataset.add(coin="ETH")
        while stream.next("signal")[1]["coin"] != "ETH":
            pass

    with reader(server) as client:
        told = client.get("api/v1/status").json()
    assert told["n_unread"] == 1
    assert told["status"]["live"] is None


def test_without_profiles_the_page_says_what_to_do(dataset: Dataset) -> None:
    (dataset.folder / "wallet_profiles.parquet").unlink()

    with running(dataset.settings) as server, reader(server) as client:
        assert "No wallet is profiled yet" in client.get("api/v1/page").text
        assert client.get("api/v1/wallets").json()["wallets"] == []
        dataset.write_profiles()
        assert len(wallets(client.get("api/v1/wallets"))) == 3


def test_torn_profiles_do_not_end_the_server(
    dataset: Dataset, server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    (dataset.folder / "wallet_profiles.parquet").write_bytes(b"PAR1 half")

    with reader(server) as client:
        assert "No wallet is profiled yet" in client.get("api/v1/page").text
    assert "profiles are not shown" in caplog.text


@pytest.mark.slow  # a process that loads the engine
def test_what_wallets_did_is_shown_once_it_is_read(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path, dashboard={"max_histories": 2})
    dataset.write_profiles()
    with running(dataset.settings) as server, reader(server) as client, hearing(server) as stream:
        stream.next("status")
        assert '"histories":""' in client.get("api/v1/page").text
        stream.next("status")

        assert '"histories":"the 2 wallets of the best evidence"' in client.get("api/v1/page").text


def test_server_ends_at_once_while_histories_are_read(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path, dashboard={"max_histories": 2})
    dataset.write_profiles()
    with running(dataset.settings) as server, reader(server) as client:
        client.get("api/v1/page")
        begun = time.monotonic()

    assert time.monotonic() - begun < 5
    assert multiprocessing.active_children() == []


def test_following_on_paper_is_told_as_it_stands_with_its_steps(
    dataset: Dataset, server: Running, tmp_path: Path
) -> None:
    write_lines(tmp_path / "paper", "trades", [*acts(1_000, 5), *acts(20_000, -2, 110.0)])
    log = PaperRun(tmp_path / "paper").read().log.read_bytes()
    dataset.live.mkdir()

    with hearing(server) as stream, reader(server) as client:
        assert client.get("api/v1/follow").json() == {"follow": None, "steps": []}
        (dataset.live / "follow.jsonl").write_bytes(log)
        told = stream.next("follow")[1]
        found = client.get("api/v1/follow?limit=1").json()

    assert found["follow"] == told
    names = [name for name, _ in found["follow"]["parts"]]
    assert (names[0], names[-1]) == ("leaders, at their prices", "net")
    assert found["steps"] == [json.loads(log.splitlines()[-1])]


def test_log_of_paper_that_was_changed_is_shown_no_more(
    dataset: Dataset, server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    dataset.live.mkdir()
    with hearing(server) as stream:
        stream.next("status")
        (dataset.live / "follow.jsonl").write_bytes(b'{"no": "step"}\n')
        dataset.say(n_trades=1)
        stream.next("status")
    with reader(server) as client:
        assert client.get("api/v1/follow").json()["follow"] is None
    assert "following on paper is not shown: a line of its log is no step" in caplog.text


def test_lines_that_do_not_follow_take_what_was_shown_away(
    dataset: Dataset, server: Running, tmp_path: Path
) -> None:
    write_lines(tmp_path / "paper", "trades", [*acts(1_000, 5), *acts(20_000, -2, 110.0)])
    log = PaperRun(tmp_path / "paper").read().log.read_bytes()
    dataset.live.mkdir()

    with hearing(server) as stream:
        (dataset.live / "follow.jsonl").write_bytes(log)
        shown = stream.next("follow")[1]
        with (dataset.live / "follow.jsonl").open("ab") as file:
            file.write(b"no step \xff\n")
        taken_away = stream.next("follow")[1]
    with reader(server) as client:
        found = client.get("api/v1/follow").json()

    assert shown["sentences"]
    assert taken_away is None
    assert found == {"follow": None, "steps": []}


def test_comparison_of_two_models_is_told_when_it_is_written_and_when_it_is_gone(
    dataset: Dataset,
) -> None:
    with running(dataset.settings) as server, reader(server) as client, hearing(server) as stream:
        assert client.get("api/v1/models").json() == {"models": None}
        dataset.live.mkdir(exist_ok=True)
        (dataset.live / "comparison.json").write_bytes(encode_json(comparison()))
        told = stream.next("models")[1]
        found = client.get("api/v1/models").json()
        (dataset.live / "comparison.json").write_bytes(b"{}")
        gone = stream.next("models")[1]

    assert found["models"] == told
    assert told["sentences"] == list(sentences(comparison()))
    assert gone is None


def test_what_paper_leaves_out_in_a_row_is_one_line(dataset: Dataset, tmp_path: Path) -> None:
    trades = [*acts(1_000, 5), *acts(20_000, 5), *acts(40_000, 5), *acts(60_000, -5)]
    write_lines(tmp_path / "paper", "trades", trades)
    log = PaperRun(tmp_path / "paper", max_notional_usd=1_010).read().log.read_bytes()
    dataset.live.mkdir(exist_ok=True)
    (dataset.live / "follow.jsonl").write_bytes(log)

    with running(dataset.settings) as server, hearing(server) as stream:
        told: dict[str, Any] = stream.next("follow")[1]

    assert [(one["name"], one["n_more"]) for one in told["doings"]] == [
        *(("follow.reduced", 0), ("follow.skipped", 1), ("follow.opened", 0)),
    ]
