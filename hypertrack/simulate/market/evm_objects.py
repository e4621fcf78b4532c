"""Blocks and transactions of the EVM chain, as its JSON-RPC shows them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hypertrack.simulate.market.arrays import EvmArrays, EvmBlockArrays, EvmTransactionArrays, Ints
from hypertrack.simulate.market.evm_activity import Token
from hypertrack.simulate.market.identifiers import hashes
from hypertrack.simulate.market.text_columns import hash_texts, joined_texts

CHAIN_ID = 999

_TRANSFER_CALL = "0xa9059cbb"
_APPROVE_CALL = "0x095ea7b3"
_BLOCK_SALT, _TRANSACTION_SALT = 1_000_003, 2_000_003
_GAS_PRICE_WEI = 100_000_000
_BLOCK_GAS = 2_000_000
_TRANSFER_GAS, _CALL_GAS = 21_000, 52_000
_WEI_PER_MICRO = 10**12

Object = dict[str, Any]


class EvmObjects:
    """Turns arrays into objects; the same rows always give the same hashes."""

    def __init__(self, wallets: Sequence[str], tokens: Sequence[Token], seed: int):
        self._tokens = tokens
        self._addresses = [*wallets, *(token.address for token in tokens)]
        self._seed = seed

    def headers(self, blocks: EvmBlockArrays, gas_used: Ints) -> pa.Array:
        """Return the members of each block's header as JSON, without the braces around them."""
        numbers = np.concatenate([blocks.number[:1] - 1, blocks.number])
        none_zero = np.zeros(len(numbers), dtype=bool)
        digests = hash_texts(numbers, none_zero, self._seed + _BLOCK_SALT)
        return joined_texts(
            '"number":"',
            _hex_texts(blocks.number),
            '","hash":"',
            digests[1:],
            '","parentHash":"',
            digests[:-1],
            '","timestamp":"',
            _hex_texts(blocks.time_ms // 1000),
            f'","gasLimit":"{_BLOCK_GAS:#x}","gasUsed":"',
            _hex_texts(gas_used),
            f'","baseFeePerGas":"{_GAS_PRICE_WEI:#x}","miner":"0x{0:040}"',
        )

    def transactions(self, rows: EvmTransactionArrays) -> Iterator[Object]:
        """Yield transactions in order; indices count within their block."""
        keys = rows.sender.astype(np.int64) * 2**31 + rows.nonce
        digests = hashes(keys, self._seed + _TRANSACTION_SALT)
        block_hashes = hashes(rows.block, self._seed + _BLOCK_SALT)
        index = np.arange(len(rows)) - np.searchsorted(rows.block, rows.block)
        for at in range(len(rows)):
            yield {
                "blockHash": block_hashes[at],
                "blockNumber": hex(int(rows.block[at])),
                "transactionIndex": hex(int(index[at])),
                "hash": digests[at],
                "type": "0x2",
                "chainId": hex(CHAIN_ID),
                "nonce": hex(int(rows.nonce[at])),
                "from": self._addresses[rows.sender[at]],
                "to": self._addresses[rows.receiver[at]],
                "value": hex(round(float(rows.value_hype[at]) * 1e6) * _WEI_PER_MICRO),
                "input": self._input(rows, at),
                "gas": hex(2 * _CALL_GAS),
                "gasPrice": hex(_GAS_PRICE_WEI),
                "maxFeePerGas": hex(2 * _GAS_PRICE_WEI),
                "maxPriorityFeePerGas": "0x0",
            }

    def transfers(self, rows: EvmTransactionArrays, at: int) -> list[Object]:
        """Return the ERC-20 transfers of one transaction, decoded."""
        if rows.token[at] < 0:
            return []
        token = self._tokens[rows.token[at]]
        return [
            {
                "contract": token.address,
                "from": self._addresses[rows.sender[at]],
                "to": self._addresses[rows.transfer_to[at]],
                "value": str(_base_units(float(rows.amount[at]), token.decimals)),
                "decimals": token.decimals,
            }
        ]

    def _input(self, rows: EvmTransactionArrays, at: int) -> str:
        if not rows.has_input[at]:
            return "0x"
        if rows.token[at] < 0:
            return _APPROVE_CALL + _padded(self._addresses[rows.receiver[at]])[2:] + "f" * 64
        moved = self.transfers(rows, at)[0]
        return f"{_TRANSFER_CALL}{_padded(moved['to'])[2:]}{int(moved['value']):064x}"


def gas_by_block(evm: EvmArrays) -> Ints:
    """Return the gas that each block uses."""
    gas = np.where(evm.transactions.has_input, _CALL_GAS, _TRANSFER_GAS)
    row = np.searchsorted(evm.blocks.number, evm.transactions.block)
    used: Ints = np.bincount(row, gas, len(evm.blocks)).astype(np.int64)
    return used


def _hex_texts(values: Ints) -> pa.Array:
    return pa.array([hex(value) for value in values.tolist()], pa.string())


def _base_units(amount: float, decimals: int) -> int:
    """Return whole tokens with up to six decimals in a token's smallest unit."""
    micros = round(amount * 1e6)
    return int(micros * 10 ** max(decimals - 6, 0) // 10 ** max(6 - decimals, 0))


def _padded(address: str) -> str:
    return "0x" + address[2:].rjust(64, "0")
