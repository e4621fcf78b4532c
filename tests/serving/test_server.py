"""The server over real sockets: what it answers, what it refuses, and what every answer says."""

import contextlib
import http.client
import json
import multiprocessing
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from fakes import ALICE, BOB, CAROL, START_MS
from serving_fakes import FACTS, THREE, TOKEN, Dataset, Running, running

from hypertrack.errors import ConfigError
from hypertrack.records import CoverageLine, CoverageStatus, encode_json
from hypertrack.serving.headers import POLICY
from hypertrack.serving.streams import MAX_STREAMS
from hypertrack.store.files.ledger import Ledger


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dataset, Running]]:
    """Serve a dataset with three signals, for tests that change nothing."""
    found = Dataset(tmp_path_factory.mktemp("shared"))
    found.write_profiles()
    found.say(written_ms=START_MS, n_trades=12, sinks=[])
    for leader, coin in ((ALICE, "BTC"), (BOB, "ETH"), (ALICE, "ETH")):
        found.add(leader=leader, coin=coin)
    with running(found.settings) as server:
        yield found, server
    found.close()


@pytest.fixture
def client(shared: tuple[Dataset, Running]) -> Iterator[httpx.Client]:
    """Ask with the token."""
    with reader(shared[1]) as found:
        yield found


def reader(server: Running) -> httpx.Client:
    return httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20
    )


def wallets(answer: httpx.Response) -> list[str]:
    return [each["wallet"] for each in answer.json()["wallets"]]


# --- what it answers ----------------------------------------------------------------------------


def test_wallets_are_found_sorted_and_paged_in_the_words_of_the_page(client: httpx.Client) -> None:
    assert wallets(client.get("api/v1/wallets")) == [ALICE, BOB, CAROL]  # by evidence
    assert wallets(client.get("api/v1/wallets?sort=tx_count&order=up")) == [CAROL, BOB, ALICE]
    assert wallets(client.get("api/v1/wallets?verdict=AVOID&verdict=WATCH")) == [BOB, CAROL]
    assert wallets(client.get("api/v1/wallets?edge_bps=..0")) == [CAROL]
    assert wallets(client.get("api/v1/wallets?tx_count=150..250")) == [BOB]
    assert wallets(client.get(f"api/v1/wallets?q={CAROL[:5].upper()}")) == [CAROL]

    page = client.get("api/v1/wallets?limit=1&offset=1").json()
    assert (page["n_wallets"], page["n_found"], page["offset"]) == (3, 3, 1)
    assert [each["wallet"] for each in page["wallets"]] == [BOB]


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("limit=501", "limit is a count up to 500, found '501'"),
        ("offset=-1", "offset is a count"),
        ("sort=edge_bsp", "did you mean edge_bps?"),
        ("nonsense=1..2", "a feature; found 'nonsense'"),
        ("colour=red", "colour is not known: q, verdict"),
        ("tx_count=a..b", "tx_count takes LOW..HIGH"),
    ],
)
def test_question_that_cannot_be_meant_gets_one_line(
    client: httpx.Client, question: str, says: str
) -> None:
    answer = client.get(f"api/v1/wallets?{question}")

    assert answer.status_code == 400
    assert says in answer.text
    assert answer.text.count("\n") == 1


def test_one_wallet_is_answered_and_an_unknown_one_is_not_there(client: httpx.Client) -> None:
    found = client.get(f"api/v1/wallets/{BOB.replace('b', 'B')}").json()

    assert (found["wallet"], found["skill"]["verdict"]) == (BOB, "WATCH")
    assert client.get(f"api/v1/wallets/0x{'9' * 40}").status_code == 404
    assert client.get("api/v1/wallets/0x12").status_code == 400


