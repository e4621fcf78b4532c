"""HyperEVM over JSON-RPC: what came is kept, what is added is right."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from aiohttp import web
from clock_fakes import ManualClock
from exchange_fakes import AT_ONCE, HandSource
from fakes import ALICE, BOB, CAROL, START_MS
from socket_fakes import socket_server

from hypertrack.clock import SystemClock
from hypertrack.errors import VenueError
from hypertrack.feeds.budget import RateBudget
from hypertrack.feeds.evm_blocks import EvmBlocks, is_erc20_transfer
from hypertrack.feeds.evm_heads import subscribed_heads
from hypertrack.feeds.evm_rpc import METHOD_NOT_FOUND, EvmClient, RpcError
from hypertrack.records import encode_json
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.source import Event

TOKEN = "0x" + "d" * 40
TRANSFER = {"contract": TOKEN, "from": ALICE, "to": CAROL, "value": "1500000"}


def evm_block(number: int, *transactions: tuple[dict[str, Any], list[dict[str, str]]]) -> Event:
    """Return the event of a block; a transaction comes with its transfers."""
    time_ms = START_MS + number * 1_000
    place = {"blockHash": f"0x{number:064x}", "blockNumber": hex(number)}
    data = {
        "header": {"number": hex(number), "timestamp": hex(time_ms // 1000)},
        "transactions": [
            {**place, "transactionIndex": hex(nth), **one}
            for nth, (one, _) in enumerate(transactions)
        ],
        "transfers": [transfers for _, transfers in transactions],
    }
    return Event(time_ms, "evm", "", encode_json(data))


def transaction(
    nth: int, *transfers: dict[str, str]
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    sent = {
        "hash": f"0x{nth:064x}",
        "type": "0x2",
        "from": ALICE,
        "to": TOKEN if transfers else BOB,
        "value": "0x0" if transfers else "0x1bc16d674ec80000",
        "input": "0xa9059cbb" if transfers else "0x",
        "gasPrice": "0x5f5e100",
    }
    return sent, list(transfers)


CHAIN = HandSource(
    [
        evm_block(1),
        evm_block(2, transaction(1), transaction(2, TRANSFER)),
        evm_block(3),
        evm_block(4, transaction(3, TRANSFER, TRANSFER)),
    ],
    open_ms=START_MS + 10_000,
    token_decimals={TOKEN: 6},
)


@contextmanager
def client_of(requests_per_minute: int = 1_000) -> Iterator[EvmClient]:
    clock = ManualClock()
    with running_exchange(CHAIN, AT_ONCE) as exchange:
        budget = RateBudget(requests_per_minute, clock)
        with closing(EvmClient(f"{exchange.url}/evm", budget, clock, threading.Event())) as client:
            yield client


def test_block_is_the_nodes_without_its_transactions() -> None:
    with client_of() as client:
        came = client.call("eth_getBlockByNumber", "0x2", True, to=dict[str, Any])
        (block,) = EvmBlocks(client).fetch(2, 2)

    del came["transactions"]
    assert json.loads(block.block) == came
    assert list(json.loads(block.block)) == list(came)
    assert (block.number, block.exchange_time_ms) == (2, START_MS + 2_000)


def test_transaction_is_the_nodes_with_time_status_and_transfers() -> None:
    with client_of() as client:
        came = client.call("eth_getBlockByNumber", "0x2", True, to=dict[str, Any])
        (block,) = EvmBlocks(client).fetch(2, 2)

    plain, token = (json.loads(line) for line in block.transactions)
    added = ["blockTimestamp", "status", "transfers"]
    assert list(plain) == [*came["transactions"][0], *added]
    assert {key: plain[key] for key in came["transactions"][0]} == came["transactions"][0]
    assert int(plain["blockTimestamp"], 16) == START_MS // 1000 + 2
    assert (plain["status"], plain["transfers"]) == ("0x1", [])
    assert token["transfers"] == [TRANSFER | {"decimals": 6}]


def test_blocks_come_in_order_with_as_many_transfers_as_they_had() -> None:
    with client_of() as client:
        blocks = EvmBlocks(client).fetch(1, 4)

    assert [block.number for block in blocks] == [1, 2, 3, 4]
    assert [len(block.transactions) for block in blocks] == [0, 2, 0, 1]
    assert json.loads(blocks[3].transactions[0])["transfers"] == [TRANSFER | {"decimals": 6}] * 2


def test_blocks_alone_are_asked_for_without_transactions() -> None:
    with client_of() as client:
        blocks = EvmBlocks(client).fetch(1, 4, with_transactions=False)
        n_spent = 1_000 - client.spare_requests()

    assert [len(block.transactions) for block in blocks] == [0, 0, 0, 0]
    assert n_spent == 4


def test_logs_replace_receipts_where_the_minute_has_no_room() -> None:
    with client_of(requests_per_minute=6) as client:
        client.call("eth_blockNumber", to=str)
        blocks = EvmBlocks(client).fetch(1, 4)  # 1 + 4 leave one, for two blocks of receipts

    transactions = [json.loads(line) for block in blocks for line in block.transactions]
    assert [len(one["transfers"]) for one in transactions] == [0, 1, 2]
    assert "status" not in transactions[0]
    assert transactions[1]["transfers"][0]["decimals"] is None  # no room to ask either


def test_decimals_are_asked_for_once() -> None:
    with client_of() as client:
        blocks = EvmBlocks(client)
        blocks.fetch(2, 2)
        spare = client.spare_requests()
        blocks.fetch(2, 2)

        assert spare - client.spare_requests() == 2  # block and receipts


def test_block_that_is_not_there_is_a_venue_error() -> None:
    with client_of() as client, pytest.raises(VenueError, match="no block 9 yet"):
        EvmBlocks(client).fetch(9, 9)


def test_error_of_the_node_carries_its_code() -> None:
    with client_of() as client, pytest.raises(RpcError) as caught:
        client.call("eth_makeCoffee", to=str)

    assert caught.value.code == METHOD_NOT_FOUND


@pytest.mark.parametrize(
    ("topics", "data", "expected"),
    [
        (3, "0x" + "0" * 64, True),
        (4, "0x", False),  # an NFT's: the token is a topic
        (3, "0x", False),
        (1, "0x" + "0" * 64, False),
    ],
)
def test_erc20_transfer_has_two_indexed_addresses_and_one_word(
    topics: int, data: str, expected: bool
) -> None:
    signature = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    log = {"topics": [signature, *["0x" + "0" * 64] * (topics - 1)], "data": data}

    assert is_erc20_transfer(log) is expected


def test_new_heads_are_subscribed_over_a_socket() -> None:
    async def node(socket: web.WebSocketResponse) -> None:
        request = await socket.receive_json()
        assert request["method"] == "eth_subscribe"
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "result": "0x9ce"})
        for number in ("0x10", "0x11"):
            await socket.send_json(
                {
                    "jsonrpc": "2.0",
                    "method": "eth_subscription",
                    "params": {"subscription": "0x9ce", "result": {"number": number}},
                }
            )
        await socket.receive()

    with socket_server(node) as url:
        heads = subscribed_heads(url, SystemClock(), threading.Event())
        found = [next(heads), next(heads)]
        heads.close()  # type: ignore[attr-defined]

    assert found == [16, 17]
