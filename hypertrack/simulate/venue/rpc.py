"""HyperEVM's JSON-RPC: the methods of the node, single or in batches."""

from collections.abc import Callable, Iterator
from typing import Any

from hypertrack.simulate.market.evm_objects import CHAIN_ID
from hypertrack.simulate.venue.evm_wire import (
    EvmBlock,
    Json,
    block_json,
    block_of_event,
    receipts_json,
)
from hypertrack.simulate.venue.state import VenueState

MAX_LOG_BLOCKS = 50
MAX_TOPICS = 4
DECIMALS_CALL = "0x313ce567"
"""Selector of ``decimals()``."""


class RpcError(Exception):
    """An error of JSON-RPC: a code and a message."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = code


class EvmNode:
    """Answers JSON-RPC from the EVM blocks that were played.

    Only the latest blocks are known (`VenueRules.logged_evm_blocks`); others are null, as on a
    node that has pruned them.
    """

    def __init__(self, state: VenueState):
        self._state = state
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_chainId": lambda: hex(CHAIN_ID),
            "net_version": lambda: str(CHAIN_ID),
            "eth_blockNumber": lambda: hex(self._state.last_evm_block),
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBlockReceipts": self._block_receipts,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getTransactionByHash": self._transaction,
            "eth_getLogs": self._logs,
            "eth_call": self._call,
        }

    def answer(self, request: object) -> object:
        """Return the reply to a request or to a batch of them."""
        if isinstance(request, list) and request:
            return [self._reply(one) for one in request]
        return self._reply(request)

    def _reply(self, request: object) -> Json:
        request_id = request.get("id") if isinstance(request, dict) else None
        try:
            result = self._result(request)
        except RpcError as error:
            return error_reply(request_id, error.code, str(error))
        return {"jsonrpc": "2.0", "id": request_id, "result": result}

    def _result(self, request: object) -> object:
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            raise RpcError(-32600, "Invalid request")
        method = self._methods.get(request["method"])
        if method is None:
            raise RpcError(-32601, f"the method {request['method']} does not exist")
        params = request.get("params", [])
        try:
            return method(*params)
        except (TypeError, ValueError, AttributeError) as error:
            raise RpcError(-32602, "Invalid params") from error

    def _block_by_number(self, tag: str, is_full: bool = False) -> Json | None:
        block = self._block(self._number(tag))
        return None if block is None else block_json(block, is_full=is_full)

    def _block_by_hash(self, digest: str, is_full: bool = False) -> Json | None:
        block = self._block_of_hash(digest)
        return None if block is None else block_json(block, is_full=is_full)

    def _block_receipts(self, tag: str) -> list[Json] | None:
        by_hash = isinstance(tag, str) and len(tag) == 66
        block = self._block_of_hash(tag) if by_hash else self._block(self._number(tag))
        return None if block is None else receipts_json(block)

    def _receipt(self, digest: str) -> Json | None:
        found = self._find(digest)
        return None if found is None else receipts_json(found[0])[found[1]]

    def _transaction(self, digest: str) -> Json | None:
        found = self._find(digest)
        return None if found is None else found[0].transactions[found[1]]

    def _logs(self, query: Json) -> list[Json]:
        first = self._number(query.get("fromBlock", "latest"))
        last = self._number(query.get("toBlock", "latest"))
        if "blockHash" in query:
            block = self._block_of_hash(query["blockHash"])
            first = last = -1 if block is None else block.number
        if last - first >= MAX_LOG_BLOCKS:
            raise RpcError(-32602, f"query exceeds max block range {MAX_LOG_BLOCKS}")
        topics = query.get("topics", [])
        if len(topics) > MAX_TOPICS:
            raise RpcError(-32602, f"query exceeds max topics {MAX_TOPICS}")
        blocks = (self._block(number) for number in range(first, last + 1))
        logs = (log for block in blocks if block for r in receipts_json(block) for log in r["logs"])
        wanted = _lowered(query.get("address"))
        return [
            log
            for log in logs
            if (wanted is None or log["address"] in wanted) and _matches(log["topics"], topics)
        ]

    def _call(self, call: Json, _tag: object = "latest") -> str:
        """Answer ``decimals()`` of a known token; any other call returns nothing."""
        decimals = self._state.source.token_decimals.get(str(call["to"]).lower())
        data = call.get("data") or call.get("input") or "0x"
        if decimals is None:
            return "0x"
        if data[:10] != DECIMALS_CALL:
            raise RpcError(3, "execution reverted")
        return f"0x{decimals:064x}"

    def _number(self, tag: object) -> int:
        """Return the number that a tag or hex text names."""
        if tag in ("latest", "safe", "finalized", "pending"):
            return self._state.last_evm_block
        if tag == "earliest":
            return next(iter(self._state.evm_blocks), 0)
        if not isinstance(tag, str) or not tag.startswith("0x"):
            raise ValueError(tag)
        return int(tag, 16)

    def _block(self, number: int) -> EvmBlock | None:
        data = self._state.evm_blocks.get(number)
        return None if data is None else block_of_event(data)

    def _block_of_hash(self, digest: str) -> EvmBlock | None:
        blocks = self._blocks_with(digest.lower().encode())
        return next((block for block in blocks if block.header["hash"] == digest.lower()), None)

    def _find(self, digest: str) -> tuple[EvmBlock, int] | None:
        """Return the block that holds a transaction, and the transaction's place in it."""
        for block in self._blocks_with(digest.lower().encode()):
            for at, transaction in enumerate(block.transactions):
                if transaction["hash"] == digest.lower():
                    return block, at
        return None

    def _blocks_with(self, needle: bytes) -> Iterator[EvmBlock]:
        """Yield the blocks in which a text occurs, latest first."""
        for data in reversed(self._state.evm_blocks.values()):
            if needle in data:
                yield block_of_event(data)


def error_reply(request_id: object, code: int, message: str) -> Json:
    """Return a JSON-RPC error."""
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def _lowered(address: object) -> set[str] | None:
    if address is None:
        return None
    listed = address if isinstance(address, list) else [address]
    return {str(one).lower() for one in listed}


def _matches(topics: list[str], wanted: list[Any]) -> bool:
    """Return whether a log has the topics asked for; null matches any, a list one of several."""
    for at, choice in enumerate(wanted):
        options = _lowered(choice)
        if options is not None and (at >= len(topics) or topics[at] not in options):
            return False
    return True
