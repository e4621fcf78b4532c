"""The server over real sockets: what it answers, what it refuses, and what every answer says."""

import http.client
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from fakes import ALICE, BOB, CAROL, START_MS
from serving_fakes import TOKEN, Dataset, Running, reader, running, wallets

from hypertrack.errors import ConfigError
from hypertrack.serving.headers import POLICY


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dataset, Running]]:
    """Serve a dataset with three signals, for tests that change nothing."""
    found = Dataset(tmp_path_factory.mktemp("shared"))
    found.write_profiles()
    found.say(n_trades=12)
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


# --- what it answers ----------------------------------------------------------------------------


def test_wallets_are_found_sorted_and_paged_in_the_words_of_the_page(client: httpx.Client) -> None:
    assert wallets(client.get("api/v1/wallets")) == [ALICE, BOB, CAROL]  # by evidence
    assert wallets(client.get("api/v1/wallets?sort=tx_count&order=up")) == [CAROL, BOB, ALICE]
    assert wallets(client.get("api/v1/wallets?verdict=AVOID&verdict=WATCH")) == [BOB, CAROL]
    assert wallets(client.get("api/v1/wallets?edge_bps=..0")) == [CAROL]
    assert wallets(client.get("api/v1/wallets?tx_count=1e400..")) == []
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
        ("tx_count=nan..5", "tx_count takes LOW..HIGH, found 'nan..5'"),
        ("tx_count=..nan", "tx_count takes LOW..HIGH, found '..nan'"),
        ("verdict=copy", "verdict is one of COPY, WATCH, AVOID, NOT ENOUGH DATA, found 'copy'"),
        ("order=asc", "order is one of down, up, found 'asc'"),
        ("match=both", "match is one of any, all, found 'both'"),
        ("sort=..", "found '..'"),
        ("%e2%80%aea%1b[2J=1", "\ufffda\ufffd[2J is not known: q"),
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


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("signals?limt=3", "limt is not known: limit, before, wallet, coin\n"),
        ("signals?wallet=0xabc", "a wallet is 0x and forty hexadecimal digits\n"),
        ("follow?before=3", "before is not known: limit\n"),
    ],
)
def test_word_that_is_not_known_is_refused_instead_of_passed_over(
    client: httpx.Client, question: str, says: str
) -> None:
    answer = client.get(f"api/v1/{question}")

    assert (answer.status_code, answer.text) == (400, says)


def test_status_tells_how_live_stands_and_that_it_is_long_silent(client: httpx.Client) -> None:
    found = client.get("api/v1/status").json()

    live = found["status"]["live"]
    assert (live["watermark_ms"], live["n_trades"], live["sinks"]) == (START_MS, 12, [])
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


API = (
    "status",
    "wallets",
    f"wallets/{ALICE}",
    "signals",
    "follow",
    "models",
    "events",
    "page",
    "no-such",
)


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


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\x1b[2J HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",  # as one begins who wants TLS
    ],
)
def test_what_is_no_request_is_refused_and_fills_no_log(
    shared: tuple[Dataset, Running], sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    place = urlsplit(shared[1].url)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), 5) as opened:
        opened.sendall(sent)
        assert opened.recv(100).startswith(b"HTTP/1.0 400 ")

    assert caplog.text == ""


def test_second_server_on_a_port_says_so_in_one_line(shared: tuple[Dataset, Running]) -> None:
    dataset, server = shared

    with (
        pytest.raises(ConfigError, match=f"found 127.0.0.1:{server.port} in use"),
        running(dataset.on_port(server.port)),
    ):
        pass
