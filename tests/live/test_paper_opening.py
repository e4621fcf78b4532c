"""Following on paper begun: its terms, and whom it is held against."""

from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS
from kept_profiles import Kept, write_kept
from paper_fakes import PaperRun, acts, tick, write_lines

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.live.paper_opening import N_DRAWS, portfolios_beside
from hypertrack.records import Verdict

OTHERS = ["0x" + digit * 40 for digit in "345678"]


def profiles(folder: Path) -> Path:
    """Write profiles: Alice and Bob are COPY, Carol earned most, one never opened anything."""
    judged = [
        Kept(ALICE, verdict=Verdict.COPY, skill={"n_openings": 9.0}, profit_usd=5.0),
        Kept(BOB, verdict=Verdict.COPY, skill={"n_openings": 9.0}, profit_usd=-5.0),
        Kept(CAROL, verdict=Verdict.AVOID, skill={"n_openings": 9.0}, profit_usd=900.0),
        *(Kept(one, verdict=Verdict.WATCH, skill={"n_openings": 1.0}) for one in OTHERS[1:]),
        Kept(OTHERS[0], verdict=Verdict.WATCH, skill={"n_openings": 0.0}),
    ]
    return write_kept(folder / "profiles.parquet", *judged)


def settings(**follow: Any) -> Settings:
    return Settings.model_validate({"follow": {"capital_usd": 1_000} | follow})


def test_others_follow_as_many_wallets_as_are_followed(tmp_path: Path) -> None:
    best, *draws = portfolios_beside(profiles(tmp_path), settings())

    assert best.wallets == (CAROL, ALICE)  # by profit, as many as are called COPY
    assert len(draws) == N_DRAWS
    assert {len(draw.wallets) for draw in draws} == {2}
    assert len({draw.wallets for draw in draws}) > 10
    assert OTHERS[0] not in {wallet for draw in draws for wallet in draw.wallets}


def test_draws_are_the_same_each_time(tmp_path: Path) -> None:
    file = profiles(tmp_path)

    assert portfolios_beside(file, settings()) == portfolios_beside(file, settings())


def test_without_profiles_it_is_held_against_nobody(tmp_path: Path) -> None:
    assert portfolios_beside(tmp_path / "profiles.parquet", settings()) == ()


def test_portfolios_beside_trade_as_if_their_wallets_were_flat(tmp_path: Path) -> None:
    profiles(tmp_path)
    write_lines(tmp_path, "trades", [*acts(1_000, 1), *acts(20_000, -1)])

    run = PaperRun(tmp_path, told={}, makers=True).read()

    # Alice's own position is unknown, so that we follow nothing; who drew her or Bob does.
    by_name = {one.name: one for one in run.state.portfolios}
    assert by_name["leaders"].n_orders == 0
    drawn = [one for one in run.state.portfolios if {ALICE, BOB} & one.wallets]
    assert drawn
    assert all(one.n_orders == 2 * len({ALICE, BOB} & one.wallets) for one in drawn)


def test_log_of_other_terms_is_not_gone_on_with(tmp_path: Path) -> None:
    PaperRun(tmp_path)

    with pytest.raises(
        ConfigError, match=r"begun with other terms \(delay_ms 5000, now 9000\): set"
    ):
        PaperRun(tmp_path, delay_s=9)


def test_log_that_was_changed_is_refused(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))
    log = PaperRun(tmp_path).read().log
    log.write_bytes(log.read_bytes().replace(b'"kind":"action"', b'"kind":"actors"'))

    with pytest.raises(DatasetError, match="was changed"):
        PaperRun(tmp_path)


def test_actions_of_before_the_beginning_are_not_followed(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", [*acts(-9_000, 1), *acts(1_000, 1)])

    run = PaperRun(tmp_path).read()

    (step,) = run.steps[1:]
    assert step.moves[0].action_ms == START_MS + 1_000


@pytest.mark.parametrize("name", ["capital_usd", "notional_usd", "max_notional_usd"])
def test_amount_below_the_venues_minimum_is_refused_at_the_door(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 9, and the venue takes no order below 10"):
        settings(**{name: 9})


def test_hours_before_the_first_trade_are_nobodys(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", [*acts(1_000, 1), tick(3_609_000)])

    run = PaperRun(tmp_path, since_ms=0).read()

    assert [step.kind for step in run.steps] == ["begin", "action", "hour"]


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        *(("follow", "capital_usd", 1e300), ("follow", "delay_s", 1e300)),
        *(("follow", "spread_bps", 10_000), ("follow", "max_leverage", 1e300)),
        *(("challenge", "block_h", 1e-9), ("challenge", "block_h", 1e300)),
    ],
)
def test_setting_that_nobody_can_mean_is_refused_at_the_door(
    section: str, name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.model_validate({section: {name: value}})
