"""The lines of the EVM chain's blocks and transactions."""

from collections.abc import Iterator

import pyarrow as pa

from hypertrack.records import encode_json
from hypertrack.simulate.market.arrays import EvmArrays, EvmTransactionArrays
from hypertrack.simulate.market.dataset_lines import received_ns
from hypertrack.simulate.market.evm_objects import EvmObjects, gas_by_block
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.text_columns import integer_texts, joined_texts


class EvmLines:
    """Writes what happened on a market's chain as the recorder would."""

    def __init__(self, market: Market):
        self._objects = EvmObjects(market.wallets, market.tokens, market.settings.seed)

    def blocks(self, evm: EvmArrays) -> pa.Array:
        """Return a line a block."""
        return joined_texts(
            '{"received_ns":',
            integer_texts(received_ns(evm.blocks.time_ms)),
            ',"chain":"evm",',
            self._objects.headers(evm.blocks, gas_by_block(evm)),
            "}\n",
        )

    def transactions(self, evm: EvmArrays) -> pa.Array:
        """Return a line a transaction."""
        return pa.array(self._transactions(evm.transactions), pa.string())

    def _transactions(self, rows: EvmTransactionArrays) -> Iterator[str]:
        received = received_ns(rows.time_ms).tolist()
        for at, transaction in enumerate(self._objects.transactions(rows)):
            yield _text(
                {
                    "received_ns": received[at],
                    "chain": "evm",
                    **transaction,
                    "blockTimestamp": hex(int(rows.time_ms[at]) // 1000),
                    "status": "0x1",
                    "transfers": self._objects.transfers(rows, at),
                }
            )


def _text(line: dict[str, object]) -> str:
    return encode_json(line).decode("ascii") + "\n"
