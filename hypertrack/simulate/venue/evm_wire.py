"""Blocks and receipts of the played EVM chain, as its JSON-RPC returns them."""

from collections.abc import Iterator
from typing import Any

from hypertrack.records import Record, decode_json

Json = dict[str, Any]

TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak256 of ``Transfer(address,address,uint256)``."""

_NO_UNCLES = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
_NO_WORD = "0x" + "0" * 64
_GAS_OF_TRANSFER, _GAS_OF_CALL = 21_000, 52_000
_BLOOM_BYTES = 256


class EvmBlock(Record, frozen=True):
    """A block, as an ``evm`` event carries it."""

    header: Json
    transactions: list[Json]
    transfers: list[list[Json]]
    """ERC-20 transfers of each transaction."""

    @property
    def number(self) -> int:
        """Return the block's number."""
        return int(self.header["number"], 16)


def block_of_event(data: bytes) -> EvmBlock:
    """Return the block of an ``evm`` event's data."""
    return decode_json(data, EvmBlock)


def block_json(block: EvmBlock, *, is_full: bool) -> Json:
    """Return the block with its transactions, or with their hashes alone.

    Roots and sizes, which would take the state of a whole chain, are zero.
    """
    return {
        **block.header,
        "nonce": "0x" + "0" * 16,
        "sha3Uncles": _NO_UNCLES,
        "logsBloom": _bloom(any(block.transfers)),
        "transactionsRoot": _NO_WORD,
        "stateRoot": _NO_WORD,
        "receiptsRoot": _NO_WORD,
        "difficulty": "0x0",
        "totalDifficulty": "0x0",
        "extraData": "0x",
        "mixHash": _NO_WORD,
        "size": "0x0",
        "uncles": [],
        "transactions": block.transactions if is_full else [t["hash"] for t in block.transactions],
    }


def receipts_json(block: EvmBlock) -> list[Json]:
    """Return the receipts of a block's transactions."""
    receipts: list[Json] = []
    used, n_logs = 0, 0
    for at, transaction in enumerate(block.transactions):
        gas = _GAS_OF_TRANSFER if transaction["input"] == "0x" else _GAS_OF_CALL
        used += gas
        logs = list(_logs(block, at, n_logs))
        n_logs += len(logs)
        receipts.append(
            {
                **_place(transaction),
                "from": transaction["from"],
                "to": transaction["to"],
                "contractAddress": None,
                "cumulativeGasUsed": hex(used),
                "gasUsed": hex(gas),
                "effectiveGasPrice": transaction["gasPrice"],
                "logs": logs,
                "logsBloom": _bloom(bool(logs)),
                "status": "0x1",
                "type": transaction["type"],
            }
        )
    return receipts


def _logs(block: EvmBlock, at: int, n_before: int) -> Iterator[Json]:
    for nth, transfer in enumerate(block.transfers[at]):
        yield {
            **_place(block.transactions[at]),
            "address": transfer["contract"],
            "topics": [TRANSFER_TOPIC, _word(transfer["from"]), _word(transfer["to"])],
            "data": f"0x{int(transfer['value']):064x}",
            "logIndex": hex(n_before + nth),
            "removed": False,
        }


def _place(transaction: Json) -> Json:
    """Return where a transaction stands in the chain."""
    place = {key: transaction[key] for key in ("blockHash", "blockNumber", "transactionIndex")}
    return {**place, "transactionHash": transaction["hash"]}


def _bloom(has_logs: bool) -> str:
    """Return a bloom filter without false negatives: full where there are logs, else empty."""
    return "0x" + ("ff" if has_logs else "00") * _BLOOM_BYTES


def _word(address: str) -> str:
    return "0x" + address[2:].rjust(64, "0")
