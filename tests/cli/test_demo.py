"""The demo: its settings, its exchange, and what it says in the end."""

import io
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
from backtest_fakes import told
from profile_fakes import model

from hypertrack.cli.demo_display import show_result
from hypertrack.cli.session import Session, Shared
from hypertrack.config import SimulateSettings, load_config
from hypertrack.errors import VenueError
from hypertrack.outputs.backtest_words import sentences
from hypertrack.pipeline.backtest import Told
from hypertrack.pipeline.demo import QUICK, WHOLE, Demo, DemoResult, JudgedWallet, write_settings
from hypertrack.pipeline.demo_exchange import demo_exchange
from hypertrack.records import CategoryTruth, TruthComparison

WALLET = "0x9aa589355bf745db9784c8ef3c646360f11b58af"


def demo_in(folder: Path) -> Demo:
    settings = load_config(folder=folder, environment={}).settings
    return Demo.in_folder(settings, folder / 'de"mo')


def test_settings_of_the_demo_find_its_folder_from_anywhere(tmp_path: Path) -> None:
    demo = demo_in(tmp_path)

    file = write_settings(demo.settings)
    found = load_config(file, environment={}, folder=tmp_path / "elsewhere").settings

    assert file == tmp_path / 'de"mo' / "hypertrack.toml"
    assert (found.data, found.out) == (demo.settings.data, demo.settings.out)


def test_settings_of_the_demo_are_written_again_by_the_next_one(tmp_path: Path) -> None:
    demo = demo_in(tmp_path)

    assert write_settings(demo.settings) == write_settings(demo.settings)


def test_settings_that_the_user_keeps_there_are_left_alone(tmp_path: Path) -> None:
    demo = demo_in(tmp_path)
    mine = demo.settings.out / "hypertrack.toml"
    mine.parent.mkdir()
    mine.write_text("[train]\nseed = 1\n")

    file = write_settings(demo.settings)

    assert mine.read_text() == "[train]\nseed = 1\n"
    assert tomllib.loads(file.read_text())["out"] == str(demo.settings.out)


def story(folder: str = "demo") -> DemoResult:
    """Return what a demo could have found."""
    found = told()
    return DemoResult(
        folder=folder,
        dashboard=f"{folder}/wallet_dashboard.html",
        report=f"{folder}/final_report.txt",
        training_report=f"{folder}/training_report.html",
        backtest_page=f"{folder}/backtest.html",
        config=f"{folder}/hypertrack.toml",
        truth_file=f"{folder}/truth.parquet",
        busiest_wallet=WALLET,
        n_trades=151_234,
        n_recorded=76_722,
        n_asked=5,
        n_wallets=997,
        n_wallets_with_category=888,
        headline="1 wallet is worth copying 5 s later with $1,000",
        verdicts=(
            JudgedWallet(
                wallet=WALLET,
                verdict="NOT ENOUGH DATA",
                bets="1,152",
                edge="+12.1 [+10.2, +14.0]",
                true_edge_bps=35.4,
                true_copy_edge_bps=-12.6,
                traps="skill_ends,carried",
            ),
            JudgedWallet(
                wallet=WALLET[::-1],
                verdict="COPY",
                bets="58",
                edge="+9.0 [+1.0, +17.0]",
                true_edge_bps=None,
                true_copy_edge_bps=None,
                traps="",
            ),
        ),
        n_worth_copying=7,
        backtest=Told(sentences=sentences(found), backtest=found),
        model=model("risk_score"),
        truth=TruthComparison(
            n_wallets=997, bot_auc=0.754, profitability_ic=0.1, sophistication_ic=None
        ),
        categories=(
            CategoryTruth(
                category="Sophisticated Trader",
                n_assigned=1_118,
                n_true=42,
                precision=0.02,
                precision_low=0.01,
                precision_high=0.06,
                recall=0.5,
                base_rate=0.04,
            ),
        ),
    )


def shown(width: int, result: DemoResult, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("COLUMNS", str(width))
    show_result(Session(Shared()), result)
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_end_of_the_story_fits_and_breaks_no_number(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, _err = shown(width, story(), monkeypatch)

    assert max(map(len, out.splitlines())) <= width
    for whole in ("151,234", "1,152", "+12.1 [+10.2, +14.0]", "35.4", "−12.6", "[0.01, 0.06]"):
        assert whole in out
    for part in ("1 wallet is worth copying", "NOT ENOUGH DATA", "skill ends", "at chance"):
        assert part in out
    assert "AUC 0.75" in " ".join(out.split())


def test_next_commands_are_three_and_whole_whatever_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _out, err = shown(60, story("de mo"), monkeypatch)

    commands = [line.strip() for line in err.splitlines() if line.strip().startswith("hypertrack")]
    assert [shlex.split(command) for command in commands] == [
        ["hypertrack", "--config", "de mo/hypertrack.toml", "verdict", "--why", WALLET],
        ["hypertrack", "--config", "de mo/hypertrack.toml", "wallet", WALLET],
        [
            *("hypertrack", "--config", "de mo/hypertrack.toml"),
            *("categories", "--truth", "de mo/truth.parquet"),
        ],
    ]


def test_quick_demo_is_the_same_story_of_half_a_day(tmp_path: Path) -> None:
    settings = load_config(folder=tmp_path, environment={}).settings

    whole, quick = (Demo.in_folder(settings, tmp_path, scale).settings for scale in (WHOLE, QUICK))

    assert (whole.simulate.hours, whole.simulate.history_hours) == (72, 69)
    assert (quick.simulate.hours, quick.simulate.history_hours) == (14, 13)
    assert whole.train == settings.train
    assert quick.train.n_members == 1


def test_exchange_of_the_demo_is_gone_when_its_user_gives_up() -> None:
    settings = SimulateSettings(hours=1, wallets=300, trades_per_second=0.1)
    with pytest.raises(KeyboardInterrupt), demo_exchange(settings) as exchange:
        process = exchange._process
        assert process.poll() is None
        raise KeyboardInterrupt

    assert process.poll() is not None
    assert exchange.is_over.is_set()


def test_exchange_that_does_not_start_is_said() -> None:
    settings = SimulateSettings(hours=1, history_hours=2, wallets=300)

    with (
        demo_exchange(settings) as exchange,
        pytest.raises(VenueError, match="the simulated exchange did not start"),
    ):
        exchange.url()
