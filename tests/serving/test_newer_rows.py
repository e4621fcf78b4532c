"""Profiles of which some were measured again, as one set."""

import math
from pathlib import Path

import numpy as np
from fakes import ALICE, BOB, CAROL
from kept_profiles import Kept, write_kept
from profile_fakes import hostile_set

from hypertrack.pipeline.profiles import Profiles
from hypertrack.records import Verdict
from hypertrack.serving.newer_rows import NewerRows
from hypertrack.store.profiles import ProfileFile

DAVE = "0x" + "d" * 40


def kept(wallet: str, n: float, verdict: Verdict | None = None, **skill: float) -> Kept:
    return Kept(wallet, {"tx_count": n}, verdict=verdict, skill=skill)


def profiles(file: Path, *wallets: Kept) -> Profiles:
    return Profiles(ProfileFile(write_kept(file, *wallets)))


def both(folder: Path, *newer: Kept) -> NewerRows:
    older = profiles(
        folder / "older.parquet",
        kept(ALICE, 300, Verdict.COPY, edge_bps=6.0),
        kept(BOB, 200, Verdict.WATCH, edge_bps=2.0),
        kept(CAROL, 100, Verdict.AVOID, edge_bps=-3.0),
    )
    return NewerRows(older, profiles(folder / "newer.parquet", *newer))


def test_newer_row_takes_the_place_of_the_older_and_new_wallets_join(tmp_path: Path) -> None:
    found = both(tmp_path, kept(BOB, 400), kept(DAVE, 50))

    assert found.column("wallet").tolist() == [BOB, ALICE, CAROL, DAVE]  # the most active first
    assert found.column("tx_count").tolist() == [400, 300, 100, 50]
    assert found.header.n_wallets == 4
    made = list(found.wallets(np.arange(4)))
    assert [each.wallet for each in made] == [BOB, ALICE, CAROL, DAVE]
    assert [each.features["tx_count"] for each in made] == [400, 300, 100, 50]


def test_wallet_that_was_not_judged_anew_keeps_its_verdict(tmp_path: Path) -> None:
    found = both(tmp_path, kept(BOB, 400), kept(DAVE, 50))

    assert found.column("verdict").tolist() == ["WATCH", "COPY", "AVOID", None]
    edges = found.column("edge_bps").tolist()
    assert edges[:3] == [2.0, 6.0, -3.0]
    assert math.isnan(edges[3])
    bob, dave = found.wallets(np.array([0, 3]))
    assert bob.skill is not None
    assert bob.skill.verdict is Verdict.WATCH
    assert dave.skill is None


def test_wallet_that_was_judged_anew_has_its_new_verdict(tmp_path: Path) -> None:
    found = both(tmp_path, kept(BOB, 400, Verdict.AVOID, edge_bps=-9.0))

    assert found.column("verdict").tolist() == ["AVOID", "COPY", "AVOID"]
    assert found.column("edge_bps").tolist() == [-9.0, 6.0, -3.0]
    (bob,) = found.wallets(np.array([0]))
    assert bob.skill is not None
    assert bob.skill.verdict is Verdict.AVOID


def test_categories_are_those_that_are_held_now(tmp_path: Path) -> None:
    older = hostile_set()
    found = NewerRows(older, profiles(tmp_path / "newer.parquet", kept(ALICE, 1)))

    name = next(iter(older.header.n_wallets_by_category))
    assert found.holds([name]).tolist() == [True, False, False]
    assert found.header.n_wallets_by_category == {name: 1}
    assert found.header.n_with_category == 1


def test_any_rows_are_made_in_their_order(tmp_path: Path) -> None:
    found = both(tmp_path, kept(BOB, 250), kept(DAVE, 350))

    assert [each.wallet for each in found.wallets(np.array([1, 3]))] == [ALICE, CAROL]
    assert list(found.wallets(np.array([], dtype=np.intp))) == []
