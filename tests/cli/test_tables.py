"""Tables of the terminal: numbers and identifiers are whole whatever the width."""

import io

import pytest
from drawn_wallets import scores
from rich.console import Console

from hypertrack.cli.session import Session, Shared
from hypertrack.cli.tables import PlainTable, plain_table
from hypertrack.cli.wallet_display import score_bar

ADDRESS = "0x9aa589355bf745db9784c8ef3c646360f11b58af"
HEADINGS = ("wallet", "verdict", "bets", "edge, bps", "why")
ROWS = [
    (
        ADDRESS,
        "NOT ENOUGH DATA",
        "1,152",
        "+12.1 [+10.2, +14.0]",
        "not to be told from luck yet",
    ),
    (ADDRESS[::-1], "COPY", "9", "−0.1 [−1.0, +0.8]", "a chance of 0.99 that something is left"),
]


def shown(table: PlainTable, width: int, encoding: str = "utf-8") -> list[str]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="replace")
    Console(file=file, width=width).print(table)
    file.flush()
    return raw.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_numbers_and_identifiers_are_never_broken(width: int) -> None:
    lines = shown(plain_table(HEADINGS, ROWS), width)

    text = "\n".join(lines)
    assert max(map(len, lines)) <= width
    for row in ROWS:
        for cell in row[:-1]:
            assert cell in text


def test_rows_of_a_table_that_is_too_wide_stand_one_below_the_other() -> None:
    lines = shown(plain_table(("coin", "trades", "price"), [("BTC", "1,234", "97,000.5")]), 12)

    assert [line.rstrip() for line in lines] == ["coin BTC", "trades 1,234", "price", "97,000.5"]


def test_heading_of_several_words_is_never_cut_off() -> None:
    table = plain_table(["version", "heads earned"], [("20261126T214139Z-a6193861", "2 of 6")])

    wide, narrow = (shown(table, width) for width in (39, 38))

    assert wide[0] == "                  version  heads earned"  # 25 + 2 + 12 wide
    assert narrow == ["version 20261126T214139Z-a6193861", "heads earned 2 of 6"]


def test_prose_is_broken_between_words() -> None:
    lines = shown(plain_table(("n", "why"), [("1", "words that need more than a line here")]), 24)

    assert [line.strip() for line in lines] == [
        "n  why",
        "1  words that need more",
        "than a line here",
    ]


def test_remarks_stand_under_their_rows() -> None:
    table = plain_table(("coin", "n"), [("BTC", "1"), ("ETH", "22")], notes=["the first", ""])

    assert [line.rstrip() for line in shown(table, 40)] == [
        "coin   n",
        "BTC    1",
        "  the first",
        "ETH   22",
    ]


def test_remarks_cannot_steer_a_terminal() -> None:
    table = plain_table(("coin",), [("BTC",)], notes=["\x1b[2Jgone"])

    assert "\x1b" not in "".join(shown(table, 40))


def test_bars_of_scores_differ_in_length_without_color() -> None:
    low, high = (score_bar(score).plain.strip() for score in (0.067, 1.0))

    assert (len(low), len(high)) == (1, 12)
    assert scores().bot_probability == 0.0
    assert score_bar(0.0).plain.strip() == ""


@pytest.mark.parametrize(
    ("shared", "command"),
    [
        (Shared(), "hypertrack verify"),
        (Shared(data="my data"), "hypertrack verify --data 'my data'"),
        (Shared(data="postgresql://me:secret@host/db"), "verify --data 'postgresql://***@host/db'"),
    ],
)
def test_next_command_works_on_the_same_data_and_tells_no_password(
    shared: Shared, command: str
) -> None:
    assert command in Session(shared).command("verify")


def test_next_command_carries_what_the_other_needs() -> None:
    session = Session(Shared(data="d"))

    assert session.command("verdict", out="o", profiles=None) == (
        "hypertrack verdict --data d --out o"
    )
