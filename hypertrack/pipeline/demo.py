"""The demo command: the whole job, every stage real, only the market made up."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from hypertrack.config import CONFIG_NAME, Settings
from hypertrack.errors import VenueError
from hypertrack.files import require_writable, write_text
from hypertrack.pipeline.classify import classify
from hypertrack.pipeline.dashboard import write_dashboard
from hypertrack.pipeline.record import plan, record
from hypertrack.pipeline.report import write_report
from hypertrack.pipeline.simulate import NOTICE
from hypertrack.pipeline.train import train
from hypertrack.pipeline.training_report import TRAINING_REPORT_NAME, write_training_report
from hypertrack.records import (
    CategoryTruth,
    JsonError,
    ModelSummary,
    ProfileSet,
    Record,
    decode_json,
    encode_json,
)
from hypertrack.text import read_text

if TYPE_CHECKING:  # the demo loads these when it runs
    from hypertrack.model.run import Stage
    from hypertrack.model.truth_comparison import TruthComparison
    from hypertrack.records import EpochResult, RecordingStatus

__all__ = ["Demo", "DemoResult", "TruthComparison"]

FEEDS = ("trades", "bbo", "candles")
TRUTH_NAME = "truth.parquet"
SETTINGS_HEADER = "# Where `hypertrack demo` keeps everything."
LISTEN_TIMEOUT_S = 60.0
QUIET_POLLS = 6
"""Polls without a new line, after the market's end, until the recording counts as whole."""

OnProgress = Callable[[str, float, str], None]
"""Called with a stage, the part of it that is done (0 to 1), and a detail."""


class DemoResult(Record, frozen=True, kw_only=True):
    """What the demo made and found."""

    folder: str
    dashboard: str
    report: str
    training_report: str
    config: str
    """Settings file by which other commands find all this, from anywhere."""
    busiest_wallet: str
    n_trades: int
    n_wallets: int
    n_wallets_with_category: int
    model: ModelSummary
    truth: "TruthComparison"
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
    def in_folder(cls, settings: Settings, folder: Path) -> "Demo":
        """Return the demo that keeps everything in ``folder``."""
        record_all = settings.record.model_copy(update={"feeds": FEEDS, "coins": "all"})
        own = {"data": folder / "recorded_data", "out": folder, "record": record_all}
        return cls(settings.model_copy(update=own), folder / TRUTH_NAME)

    def run(self, on_progress: OnProgress) -> DemoResult:
        """Simulate, record, train, classify, write report and dashboard, compare with the truth.

        Raises:
            VenueError: The simulated exchange did not start.
        """
        require_writable(self.truth_file)
        config = write_settings(self.settings)
        self._record(on_progress)
        model = self._train(on_progress)
        on_progress("classify every wallet", 0.0, "")
        profiles = classify(self.settings)
        on_progress("classify every wallet", 1.0, f"{profiles.header.n_wallets:,} wallets")
        on_progress("write report and dashboard", 0.0, "")
        report, dashboard = write_report(self.settings), write_dashboard(self.settings)
        on_progress("write report and dashboard", 1.0, str(dashboard))
        return self._result(profiles, model, (report, dashboard, config))

    def _record(self, on_progress: OnProgress) -> None:
        stage, stop = "record it over its sockets", threading.Event()
        on_progress("start a simulated exchange", 0.0, "")
        with _simulated_exchange(self.settings, self.truth_file) as (url, is_over):
            on_progress("start a simulated exchange", 1.0, url)
            venue = self.settings.venue.model_copy(update={"url": url})
            settings = self.settings.model_copy(update={"venue": venue})
            end_ms, span_ms = _market_span_ms(settings)

            n_rows = deque[int](maxlen=QUIET_POLLS)

            def show(status: "RecordingStatus") -> None:
                left_ms = end_ms - (status.exchange_time_ms or end_ms - span_ms)
                frac = min(max(1 - left_ms / span_ms, 0.0), 1.0)
                on_progress(stage, frac, f"{status.n_rows:,} lines")
                n_rows.append(status.n_rows)
                if is_over.is_set() and len(n_rows) == QUIET_POLLS and len(set(n_rows)) == 1:
                    stop.set()

            ended = record(settings, plan(settings), stop, show, notice=NOTICE)
        on_progress(stage, 1.0, f"{ended.status.n_rows:,} lines")

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

    def _result(
        self, profiles: ProfileSet, model: ModelSummary, files: tuple[Path, Path, Path]
    ) -> DemoResult:
        from hypertrack.categories.category_truth import measure_categories
        from hypertrack.model.truth_comparison import compare_with_truth
        from hypertrack.store.columns import read_columns

        report, dashboard, config = files
        truth = read_columns(self.truth_file)
        return DemoResult(
            folder=str(self.settings.out),
            dashboard=str(dashboard),
            report=str(report),
            training_report=str(self.settings.out / TRAINING_REPORT_NAME),
            config=str(config),
            busiest_wallet=str(profiles.column("wallet")[profiles.column("tx_count").argmax()]),
            n_trades=profiles.header.data.n_trades,
            n_wallets=profiles.header.n_wallets,
            n_wallets_with_category=profiles.header.n_with_category,
            model=model,
            truth=compare_with_truth(profiles, truth),
            categories=measure_categories(profiles, truth),
        )


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


def _market_span_ms(settings: Settings) -> tuple[int, int]:
    """Return when the simulated market ends and how long it lasts."""
    from hypertrack.simulate.market.market import START_MS

    span_ms = round(settings.simulate.hours * 3_600_000)
    return START_MS + span_ms, span_ms


@contextmanager
def _simulated_exchange(settings: Settings, truth: Path) -> "Iterator[tuple[str, threading.Event]]":
    """Run ``hypertrack simulate`` as a process; give its URL and what is set when it is over."""
    simulate = settings.simulate
    truth.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hypertrack", "simulate", "--json", "--port", "0"]
    for name in ("seed", "speed", "hours", "wallets", "coins", "skill"):
        command += [f"--{name}", str(getattr(simulate, name))]
    for trend in simulate.trend:
        command += ["--trend", trend]
    process = subprocess.Popen(
        [*command, "--truth", str(truth)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None
    url_known, is_over, url = threading.Event(), threading.Event(), [""]

    def read(lines: IO[bytes]) -> None:
        for line in lines:
            event = _event(line)
            if event.get("event") == "listening":
                url[0] = str(event["url"])
            elif event.get("event") == "finished":
                is_over.set()
            url_known.set()
        url_known.set()
        is_over.set()

    reader = threading.Thread(target=read, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        url_known.wait(LISTEN_TIMEOUT_S)
        if not url[0]:
            raise VenueError("the simulated exchange did not start: run `hypertrack simulate`")
        yield url[0], is_over
    finally:
        process.terminate()
        process.wait()
        reader.join()
        process.stdout.close()


def _event(line: bytes) -> dict[str, Any]:
    try:
        return decode_json(line, dict[str, Any])
    except JsonError:
        return {}
