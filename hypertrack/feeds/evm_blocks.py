"""HyperEVM blocks as they are recorded: block, transactions, and their ERC-20 transfers.

Every value stays the text that came; added are a transaction's block time, its status, and the
transfers decoded from its receipt.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypertrack.errors import VenueError
from hypertrack.feeds.evm_rpc import METHOD_NOT_FOUND, EvmClient, RpcError
from hypertrack.records import RawJson, Record, decode_json, encode_json

TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak256 of ``Transfer(address,address,uint256)``."""

DECIMALS_SELECTOR = "0x313ce567"
"""First four bytes of keccak256 of ``decimals()``."""

MAX_DECIMALS = 255
SPARE_FOR_DECIMALS = 20
"""Requests left in the minute below which a contract's decimals wait for a later transfer."""

Object = dict[str, RawJson]
NOTHING_MOVED: Object = {"transfers": RawJson(b"[]")}


class BlockNotYetError(VenueError):
    """A block was announced that the node cannot give yet."""


class EvmBlock(Record, frozen=True, kw_only=True):
    """One block, ready to be written."""

    number: int
    exchange_time_ms: int
    block: bytes
    """The block's JSON object without its transactions."""
    transactions: tuple[bytes, ...]


class EvmBlocks:
    """Reads blocks from a node; remembers the decimals of every contract it has seen."""

    def __init__(self, client: EvmClient):
        self._client = client
        self._decimals: dict[str, int | None] = {}
        self._has_receipts = True

    def head(self) -> int:
        """Return the number of the newest block."""
        return int(self._client.call("eth_blockNumber", to=str), 16)

    def fetch(self, first: int, last: int, *, with_transactions: bool = True) -> list[EvmBlock]:
        """Return the blocks from ``first`` to ``last``, both included.

        A block with transactions costs a request more, for its receipts; where the minute has no
        room for that, one request for the logs of all blocks replaces them, and the transactions
        carry no status. Logs are given for at most 50 blocks at once.

        Raises:
            BlockNotYetError: The node has not all of them.
            VenueError: The node does not answer, or cannot be understood.
        """
        numbers = range(first, last + 1)
        try:
            blocks = self._raw_blocks(numbers, with_transactions)
            busy = [n for n, (_, raws) in zip(numbers, blocks, strict=True) if raws]
            outcome_by_hash = self._outcomes(busy) if busy else {}
            return [_assembled(block, raws, outcome_by_hash) for block, raws in blocks]
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise VenueError(
                f"EVM blocks {first} to {last} could not be read: {error!r}"
            ) from error

    def _raw_blocks(
        self, numbers: Sequence[int], with_transactions: bool
    ) -> list[tuple[Object, list[RawJson]]]:
        blocks: list[Object | None] = self._client.batch(
            "eth_getBlockByNumber",
            [(hex(number), with_transactions) for number in numbers],
            to=Object | None,
        )
        return [
            _without_transactions(block, number, with_transactions)
            for block, number in zip(blocks, numbers, strict=True)
        ]

    def _outcomes(self, busy: list[int]) -> dict[str, Object]:
        """Return status and transfers of every transaction of these blocks, by hash."""
        if self._has_receipts and self._client.spare_requests() >= len(busy):
            try:
                return self._outcomes_of_receipts(busy)
            except RpcError as error:
                if error.code != METHOD_NOT_FOUND:
                    raise
                self._has_receipts = False
        return self._outcomes_of_logs(busy)

    def _outcomes_of_receipts(self, busy: list[int]) -> dict[str, Object]:
        by_block: list[list[dict[str, Any]]] = self._client.batch(
            "eth_getBlockReceipts", [(hex(number),) for number in busy], to=list[Any]
        )
        return {
            receipt["transactionHash"]: {
                "status": RawJson(encode_json(receipt.get("status"))),
                "transfers": self._transfers(receipt.get("logs", [])),
            }
            for receipts in by_block
            for receipt in receipts
        }

    def _outcomes_of_logs(self, busy: list[int]) -> dict[str, Object]:
        span = {"fromBlock": hex(busy[0]), "toBlock": hex(busy[-1]), "topics": [TRANSFER_TOPIC]}
        logs_by_hash = defaultdict(list)
        for log in self._client.call("eth_getLogs", span, to=list[dict[str, Any]]):
            logs_by_hash[log["transactionHash"]].append(log)
        return {key: {"transfers": self._transfers(logs)} for key, logs in logs_by_hash.items()}

    def _transfers(self, logs: Iterable[Mapping[str, Any]]) -> RawJson:
        transfers = [
            {
                "contract": log["address"],
                "from": "0x" + log["topics"][1][-40:],
                "to": "0x" + log["topics"][2][-40:],
                "value": str(int(log["data"], 16)),
                "decimals": self._decimals_of(log["address"]),
            }
            for log in logs
            if is_erc20_transfer(log)
        ]
        return RawJson(encode_json(transfers))

    def _decimals_of(self, contract: str) -> int | None:
        if contract not in self._decimals:
            if self._client.spare_requests() < SPARE_FOR_DECIMALS:
                return None
            self._decimals[contract] = self._asked_decimals(contract)
        return self._decimals[contract]

    def _asked_decimals(self, contract: str) -> int | None:
        call = {"to": contract, "data": DECIMALS_SELECTOR}
        try:
            answer = self._client.call("eth_call", call, "latest", to=str)
            decimals = int(answer, 16)
        except (RpcError, ValueError):
            return None
        return decimals if decimals <= MAX_DECIMALS else None


def _without_transactions(
    block: Object | None, number: int, with_transactions: bool
) -> tuple[Object, list[RawJson]]:
    if block is None:
        raise BlockNotYetError(f"the EVM node has no block {number} yet")
    transactions = decode_json(bytes(block.pop("transactions", b"[]")), list[RawJson])
    return block, transactions if with_transactions else []


def _assembled(
    block: Object, transactions: list[RawJson], outcome_by_hash: Mapping[str, Object]
) -> EvmBlock:
    timestamp = block["timestamp"]
    lines = []
    for raw in transactions:
        transaction = decode_json(bytes(raw), Object)
        outcome = outcome_by_hash.get(_text(transaction["hash"]), NOTHING_MOVED)
        # A newer node's own blockTimestamp says the same and keeps its place.
        lines.append(encode_json(transaction | {"blockTimestamp": timestamp} | outcome))
    return EvmBlock(
        number=int(_text(block["number"]), 16),
        exchange_time_ms=int(_text(timestamp), 16) * 1000,
        block=encode_json(block),
        transactions=tuple(lines),
    )


def _text(raw: RawJson) -> str:
    return decode_json(bytes(raw), str)


def is_erc20_transfer(log: Mapping[str, Any]) -> bool:
    """Return whether a log is an ERC-20 transfer: an NFT's has its id as a fourth topic."""
    topics = log.get("topics", [])
    return len(topics) == 3 and topics[0] == TRANSFER_TOPIC and len(log.get("data", "")) == 66
