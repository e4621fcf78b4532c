"""The demo command: the whole story, every stage real, only the market made up.

Days of archives are imported, the last hours are recorded over sockets, the venue is asked about
the best, and what is said of them in the end stands beside what is true.
"""

import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypertrack.config import CONFIG_NAME, Settings
from hypertrack.files import require_writable, write_text
from hypertrack.pipeline.backtest import Told, run_backtest
from hypertrack.pipeline.classify import classify
from hypertrack.pipeline.dashboard import write_dashboard
from hypertrack.pipeline.demo_exchange import DemoExchange, demo_exchange
from hypertrack.pipeline.record import plan, record
from hypertrack.pipeline.report import write_report
from hypertrack.pipeline.simulate import NOTICE, WriteForm, WritePlan, write
from hypertrack.pipeline.train import train
from hypertrack.pipeline.training_report import TRAINING_REPORT_NAME, write_training_report
from hypertrack.records import (
    CategoryTruth,
    ModelSummary,
    ProfileSet,
    Record,
    TruthComparison,
    encode_json,
)
from hypertrack.text import read_text

if TYPE_CHECKING:  # the demo loads these when it runs
    from hypertrack.model.run import Stage
    from hypertrack.records import EpochResult, RecordingStatus

__all__ = ["Demo", "DemoResult", "JudgedWallet", "Scale", "TruthComparison"]

FEEDS = ("trades", "bbo", "candles")
TRUTH_NAME = "truth.parquet"
SETTINGS_HEADER = "# Where `hypertrack demo` keeps everything."
QUIET_POLLS = 6
"""Polls without a new line, after the market's end, until the recording counts as whole."""

CANDIDATES = 5
"""Wallets that the venue is asked about: as many as its limit answers at once."""
SHOWN = 8
"""Verdicts that stand beside the truth."""
FOLLOWED = 10
"""Wallets that each ranking of the backtest follows."""

OnProgress = Callable[[str, float, str], None]
"""Called with a stage, the part of it that is done (0 to 1), and a detail."""


@dataclass(frozen=True)
class Scale:
    """How large the story is.

    Attributes:
        hours: Of the market, the recorded ones at the end included.
        live_hours: Recorded over sockets; what is before comes from archives.
        train: Settings of training that are not the usual ones.
    """

    hours: float
    live_hours: float
    wallets: int
    trades_per_hour: float
    coins: int = 8
    train: Mapping[str, Any] = field(default_factory=dict)

    @property
    def archived_hours(self) -> float:
        """Return the hours that archives hold, whole ones."""
        return float(int(self.hours - self.live_hours))


WHOLE = Scale(hours=72, live_hours=3, wallets=600, trades_per_hour=800)
"""Nobody is told from luck in a week either, which would take thrice the time."""

QUICK = Scale(
    hours=14,
    live_hours=1,
    wallets=450,
    trades_per_hour=2_500,
    train={
        "train_cuts_frac": (0.5,),
        "n_members": 1,
        "n_bootstrap": 200,
        "min_train_rows": 30,
    },
)
"""Enough for each stage, and too short to tell anybody from luck."""


class JudgedWallet(Record, frozen=True, kw_only=True):
    """A verdict beside the truth."""

    wallet: str
    verdict: str
    bets: str
    edge: str
    """Expected, bps with its interval."""
    true_edge_bps: float | None
    true_copy_edge_bps: float | None
    """Of a copy 5 s later, after costs; None where nothing could be copied."""
    traps: str


class DemoResult(Record, frozen=True, kw_only=True):
    """What the demo made and found."""

    folder: str
    dashboard: str
    report: str
    training_report: str
    backtest_page: str
    config: str
    """Settings file by which other commands find all this, from anywhere."""
    truth_file: str
    busiest_wallet: str
    n_trades: int
    n_recorded: int
    """Lines that came over sockets; the others were imported."""
    n_asked: int
    """Wallets that the venue was asked about."""
    n_wallets: int
    n_wallets_with_category: int
    headline: str
    verdicts: tuple[JudgedWallet, ...]
    n_worth_copying: int
    """By the truth: wallets with bets enough and something left for a copier."""
    backtest: Told
    model: ModelSummary
    truth: TruthComparison
    categories: tuple[CategoryTruth, ...]


