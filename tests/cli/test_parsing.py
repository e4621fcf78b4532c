from pathlib import Path

import pytest
from fakes import ALICE, BOB, START_MS

from hypertrack.cli.parsing import (
    choose_feeds,
    parse_duration_s,
    parse_time_ms,
    parse_wallets,
    read_wallets,
)
from hypertrack.errors import ConfigError

ALL = ("trades", "bbo", "candles")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5H", 5_400), ("2d", 172_800)]
)
def test_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-5m", "0", "10 minutes", "inf", "nan", "1e3"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ConfigError, match="such as 10m"):
        parse_duration_s(text)


def flags(**chosen: bool) -> dict[str, bool | None]:
    return {feed: chosen.get(feed) for feed in ALL}


def test_no_flag_records_what_is_configured() -> None:
    assert choose_feeds(("trades", "bbo"), flags()) == ("trades", "bbo")


def test_a_positive_flag_records_only_those() -> None:
    assert choose_feeds(("bbo",), flags(trades=True, candles=False)) == ("trades",)


def test_negative_flags_record_all_but_those() -> None:
    assert choose_feeds(ALL, flags(bbo=False)) == ("trades", "candles")


def test_no_feed_left_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no feed is left"):
        choose_feeds(("bbo",), flags(bbo=False))


@pytest.mark.parametrize(
    "text", ["2026-01-05T08:00", "2026-01-05 08:00:00Z", "2026-01-05T10:00+02:00", "1767600000000"]
)
def test_a_time_is_utc_unless_it_says_otherwise(text: str) -> None:
    assert parse_time_ms(text) == START_MS


@pytest.mark.parametrize(
    "text", ["", "yesterday", "-5", "08:00", "0", "2026", "1767600000", "1767600000000000"]
)
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ConfigError, match="a time is 2026-07-22T14:30"):
        parse_time_ms(text)


def test_wallets_are_listed_each_once() -> None:
    assert parse_wallets(f"{BOB}, {ALICE},{BOB}") == (BOB, ALICE)


@pytest.mark.parametrize("text", ["", "0x12", f"{ALICE},bob", "no_such_file.csv"])
def test_a_word_that_is_no_address_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match="--wallets takes a file or addresses"):
        parse_wallets(text)


def test_wallets_are_read_from_a_file_with_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "wallets.csv"
    file.write_bytes(b"\xef\xbb\xbf" + f"wallet,n\r\n{ALICE.upper()},3\r\n".encode())

    assert parse_wallets(str(file)) == (ALICE,)


def test_wallets_in_another_encoding_are_refused_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "wallets.csv"
    file.write_bytes(f"{ALICE}\n".encode() + b"\xe4\n")

    with pytest.raises(ConfigError, match=r"wallets\.csv:2: byte 0xe4 is not UTF-8"):
        parse_wallets(str(file))


def test_watchlist_may_have_remarks_and_no_heading(tmp_path: Path) -> None:
    file = tmp_path / "watchlist.txt"
    file.write_text(f"# mine\n{ALICE}  # a whale\n\n{BOB}\n")

    assert read_wallets(file, "--watchlist") == (ALICE, BOB)


def test_label_behind_an_address_is_left_out_after_a_blank_or_a_comma(tmp_path: Path) -> None:
    file = tmp_path / "watchlist.txt"
    file.write_text(f'wallet,name\n{ALICE} my old friend\n"{BOB}",another\n')

    assert read_wallets(file, "--watchlist") == (ALICE, BOB)


def test_watchlist_that_is_not_there_or_empty_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("# nobody yet\n")

    with pytest.raises(ConfigError, match="no file at nowhere: --watchlist names one"):
        read_wallets(Path("nowhere"), "--watchlist")
    with pytest.raises(ConfigError, match=r"--watchlist takes a file of 0x .* found none"):
        read_wallets(empty, "--watchlist")
