"""Who is on which list, while lists change."""

import os
from pathlib import Path

import pytest
from fakes import ALICE, BOB, CAROL

from hypertrack.config import WatchlistSettings
from hypertrack.errors import ConfigError
from hypertrack.live.watching import Watchlists
from hypertrack.records import Evidence


def evidence(verdict: str) -> Evidence:
    return Evidence(
        verdict=verdict,
        gate=None,
        model=None,
        as_of_ms=0,
        delay_s=5,
        copy_edge_bps=None,
        copy_edge_low_bps=None,
        copy_edge_high_bps=None,
        n_bets=0,
        capacity_usd=None,
        confidence=None,
    )


def write(file: Path, text: str, at_s: int) -> None:
    """Write a list, of a time of its own: two edits may fall into one tick of the disk's clock."""
    file.write_text(text)
    os.utime(file, (at_s, at_s))


def test_wallet_is_on_every_list_that_names_it_or_its_verdict(tmp_path: Path) -> None:
    write(tmp_path / "mine.txt", f"# friends\n{ALICE.upper().replace('X', 'x')} old friend\n", 1)
    lists = Watchlists(
        [
            WatchlistSettings(name="mine", file=tmp_path / "mine.txt"),
            WatchlistSettings(name="both", wallets=(ALICE, BOB)),
            WatchlistSettings(name="worthy", verdicts=("COPY",)),
        ],
        {ALICE: evidence("COPY"), CAROL: evidence("AVOID")},
    )

    assert lists.of(ALICE) == ("mine", "both", "worthy")
    assert lists.of(BOB) == ("both",)
    assert lists.of(CAROL) == ()


def test_file_is_read_again_when_it_changes_and_a_wrong_edit_leaves_the_old(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    write(file, ALICE, 1)
    lists = Watchlists([WatchlistSettings(name="mine", file=file)], {})

    write(file, f"{ALICE}\n{BOB}, a label\n", 2)
    lists.read_changed_files()
    assert lists.of(BOB) == ("mine",)

    write(file, f"{ALICE}\n0xb", 3)
    with pytest.raises(ConfigError, match="found '0xb'"):
        lists.read_changed_files()
    lists.read_changed_files()  # said once
    assert lists.of(BOB) == ("mine",)

    file.unlink()
    with pytest.raises(ConfigError, match=r"no file at .*mine\.txt"):
        lists.read_changed_files()
    lists.read_changed_files()
    assert lists.of(BOB) == ("mine",)


def test_list_that_is_not_there_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="watchlist mine names one with an address a line"):
        Watchlists([WatchlistSettings(name="mine", file=tmp_path / "mine.txt")], {})
