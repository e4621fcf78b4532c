"""Text from outside is read in any form of UTF-8, and harmless where it goes."""

import json
from pathlib import Path

import pytest

from hypertrack.clock import utc, utc_name
from hypertrack.errors import ConfigError
from hypertrack.text import (
    ascii_json,
    csv_cell,
    masked_url,
    printable,
    read_text,
    six_digits,
    with_minus,
)

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize("content", [b"a\n\xc3\xa4", BOM + b"a\r\n\xc3\xa4", b"a\r\xc3\xa4"])
def test_text_is_read_with_or_without_mark_and_whatever_ends_its_lines(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "text").write_bytes(content)

    assert read_text(tmp_path / "text") == "a\nä"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a\nb\xe4\n", ":2: byte 0xe4 is not UTF-8: save it as UTF-8"),
        ("a".encode("utf-16"), ":1: is UTF-16, and UTF-8 is needed: save it as UTF-8"),
    ],
)
def test_other_encodings_are_refused_with_file_and_line(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "text").write_bytes(content)

    with pytest.raises(ConfigError) as refusal:
        read_text(tmp_path / "text")

    assert str(refusal.value) == f"{tmp_path / 'text'}{reason}"


@pytest.mark.parametrize("evil", ["\x1b[2J", "\n", "\x00", "\x9b", "\u202e", "\u2028", "\udce4"])
def test_printable_text_steers_nothing(evil: str) -> None:
    assert printable(f"a{evil}b").isprintable()
    assert printable("BTC × 3 – ä") == "BTC × 3 – ä"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@A1", " =1", "＝1", "\t=1", "\r=1", "\ufeff=1"]
)
def test_cell_is_no_formula(text: str) -> None:
    assert not csv_cell(text).lstrip().startswith(("=", "+", "-", "@", "＝"))


def test_cell_of_plain_text_is_the_text_itself() -> None:
    assert csv_cell("holds 3 coins; -4 %") == "holds 3 coins; -4 %"


def test_json_in_ascii_means_the_same() -> None:
    value = {"coin": "Bä\x9b\x7f\u202e\U0001f525\n\x1b"}

    text = ascii_json(json.dumps(value, ensure_ascii=False).encode())

    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == value


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_769_083_200_999, "2026-01-22T12:00:00Z"),
        (None, "–"),
        (-62_135_596_800_001, "-62135596800001 ms after 1970"),
        (10**19, "10000000000000000000 ms after 1970"),
    ],
)
def test_times_are_utc_and_say_so(time_ms: int | None, text: str) -> None:
    assert utc(time_ms) == text


def test_times_show_milliseconds_and_name_files() -> None:
    assert utc(1_769_083_200_999, timespec="milliseconds") == "2026-01-22T12:00:00.999Z"
    assert utc_name(1_769_083_200_000) == "2026-01-22T12-00-00Z"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-0.10%", "−0.10%"),
        ("skill +0.21 [-0.02, -.5]", "skill +0.21 [−0.02, -.5]"),
        ("by -$950 a day", "by −$950 a day"),
        ("4e-05", "4e-05"),
        ("long-only, 3-5 days, 2026-01-05, -x", "long-only, 3-5 days, 2026-01-05, -x"),
    ],
)
def test_minus_stands_before_numbers_below_zero_alone(text: str, shown: str) -> None:
    assert with_minus(text) == shown


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [
        (8_424_467.3, "+", "+8,424,470"),
        (-630_442.0, "+", "-630,442"),
        (0.0000123456, "-", "0.0000123456"),
        (65_432.15, "-", "65,432.2"),
        (3.0, "+", "+3"),
        (0.0, "-", "0"),
    ],
)
def test_number_is_never_written_as_a_power_of_ten(value: float, sign: str, text: str) -> None:
    assert six_digits(value, sign=sign) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:a@b:c@host:5000/x", "https://***@host:5000/x"),
        (
            "from http://me@a to ws://you:pw@[::1]:9?q=1",
            "from http://***@a to ws://***@[::1]:9?q=1",
        ),
        ("https://host/of/me@home", "https://host/of/me@home"),
        ("http://[no address", "http://[no address"),
    ],
)
def test_names_and_passwords_of_addresses_are_masked_wherever_they_stand(
    text: str, shown: str
) -> None:
    assert masked_url(text) == shown
