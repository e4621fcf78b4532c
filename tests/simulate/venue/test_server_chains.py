"""The explorer's RPC and HyperEVM's JSON-RPC."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from exchange_fakes import HandSource, block, coin, trade
from fakes import ALICE, BOB, CAROL, START_MS

from hypertrack.config import SimulateSettings
from hypertrack.records import encode_json
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_source import MarketSource
from hypertrack.simulate.venue.server import Exchange, running_exchange
from hypertrack.simulate.venue.source import Event

STILL = SimulateSettings(port=0, speed=1, settle_s=60)
TOKEN = "0x" + "9" * 40
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
PLAIN, CALL = "0x" + "1" * 64, "0x" + "2" * 64


def evm_block(number: int, *transactions: dict[str, Any], transfers: list[Any]) -> Event:
    header = {"number": hex(number), "hash": f"0x{number:064x}", "timestamp": hex(number)}
    data = {"header": header, "transactions": transactions, "transfers": transfers}
    return Event(START_MS + number, "evm", "", encode_json(data))


def transaction(digest: str, at: int, call: str) -> dict[str, Any]:
    return {
        **{"hash": digest, "blockHash": f"0x{7:064x}", "blockNumber": "0x7"},
        **{"transactionIndex": hex(at), "from": ALICE, "to": TOKEN, "input": call},
        **{"gasPrice": "0x1", "type": "0x2"},
    }


HISTORY = [
    evm_block(6, transfers=[]),
    evm_block(
        7,
        transaction(PLAIN, 0, "0x"),
        transaction(CALL, 1, "0xa9059cbb"),
        transfers=[[], [{"contract": TOKEN, "from": ALICE, "to": BOB, "value": "1500"}]],
    ),
    *[evm_block(number, transfers=[]) for number in range(8, 70)],
    block(trade(START_MS + 70, 99, users=(ALICE, BOB))),
    block(trade(START_MS + 140, 101, users=(BOB, ALICE))),
]


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    source = HandSource(HISTORY, open_ms=START_MS + 1_000, token_decimals={TOKEN: 6})
    with running_exchange(source, STILL) as running:
        yield running


def call(exchange: Exchange, method: str, *params: object) -> Any:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    reply: dict[str, Any] = httpx.post(f"{exchange.url}/evm", json=request).json()
    return reply.get("result", reply.get("error"))


def calls(exchange: Exchange, method: str, *params: list[object]) -> list[Any]:
    """Return the results of one batch."""
    batch = [
        {"jsonrpc": "2.0", "id": nth, "method": method, "params": one}
        for nth, one in enumerate(params)
    ]
    return [reply["result"] for reply in httpx.post(f"{exchange.url}/evm", json=batch).json()]


def test_chain_is_the_venues_and_ends_with_the_last_block(exchange: Exchange) -> None:
    assert call(exchange, "eth_chainId") == "0x3e7"
    assert call(exchange, "eth_blockNumber") == hex(69)
    assert call(exchange, "eth_getBlockByNumber", "latest", False)["number"] == hex(69)


def test_block_comes_with_whole_transactions_or_with_hashes(exchange: Exchange) -> None:
    full = call(exchange, "eth_getBlockByNumber", "0x7", True)
    short = call(exchange, "eth_getBlockByNumber", "0x7", False)

    assert full["transactions"] == [
        transaction(PLAIN, 0, "0x"),
        transaction(CALL, 1, "0xa9059cbb"),
    ]
    assert short["transactions"] == [PLAIN, CALL]
    assert call(exchange, "eth_getBlockByHash", f"0x{7:064x}", True) == full


def test_block_that_is_not_there_is_null(exchange: Exchange) -> None:
    assert call(exchange, "eth_getBlockByNumber", "0x999", True) is None
    assert call(exchange, "eth_getBlockReceipts", "0x999") is None


def test_receipts_carry_the_transfers_as_logs(exchange: Exchange) -> None:
    receipts = call(exchange, "eth_getBlockReceipts", "0x7")

    log = receipts[1]["logs"][0]
    assert [receipt["status"] for receipt in receipts] == ["0x1", "0x1"]
    assert receipts[0]["logs"] == []
    assert log["address"] == TOKEN
    assert log["topics"] == [TRANSFER, "0x" + "0" * 24 + ALICE[2:], "0x" + "0" * 24 + BOB[2:]]
    assert int(log["data"], 16) == 1_500
    assert call(exchange, "eth_getTransactionReceipt", CALL) == receipts[1]
    assert call(exchange, "eth_getTransactionByHash", PLAIN)["hash"] == PLAIN


def test_logs_are_filtered_by_address_and_topics(exchange: Exchange) -> None:
    span = {"fromBlock": "0x1", "toBlock": "0x10"}
    to_bob = "0x" + "0" * 24 + BOB[2:]

    def found(**query: object) -> int:
        return len(call(exchange, "eth_getLogs", {**span, **query}))

    assert found() == 1
    assert found(address=TOKEN, topics=[TRANSFER]) == 1
    assert found(topics=[None, None, [to_bob]]) == 1
    assert found(address=CAROL) == 0
    assert found(topics=[None, to_bob]) == 0


def test_logs_of_more_than_fifty_blocks_are_refused(exchange: Exchange) -> None:
    fifty = call(exchange, "eth_getLogs", {"fromBlock": "0x1", "toBlock": hex(50)})
    more = call(exchange, "eth_getLogs", {"fromBlock": "0x1", "toBlock": hex(51)})

    assert len(fifty) == 1
    assert more["code"] == -32602


def test_tokens_tell_their_decimals(exchange: Exchange) -> None:
    decimals = call(exchange, "eth_call", {"to": TOKEN, "data": "0x313ce567"}, "latest")
    wallet = call(exchange, "eth_call", {"to": ALICE, "data": "0x313ce567"}, "latest")
    other = call(exchange, "eth_call", {"to": TOKEN, "data": "0x70a08231"}, "latest")

    assert int(decimals, 16) == 6
    assert wallet == "0x"
    assert other == {"code": 3, "message": "execution reverted"}


def test_batch_is_answered_one_by_one(exchange: Exchange) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": "a", "method": "eth_blockNumber", "params": []},
        {"jsonrpc": "2.0", "id": 2, "method": "eth_subscribe", "params": ["newHeads"]},
        {"jsonrpc": "2.0", "id": 3, "method": "eth_getBlockByNumber", "params": [7]},
        17,
    ]

    replies = httpx.post(f"{exchange.url}/evm", json=batch).json()

    assert replies[0] == {"jsonrpc": "2.0", "id": "a", "result": hex(69)}
    assert [reply["error"]["code"] for reply in replies[1:]] == [-32601, -32602, -32600]


def test_broken_json_is_a_parse_error(exchange: Exchange) -> None:
    headers = {"content-type": "application/json"}

    reply = httpx.post(f"{exchange.url}/evm", content="{", headers=headers).json()

    assert reply["error"] == {"code": -32700, "message": "parse error"}


def test_simulated_markets_chain_is_linked_and_its_receipts_fit() -> None:
    settings = SimulateSettings(port=0, speed=1, settle_s=60, hours=0.2, wallets=500, coins=2)
    source = MarketSource(Market(settings))
    with running_exchange(source, settings) as exchange:
        last = int(call(exchange, "eth_blockNumber"), 16)
        numbers = range(last - 300, last + 1)
        chain = calls(exchange, "eth_getBlockByNumber", *([hex(n), True] for n in numbers))
        busy = [one for one in chain if one["transactions"]]
        receipts = calls(exchange, "eth_getBlockReceipts", *([one["number"]] for one in busy))

    assert all(later["parentHash"] == one["hash"] for one, later in pairwise(chain))
    assert busy
    for one, of_block in zip(busy, receipts, strict=True):
        assert [t["hash"] for t in one["transactions"]] == [r["transactionHash"] for r in of_block]
        assert one["gasUsed"] == of_block[-1]["cumulativeGasUsed"]


def explore(exchange: Exchange, **request: object) -> Any:
    return httpx.post(f"{exchange.url}/explorer", json=request).json()


def test_explorer_finds_an_order_by_its_hash_its_block_and_its_wallet(exchange: Exchange) -> None:
    tx = explore(exchange, type="txDetails", hash=f"0x{99:064x}")["tx"]

    details = explore(exchange, type="blockDetails", height=tx["block"])["blockDetails"]
    orders = explore(exchange, type="userDetails", user=ALICE)["txs"]

    assert (tx["user"], tx["time"], tx["error"]) == (ALICE, START_MS + 70, None)
    assert tx["action"]["orders"][0]["p"] == "84143.0"
    assert details["height"] == tx["block"]
    assert tx in orders


def test_explorer_knows_no_block_of_the_future(exchange: Exchange) -> None:
    details = explore(exchange, type="blockDetails", height=10**12)
    unknown = httpx.post(f"{exchange.url}/explorer", json={"type": "nope"})

    assert details == {"type": "blockDetails", "blockDetails": None}
    assert unknown.status_code == 422


def test_asset_ids_follow_the_kind_of_the_coin() -> None:
    names = ("BTC", "ETH", "@107", "PURR/USDC", "abc:A", "xyz:B", "xyz:C")
    events = [block(trade(START_MS + 70, nth, name=name)) for nth, name in enumerate(names, 1)]
    source = HandSource(events, coins=tuple(coin(name) for name in names), open_ms=START_MS + 100)
    with running_exchange(source, STILL) as exchange:
        hashes = [f"0x{nth:064x}" for nth in range(1, len(names) + 1)]
        found = [explore(exchange, type="txDetails", hash=one)["tx"] for one in hashes]

    assets = [one["action"]["orders"][0]["a"] for one in found]
    assert assets == [0, 1, 10_107, 10_000, 110_000, 120_000, 120_001]