@dataclass(frozen=True)
class Demo:
    """One demo in a folder of its own.

    Attributes:
        settings: ``data`` and ``out`` lie in the folder; ``simulate`` says which market.
        truth_file: What the simulated wallets really are.
    """

    settings: Settings
    truth_file: Path

    @classmethod
    def in_folder(cls, settings: Settings, folder: Path, scale: Scale = WHOLE) -> "Demo":
        """Return the demo that keeps everything in ``folder``."""
        market = {
            "hours": scale.hours,
            "history_hours": scale.archived_hours,
            "wallets": scale.wallets,
            "coins": scale.coins,
            "trades_per_second": scale.trades_per_hour / 3_600,
            "speed": 0.0,
        }
        own = {
            "data": folder / "recorded_data",
            "out": folder,
            "record": settings.record.model_copy(update={"feeds": FEEDS, "coins": "all"}),
            "simulate": settings.simulate.model_copy(update=market),
            "train": settings.train.model_copy(update=scale.train),
        }
        return cls(settings.model_copy(update=own), folder / TRUTH_NAME)

    def run(self, on_progress: OnProgress) -> DemoResult:
        """Import, record, ask, train, classify, look back, and compare with the truth.

        Raises:
            VenueError: The simulated exchange did not start.
        """
        require_writable(self.truth_file)
        config = write_settings(self.settings)
        with demo_exchange(self.settings.simulate) as exchange:
            self._import(on_progress)
            n_recorded = self._record(exchange, on_progress)
            n_asked = self._ask(exchange, on_progress)
        model = self._train(on_progress)
        on_progress("classify every wallet", 0.0, "")
        profiles = classify(self.settings, truth=self.truth_file)
        on_progress("classify every wallet", 1.0, f"{profiles.header.n_wallets:,} wallets")
        told, page = self._look_back(on_progress)
        on_progress("write report and dashboard", 0.0, "")
        report, dashboard = write_report(self.settings), write_dashboard(self.settings)
        on_progress("write report and dashboard", 1.0, str(dashboard))
        headline, judged, n_worth = self._beside_the_truth()
        return DemoResult(
            folder=str(self.settings.out),
            dashboard=str(dashboard),
            report=str(report),
            training_report=str(self.settings.out / TRAINING_REPORT_NAME),
            backtest_page=str(page),
            config=str(config),
            truth_file=str(self.truth_file),
            n_recorded=n_recorded,
            n_asked=n_asked,
            headline=headline,
            verdicts=judged,
            n_worth_copying=n_worth,
            backtest=told,
            model=model,
            **self._of_profiles(profiles),
        )

    def _import(self, on_progress: OnProgress) -> None:
        """Write the archives of all the market, and import those from before the exchange opens."""
        from hypertrack.pipeline.importing import find_sources, import_data

        hours = self.settings.simulate.history_hours or 0.0
        made, taken = f"write {hours:.0f} hours of archives", "import them"
        self.settings.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="archives-", dir=self.settings.out) as name:
            form = WritePlan(form=WriteForm.NODE_FILLS_BY_BLOCK)
            for event in write(self.settings, Path(name), form, truth=self.truth_file):
                on_progress(made, event.frac, f"{event.n_trades:,} trades")
            by_time = sorted(Path(name).rglob("*.lz4"), key=lambda p: (p.parent.name, int(p.stem)))
            files, _left_out = find_sources(self.settings, by_time[: int(hours)])
            on_progress(taken, 0.0, "")
            import_data(
                self.settings,
                files,
                lambda event: on_progress(taken, event.frac, f"{event.n_trades:,} trades"),
            )
        on_progress(taken, 1.0, f"{len(files):,} files")

    def _record(self, exchange: DemoExchange, on_progress: OnProgress) -> int:
        """Record the rest of the market; return the lines that came."""
        stage, stop = "record the last hours over sockets", threading.Event()
        on_progress(stage, 0.0, "the exchange plays its past")
        settings = self._at(exchange)
        simulate = self.settings.simulate
        span_ms = (simulate.hours - (simulate.history_hours or 0.0)) * 3_600_000
        end_ms = _market_end_ms(settings)
        n_rows = deque[int](maxlen=QUIET_POLLS)

        def show(status: "RecordingStatus") -> None:
            left_ms = end_ms - (status.exchange_time_ms or end_ms - span_ms)
            done = min(max(1 - left_ms / span_ms, 0.0), 1.0)
            on_progress(stage, done, f"{status.n_rows:,} lines")
            n_rows.append(status.n_rows)
            if exchange.is_over.is_set() and len(n_rows) == QUIET_POLLS and len(set(n_rows)) == 1:
                stop.set()

        ended = record(settings, plan(settings), stop, show, mode="append", notice=NOTICE)
        on_progress(stage, 1.0, f"{ended.status.n_rows:,} lines")
        return ended.status.n_rows

    def _ask(self, exchange: DemoExchange, on_progress: OnProgress) -> int:
        """Ask the venue about the best so far; return how many that were."""
        from hypertrack.pipeline.accounts import ASKED, Step, Wanted, ask
        from hypertrack.pipeline.verdict import best_wallets

        stage = "ask the venue about the best"
        on_progress(stage, 0.0, "who is the best so far")
        best = best_wallets(self.settings, top=CANDIDATES).wallets
        # The payments of each are among its flows: what rates would add costs a minute of weight.
        steps = tuple(step for step in ASKED if step is not Step.RATES)
        wanted = Wanted(wallets=tuple(profile.wallet for profile in best), steps=steps)
        asked = ask(
            self._at(exchange),
            wanted,
            threading.Event(),
            lambda event: on_progress(
                stage, event.n_wallets_done / event.n_wallets, f"{event.n_fills:,} new fills"
            ),
            lambda words: on_progress(stage, 0.0, words),
        )
        on_progress(stage, 1.0, f"{asked.n_wallets} wallets, {asked.n_questions} questions")
        return asked.n_wallets

    def _at(self, exchange: DemoExchange) -> Settings:
        venue = self.settings.venue.model_copy(update={"url": exchange.url()})
        return self.settings.model_copy(update={"venue": venue})

    def _train(self, on_progress: OnProgress) -> ModelSummary:
        stage = "train on what wallets did next"
        done = 0.0

        def on_stage(event: "Stage") -> None:
            nonlocal done
            done = event.n_done / event.n_stages
            on_progress(stage, done, event.text)

        def on_epoch(event: "EpochResult") -> None:
            on_progress(stage, done, f"epoch {event.epoch}, validation {event.validation_loss:.4f}")

        trained = train(self.settings, on_stage, on_epoch)
        write_training_report(self.settings, trained.model.card)
        earned = sum(head.has_earned_weight for head in trained.summary.heads)
        on_progress(stage, 1.0, f"{earned} of {len(trained.summary.heads)} heads earned weight")
        return trained.summary

    def _look_back(self, on_progress: OnProgress) -> tuple[Told, Path]:
        """Follow the best of every ranking through the windows that came next."""
        stage = "follow the best through the next window"
        on_progress(stage, 0.0, "")
        told, page = run_backtest(
            self.settings,
            top=FOLLOWED,
            truth=self.truth_file,
            on_round=lambda nth, n: on_progress(stage, (nth - 1) / n, f"cut {nth} of {n}"),
        )
        on_progress(stage, 1.0, f"{len(told.backtest.rankings)} rankings")
        return told, page

    def _beside_the_truth(self) -> tuple[str, tuple[JudgedWallet, ...], int]:
        """Return the headline, the best verdicts beside the truth, and how many were there."""
        from hypertrack.pipeline.truth_file import read_truth
        from hypertrack.pipeline.verdict import best_wallets
        from hypertrack.skill.known_truth import MANY_BETS

        found = best_wallets(self.settings, top=SHOWN)
        truth = read_truth(self.truth_file)
        row_of = {str(wallet): row for row, wallet in enumerate(truth["wallet"])}
        judged = []
        for row in found.rows:
            at = row_of[row.wallet]
            judged.append(
                JudgedWallet(
                    wallet=row.wallet,
                    verdict=row.verdict,
                    bets=row.bets,
                    edge=row.edge,
                    true_edge_bps=_known(truth["edge_bps"][at]),
                    true_copy_edge_bps=_known(truth["copy_edge_bps_5s"][at]),
                    traps=str(truth["traps"][at]),
                )
            )
        is_worth = (truth["copy_edge_bps_5s"] > 0) & (truth["n_openings"] >= MANY_BETS)
        return found.headline, tuple(judged), int(is_worth.sum())

    def _of_profiles(self, profiles: ProfileSet) -> dict[str, Any]:
        from hypertrack.model.truth_comparison import compare_with_truth
        from hypertrack.pipeline.truth_file import read_truth

        return {
            "busiest_wallet": str(profiles.column("wallet")[profiles.column("tx_count").argmax()]),
            "n_trades": profiles.header.data.n_trades,
            "n_wallets": profiles.header.n_wallets,
            "n_wallets_with_category": profiles.header.n_with_category,
            "truth": compare_with_truth(profiles, read_truth(self.truth_file)),
            "categories": profiles.header.measured,
        }


def write_settings(settings: Settings) -> Path:
    """Write a settings file by which any command finds data and models, wherever it is run.

    One that the user keeps in that folder is left alone; the file has another name then.

    Raises:
        HypertrackError: It cannot be written.
    """
    file = settings.out / CONFIG_NAME
    if file.exists() and not read_text(file).startswith(SETTINGS_HEADER):
        file = file.with_name("demo.toml")
    places = {"data": settings.data, "out": settings.out}
    lines = [f"{name} = {_quoted(Path(str(place)).absolute())}" for name, place in places.items()]
    write_text(file, "\n".join([SETTINGS_HEADER, *lines, ""]))
    return file


def _quoted(path: Path) -> str:
    return encode_json(str(path)).decode()  # what is a string in JSON is one in TOML


def _market_end_ms(settings: Settings) -> int:
    """Return when the simulated market ends."""
    from hypertrack.simulate.market.market import START_MS

    return START_MS + round(settings.simulate.hours * 3_600_000)


def _known(number: float) -> float | None:
    return None if number != number else float(number)  # noqa: PLR0124 - only NaN differs
