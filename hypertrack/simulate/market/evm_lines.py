"""The lines of the EVM chain's blocks and transactions."""

from collections.abc import Iterator

from hypertrack.records import encode_json
from hypertrack.simulate.market.arrays import EvmArrays
from hypertrack.simulate.market.dataset_lines import received_ns
from hypertrack.simulate.market.evm_objects import EvmObjects, gas_by_block
from hypertrack.simulate.market.market import Market


class EvmLines:
    """Writes what happened on a market's chain as the recorder would."""

    def __init__(self, market: Market):
        self._objects = EvmObjects(market.wallets, market.tokens, market.settings.seed)

    def blocks(self, evm: EvmArrays) -> Iterator[str]:
        """Yield a line a block."""
        blocks = self._objects.blocks(evm.blocks, gas_by_block(evm))
        for received, block in zip(received_ns(evm.blocks.time_ms), blocks, strict=True):
            yield _text({"received_ns": received, "chain": "evm", **block})

    def transactions(self, evm: EvmArrays) -> Iterator[str]:
        """Yield a line a transaction."""
        rows = evm.transactions
        received = received_ns(rows.time_ms)
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
