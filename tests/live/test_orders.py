"""Orders as the venue takes them, worked by hand."""

from decimal import Decimal

import pytest

from hypertrack.config import FollowSettings
from hypertrack.live.orders import Decimals, client_order_id, order_for, rounded_price
from hypertrack.records import Side, encode_json

SETTINGS = FollowSettings(notional_usd=1_000, max_slippage_bps=50)


def test_order_is_what_the_venues_sdk_takes() -> None:
    order = order_for("BTC", Side.BUY, Decimal("84150.5"), SETTINGS, (5, 1), "0x" + "0" * 32)

    # 1,000 / 84,150.5 = 0.011883…; 84,150.5 · 1.005 = 84,571.2525, of which 5 digits are 84,571
    assert encode_json(order) == (
        b'{"coin":"BTC","is_buy":true,"sz":0.01188,"limit_px":84571.0,"order_type":{"limit":'
        b'{"tif":"Ioc"}},"reduce_only":false,"cloid":"0x00000000000000000000000000000000"}'
    )


@pytest.mark.parametrize(
    ("price", "side", "most", "rounded"),
    [
        ("84571.9", Side.BUY, 1, "84571"),  # five digits
        ("84571.1", Side.SELL, 1, "84572"),  # never beyond what was meant
        ("123456.7", Side.BUY, 1, "123456"),  # whole numbers may have more
        ("0.0042156789", Side.BUY, 6, "0.004215"),  # the coin's decimals
        ("1.23456", Side.SELL, 6, "1.2346"),
    ],
)
def test_price_has_five_digits_and_the_decimals_of_its_coin(
    price: str, side: Side, most: int, rounded: str
) -> None:
    assert str(rounded_price(Decimal(price), side, most)) == rounded


def test_order_below_ten_dollars_is_not_proposed() -> None:
    small = FollowSettings(notional_usd=12)

    assert order_for("BTC", Side.BUY, Decimal(84_000), small, (4, 1), "0x0") is None  # $8.40
    assert order_for("BTC", Side.BUY, Decimal(84_000), small, (5, 1), "0x0") is not None


def test_without_a_size_no_order_is_proposed() -> None:
    assert order_for("BTC", Side.BUY, Decimal(1), FollowSettings(), (5, 1), "0x0") is None


def test_decimals_are_the_most_that_a_coin_has_had() -> None:
    decimals = Decimals()
    for size, price in (("1.0", "96.01"), ("0.125", "96"), ("2", "95.9")):
        decimals.note("SOL", size, price)

    assert decimals.of("SOL") == (3, 2)
    assert decimals.of("never seen") == (0, 0)


def test_order_name_is_sixteen_bytes_and_the_same_for_the_same_signal() -> None:
    assert client_order_id("sg_1") == client_order_id("sg_1") != client_order_id("sg_2")
    assert len(client_order_id("sg_1")) == 34