def test_signals_come_as_they_were_written_the_newest_first(
    shared: tuple[Dataset, Running], client: httpx.Client
) -> None:
    lines = (shared[0].live / "signals.jsonl").read_bytes().splitlines()

    answer = client.get("api/v1/signals")
    assert answer.json()["signals"] == [json.loads(line) for line in reversed(lines)]
    assert lines[0] in answer.content  # byte for byte: its hash can be checked

    def numbers(question: str) -> list[int]:
        return [each["seq"] for each in client.get(f"api/v1/signals?{question}").json()["signals"]]

    assert numbers("limit=1") == [3]
    assert numbers("before=3") == [2, 1]
    assert numbers(f"wallet={ALICE}") == [3, 1]
    assert numbers(f"wallet={ALICE}&coin=ETH") == [3]


def test_status_tells_how_live_stands_and_that_it_is_long_silent(client: httpx.Client) -> None:
    found = client.get("api/v1/status").json()

    assert found["status"]["live"] == {"written_ms": START_MS, "n_trades": 12, "sinks": []}
    assert found["n_unread"] == 0
    assert found["last_event_id"].endswith("-0")  # what was there at the start is no news


def test_front_holds_nothing_of_any_wallet_and_the_page_does(
    shared: tuple[Dataset, Running], client: httpx.Client
) -> None:
    front = [httpx.get(f"{shared[1].url}{path}") for path in ("", "app.js", "app.css")]

    assert [each.status_code for each in front] == [200, 200, 200]
    assert not any(word in each.text for each in front for word in (ALICE[:12], TOKEN, "AVOID\\"))
    assert 'id="page-data"' in client.get("api/v1/page").text


# --- what it refuses ----------------------------------------------------------------------------


API = ("status", "wallets", f"wallets/{ALICE}", "signals", "follow", "events", "page", "no-such")


@pytest.mark.parametrize("path", API)
def test_every_address_of_the_interface_wants_the_token(
    shared: tuple[Dataset, Running], path: str
) -> None:
    answer = httpx.get(f"{shared[1].url}api/v1/{path}")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_changed(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "api/v1/wallets", headers={"Origin": "http://evil.example"})

    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["", "app.js", "api/v1/status", "api/v1/events", "nowhere"])
def test_every_answer_carries_the_policy_and_no_cookie(client: httpx.Client, path: str) -> None:
    answer = client.head(path)

    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Server"] == "hypertrack"
    assert not {"set-cookie", "access-control-allow-origin"} & set(answer.headers)
    assert answer.content == b""


def test_rebound_name_reads_nothing_whatever_it_asks_for(
    shared: tuple[Dataset, Running],
) -> None:
    place = urlsplit(shared[1].url)

    for path in ("/", "/app.js", "/api/v1/wallets", "http://127.0.0.1/api/v1/wallets"):
        connection = http.client.HTTPConnection(str(place.hostname), int(place.port or 0), 5)
        connection.request(
            "GET", path, headers={"Host": "evil.example", "Authorization": f"Bearer {TOKEN}"}
        )
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (421, b"this host is not served here\n"), path
        connection.close()


def test_second_server_on_a_port_says_so_in_one_line(shared: tuple[Dataset, Running]) -> None:
    dataset, server = shared

    with (
        pytest.raises(ConfigError, match=f"found 127.0.0.1:{server.port} in use"),
        running(dataset.on_port(server.port)),
    ):
        pass


# --- the stream ---------------------------------------------------------------------------------


class Hearing:
    """Hears a stream."""

    def __init__(self, answer: httpx.Response):
        self._lines = answer.iter_lines()
        self.last_id = ""

    def next(self, *names: str) -> tuple[str, dict[str, object]]:
        """Return the next event of these names."""
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
                continue
            self.last_id = fields.get("id", self.last_id)
            if fields.get("event") in names:
                return fields["event"], json.loads(fields["data"])
            fields = {}
        raise EOFError


@contextlib.contextmanager
def hearing(server: Running, last_id: str | None = None) -> Iterator[Hearing]:
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    with (
        reader(server) as client,
        client.stream("GET", "api/v1/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield Hearing(answer)


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
