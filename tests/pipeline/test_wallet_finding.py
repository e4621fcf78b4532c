"""A wallet by its address, by how it begins, or by both ends as tables show them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hypertrack.errors import ConfigError, DatasetError
from hypertrack.pipeline.wallet import checked_address, profile_of
from hypertrack.records import WalletProfile

WALLETS = [f"0xab{digit * 38}" for digit in "1234567"] + [f"0xcd{'0' * 38}"]


class Known:
    """Profiles of which only the addresses matter; what is found is the address itself."""

    class header:  # noqa: N801 - stands for an attribute
        n_wallets = len(WALLETS)

    def column(self, name: str) -> NDArray[np.object_]:
        assert name == "wallet"
        return np.array(WALLETS, dtype=object)

    def find(self, wallet: str) -> str | None:
        return wallet if wallet in WALLETS else None


def find(address: str) -> WalletProfile:
    return profile_of(Known(), checked_address(address), Path("data"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address", ["0xcd", "0xCD000", f" {WALLETS[-1].upper().replace('X', 'x')} ", "0xcd0000…0000"]
)
def test_beginning_of_one_wallet_finds_it(address: str) -> None:
    assert find(address) == WALLETS[-1]


def test_both_ends_as_tables_show_them_find_it() -> None:
    assert find("0xab3333…3333") == find("0xab3333...3333") == WALLETS[2]


def test_several_that_begin_alike_are_named() -> None:
    with pytest.raises(DatasetError, match=f"7 wallets begin with 0xab: {WALLETS[0]}.* and 2 more"):
        find("0xab")


def test_nobody_begins_so() -> None:
    with pytest.raises(DatasetError, match="no wallet of the 8 seen in data begins with 0xff"):
        find("0xff")


@pytest.mark.parametrize("address", ["", "0x", "ab", "0xzz", "0x" + "1" * 41, "0xab…", "…ab"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="a wallet is 0x and 40 hexadecimal digits"):
        checked_address(address)
