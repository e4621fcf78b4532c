"""Two files of profiles, of which a test says what differs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from kept_profiles import Kept, write_kept
from profile_fakes import scores

from hypertrack.records import MovedEstimate, Presence, Verdict, VerdictChange, WalletDiff
from hypertrack.store.profile_diff import ProfileJoin
from hypertrack.store.profiles import ProfileFile

A, B, C, D = (f"0x{letter * 40}" for letter in "abcd")
WHALE = {"tx_count": 9.0, "max_value": 60_000.0, "total_value": 600_000.0}

Join = Callable[..., ProfileJoin]


@pytest.fixture
def join(tmp_path: Path) -> Join:
    """Join two lists of wallets, each written to a file first."""

    def joined(before: list[Kept], after: list[Kept]) -> ProfileJoin:
        files = [write_kept(tmp_path / name, *kept) for name, kept in (("a", before), ("b", after))]
        headers = [ProfileFile(file).header for file in files]
        return ProfileJoin(files[0], files[1], (headers[0], headers[1]))

    return joined


def edge(wallet: str, low: float, value: float, high: float) -> Kept:
    numbers = {"edge_low_bps": low, "edge_bps": value, "edge_high_bps": high}
    return Kept(wallet, verdict=Verdict.WATCH, skill=numbers)


def test_who_entered_and_left_is_counted_and_shown_with_its_categories(join: Join) -> None:
    with join([Kept(A), Kept(B, WHALE)], [Kept(A), Kept(C, WHALE)]) as found:
        assert found.counts() == {"n_both": 1, "n_entered": 1, "n_left": 1, "n_changed": 0}
        entered, left = found.wallets()

    assert (entered.wallet, entered.presence) == (C, Presence.ENTERED)
    assert "Whale" in entered.gained and entered.lost == ()
    assert (left.wallet, left.presence, left.tx_count) == (B, Presence.LEFT, 9.0)
    assert "Whale" in left.lost and left.gained == ()


def test_categories_gained_and_lost_are_those_of_wallets_in_both(join: Join) -> None:
    with join([Kept(A), Kept(B, WHALE), Kept(D, WHALE)], [Kept(A, WHALE), Kept(B)]) as found:
        by_name = {each.name: each for each in found.categories()}
        changed = {each.wallet: each for each in found.wallets()}

    whale = by_name["Whale"]
    assert (whale.n_before, whale.n_after, whale.n_gained, whale.n_lost) == (2, 1, 1, 1)
    assert "Whale" in changed[A].gained
    assert "Whale" in changed[B].lost


def test_changes_of_verdicts_are_counted_and_copy_comes_first(join: Join) -> None:
    before = [Kept(w, verdict=Verdict.WATCH) for w in (A, B, C)]
    after = [
        Kept(A, {"tx_count": 900.0}, verdict=Verdict.AVOID),
        Kept(B, verdict=Verdict.COPY),
        Kept(C, verdict=Verdict.WATCH),
    ]

    with join(before, after) as found:
        verdicts = found.verdicts()
        wallets = [(each.wallet, each.verdict_after) for each in found.wallets()]

    assert verdicts == (
        VerdictChange(before="WATCH", after="AVOID", n_wallets=1),
        VerdictChange(before="WATCH", after="COPY", n_wallets=1),
    )
    assert wallets == [(B, "COPY"), (A, "AVOID")]


def test_estimate_has_moved_where_its_intervals_do_not_touch(join: Join) -> None:
    before = [edge(A, 1, 2, 3), edge(B, 1, 2, 3), edge(C, 1, 2, 3), edge(D, 5, 6, 7)]
    after = [edge(A, 3.5, 4, 5), edge(B, 3, 4, 5), edge(C, 0, 2, 9), edge(D, 1, 2, 3)]

    with join(before, after) as found:
        edges, copied = found.estimates()
        moved = {each.wallet: each.moved for each in found.wallets()}

    assert (edges.name, edges.n_compared, edges.n_up, edges.n_down) == ("edge_bps", 4, 1, 1)
    assert (copied.name, copied.n_compared) == ("copy_edge_bps", 0)  # of nobody is it known
    assert set(moved) == {A, D}
    assert moved[A] == (
        MovedEstimate(
            name="edge_bps",
            before=2.0,
            before_low=1.0,
            before_high=3.0,
            after=4.0,
            after_low=3.5,
            after_high=5.0,
        ),
    )


def test_estimate_that_is_unknown_on_one_side_has_not_moved(join: Join) -> None:
    with join([edge(A, 1, 2, 3)], [Kept(A, verdict=Verdict.WATCH)]) as found:
        assert found.estimates()[0].n_compared == 0
        assert list(found.wallets()) == []


def test_interval_without_width_tells_of_no_move(join: Join) -> None:
    with join([edge(A, 2, 2, 2)], [edge(A, 3, 3, 3)]) as found:
        assert (found.estimates()[0].n_compared, found.estimates()[0].n_up) == (1, 0)
        assert list(found.wallets()) == []


def test_scores_have_no_interval_and_differ_by_so_much(join: Join) -> None:
    before = [Kept(w, scores=scores(risk_score=0.2)) for w in (A, B, C)]
    after = [Kept(w, scores=scores(risk_score=r)) for w, r in ((A, 0.3), (B, 0.2), (C, 0.6))]

    with join(before, after) as found:
        risk = {each.name: each for each in found.scores()}["risk_score"]

    assert risk.n_compared == 3
    assert risk.median_change == pytest.approx(0.1)  # of 0.1, 0 and 0.4
    assert risk.p95_change == pytest.approx(0.37)  # nine tenths of the way from 0.1 to 0.4


def test_what_one_side_was_never_asked_is_not_compared(join: Join) -> None:
    with join([Kept(A)], [Kept(A, scores=scores(), verdict=Verdict.COPY)]) as found:
        assert found.verdicts() == found.estimates() == found.scores() == ()
        assert found.counts()["n_changed"] == 0


def test_nobody_is_compared_with_somebody(join: Join) -> None:
    with join([], [Kept(A)]) as found:
        (entered,) = found.wallets()

    assert isinstance(entered, WalletDiff)
    assert entered.presence is Presence.ENTERED


def test_wallets_come_up_to_a_limit_the_most_active_first(join: Join) -> None:
    after = [Kept(f"0x{n:040x}", {"tx_count": float(n)}) for n in range(9_000)]

    with join([], after) as found:
        first = [each.tx_count for each in found.wallets(3)]
        n_all = sum(1 for _ in found.wallets())

    assert first == [8999.0, 8998.0, 8997.0]
    assert n_all == 9_000
