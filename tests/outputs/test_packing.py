import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_reading import read_pack

from hypertrack.outputs.packing import Pack
from hypertrack.outputs.wording import bps, signed, usd


def packed(**columns: list[float]) -> Pack:
    pack = Pack()
    for name, values in columns.items():
        pack.numbers(name, values, usd)
    return pack


def test_numbers_come_back_as_they_are_written() -> None:
    values = [950.4, 61_300.0, math.nan, -3_100_000_000.0, 61_349.0, 0.2]

    found = read_pack(packed(profit=values).text())

    assert found.texts("profit") == ["$950", "$61.3k", None, "−$3.10B", "$61.3k", "$0"]


def test_codes_rise_with_the_numbers_so_that_sorting_needs_no_text() -> None:
    rng = random.Random(3)
    values = [rng.gauss(0, 1e5) for _ in range(2_000)]

    codes = read_pack(packed(profit=values).text()).codes("profit")

    order = sorted(range(len(values)), key=lambda row: values[row])
    assert [codes[row] for row in order] == sorted(codes)
    assert min(codes) == 1


def test_more_than_256_numbers_take_two_bytes() -> None:
    pack = Pack()
    pack.numbers("n", [float(i) for i in range(300)], "{:.0f}".format)

    found = read_pack(pack.text())

    assert found.head["n"]["width"] == 2
    assert found.texts("n") == [str(i) for i in range(300)]


def test_what_is_infinite_is_not_known() -> None:
    assert read_pack(packed(profit=[math.inf, 1.0, -math.inf]).text()).texts("profit") == [
        None,
        "$1",
        None,
    ]


def test_column_of_nobody_is_empty() -> None:
    pack = packed(profit=[])
    pack.words("says", [])
    pack.counts("n_held", [])

    found = read_pack(pack.text())

    assert found.texts("profit") == found.texts("says") == found.codes("n_held") == []


def test_words_are_said_once() -> None:
    pack = Pack()
    pack.words("verdict", ["WATCH", None, "WATCH", "AVOID"])

    found = read_pack(pack.text())

    assert found.head["verdict"]["texts"] == ["WATCH", "AVOID"]
    assert found.texts("verdict") == ["WATCH", None, "WATCH", "AVOID"]


@pytest.mark.parametrize("last", [f"0x{'ab' * 20}", "</script>"])
def test_addresses_come_back(last: str) -> None:
    addresses = [f"0x{i:040x}" for i in range(3)] + [last]
    pack = Pack()
    pack.addresses("wallet", addresses)
    pack.words("verdict", [None] * 4)

    assert read_pack(pack.text()).addresses("wallet") == addresses


def test_same_columns_are_the_same_text() -> None:
    assert packed(profit=[1.0, 2.0]).text() == packed(profit=[1.0, 2.0]).text()


@given(st.floats(-1e12, 1e12))
def test_there_is_one_minus_and_no_minus_nothing(value: float) -> None:
    for text in (usd(value), signed(value), bps(value)):
        assert "-" not in text
        assert not (text.startswith("−") and set(text) <= set("−$0.,"))


@pytest.mark.parametrize(
    ("value", "text"),
    [(999.4, "$999"), (999.6, "$1.0k"), (999_949, "$999.9k"), (999_960, "$1.00M"), (-0.3, "$0")],
)
def test_dollars_change_their_size_where_they_are_rounded_to_it(value: float, text: str) -> None:
    assert usd(value) == text
