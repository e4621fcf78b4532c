"""The backtest command: whether following the best wallets would have paid."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, NotEnoughDataError
from hypertrack.files import TABLE_SUFFIXES, require_writable
from hypertrack.pipeline.places import notice_of, open_engine, require_data
from hypertrack.records import (
    HOUR_MS,
    MINUTE_MS,
    Backtest,
    Record,
    encode_json,
    replace,
)

if TYPE_CHECKING:  # the command loads these when it runs
    import numpy as np
    from numpy.typing import NDArray

    from hypertrack.market.window import Window
    from hypertrack.outputs.backtest_table import Table
    from hypertrack.skill.following import Round

__all__ = ["REPORT_NAME", "Told", "run_backtest", "table_of"]

REPORT_NAME = "backtest.html"

SHORTEST_ROUND_MS = 10 * MINUTE_MS
"""In less nobody's bets begin and end."""

TRUTH_DELAYS_S = (1, 5, 30, 300)
"""Of the followers whose gain the truth of a simulation tells."""


class Told(Record, frozen=True, kw_only=True):
    """A backtest and what it says in words."""

    sentences: tuple[str, ...]
    """The most important first."""
    backtest: Backtest


def run_backtest(
    settings: Settings,
    *,
    top: int,
    truth: Path | None = None,
    report: Path | None = None,
    on_round: Callable[[int, int], None] = lambda _nth, _n: None,
) -> tuple[Told, Path]:
    """Follow the best of every ranking through the recording, and write the page and the numbers.

    Args:
        top: How many wallets each ranking follows at once.
        truth: Of a simulated market, so that expected gains stand beside the realised ones.
        report: Where the page goes.
        on_round: Called before each round with its number from 1 and how many there are.

    Returns:
        What was found, and the page; the numbers lie beside it as JSON.

    Raises:
        ConfigError: A truth that is none, or of a recording that is not simulated.
        NotEnoughDataError: Says what is missing.
    """
    require_data(settings)
    page = report or settings.out / REPORT_NAME
    require_writable(page, (".html",))
    require_writable(page.with_suffix(".json"))
    if truth is not None and truth.suffix not in TABLE_SUFFIXES:
        raise ConfigError(f"{truth}: a truth file ends in {' or '.join(TABLE_SUFFIXES)}")
    found = _found(settings, top, truth, on_round)
    from hypertrack.files import write_text, write_whole
    from hypertrack.outputs.backtest_page import render_backtest
    from hypertrack.outputs.backtest_words import sentences

    told = Told(sentences=sentences(found), backtest=found)
    write_text(page, render_backtest(found))
    write_whole(page.with_suffix(".json"), encode_json(told) + b"\n")
    return told, page


def table_of(found: Backtest, width: int) -> "Table":
    """Return the rankings as headings and rows, as many columns as a width has place for."""
    from hypertrack.outputs.backtest_table import table_of as rows_of

    return rows_of(found, width)


def _found(
    settings: Settings, top: int, truth: Path | None, on_round: Callable[[int, int], None]
) -> Backtest:
    with open_engine(settings) as engine:
        import numpy as np

        from hypertrack.market.window import Window
        from hypertrack.pipeline.model_scores import ModelScores
        from hypertrack.pipeline.skill import learner
        from hypertrack.skill.backtest import backtest, choose_from
        from hypertrack.skill.fetching import people

        notice = notice_of(engine.dataset.lines)
        expected = None if truth is None else _expected(truth, settings, engine.wallets, notice)
        rounds = plan_rounds(Window(engine.start_ms, engine.end_ms), settings)
        is_judged = np.isin(np.arange(engine.n_wallets), people(engine.backend))
        scores_at, learn_prior = ModelScores(engine, settings), learner(engine, settings)
        chosen = []
        for nth, each in enumerate(rounds, start=1):
            on_round(nth, len(rounds))
            known = choose_from(engine.backend, each, is_judged, settings, scores_at, learn_prior)
            chosen.append((each, known))
        found = backtest(
            engine.backend,
            engine.wallets,
            chosen,
            settings,
            top=top,
            expected=expected,
        )
    return replace(found, notice=notice)


def plan_rounds(span: "Window", settings: Settings) -> "tuple[Round, ...]":
    """Return the cuts of training, each followed until the next, the last to its outcome's end.

    There is no embargo: nothing that is known at a cut looks beyond it, and who follows would not
    wait. No time is followed twice.

    Raises:
        NotEnoughDataError: The recording is too short.
    """
    from hypertrack.labels.cuts import walk_forward
    from hypertrack.market.window import Window
    from hypertrack.skill.following import Round

    cuts = walk_forward(span, settings.train, embargo_ms=0)
    ends = [cut.at_ms for cut in cuts[1:]] + [cuts[-1].outcome.end_ms]
    rounds = tuple(
        Round(cut.past, Window(cut.at_ms, min(end, cut.outcome.end_ms)))
        for cut, end in zip(cuts, ends, strict=True)
    )
    shortest_ms = min(each.future.length_ms for each in rounds)
    if shortest_ms < SHORTEST_ROUND_MS:
        needed_h = span.length_ms * SHORTEST_ROUND_MS / max(shortest_ms, 1) / HOUR_MS
        raise NotEnoughDataError(
            f"a backtest needs a recording of {needed_h:.1f} h, so that wallets can be followed "
            f"{SHORTEST_ROUND_MS // MINUTE_MS} minutes from each cut on, found "
            f"{span.length_ms / HOUR_MS:.1f} h: record longer"
        )
    return rounds


def _expected(
    truth: Path, settings: Settings, wallets: "Sequence[str]", notice: str | None
) -> "tuple[float, NDArray[np.float64]]":
    """Return the true gain of a copy of each wallet, and of which delay.

    Raises:
        ConfigError: The recording is not simulated, or the file holds no truth.
    """
    if notice is None or not notice.startswith("simulated"):
        raise ConfigError("--truth is for simulated recordings, and this is none: leave it out")
    import numpy as np

    from hypertrack.store.columns import read_columns

    delay = min(TRUTH_DELAYS_S, key=lambda known: abs(known - settings.copy.delay_s))
    columns = read_columns(truth)
    name = f"copy_edge_bps_{delay}s"
    if not {"wallet", name} <= set(columns):
        raise ConfigError(f"{truth} holds no truth: `hypertrack simulate --truth FILE` writes it")
    gain = dict(zip(columns["wallet"].tolist(), columns[name].tolist(), strict=True))
    return float(delay), np.array([gain.get(wallet, np.nan) for wallet in wallets], dtype=float)
