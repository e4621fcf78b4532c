"""Two versions of a model, and what both said of two wallets while one challenged the other."""

from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import torch
from fakes import ALICE, BOB, START_MS
from model_fakes import FEATURES, make_card
from profile_fakes import heads

from hypertrack.config import Settings
from hypertrack.labels.outcomes import QUANTITIES
from hypertrack.labels.targets import TARGETS, Thresholds
from hypertrack.live.chain import Chain, Link
from hypertrack.live.score_book import ScoreBook, read_scores
from hypertrack.model.inputs import InputScaler
from hypertrack.model.network import WalletNet
from hypertrack.model.versions import WalletModel, save_version
from hypertrack.records import (
    HOUR_MS,
    Challenge,
    OutcomeRow,
    ScoreRow,
    replace,
)

THRESHOLDS = dict.fromkeys(Thresholds.__struct_fields__) | {"profit_hurdle_bps": 5.0}
BOT = TARGETS.index("bot_probability")
HOUR_0 = START_MS // HOUR_MS * HOUR_MS


def model(seed: int, thresholds: dict[str, float | None] = THRESHOLDS) -> WalletModel:
    scaler = InputScaler.fit(FEATURES, np.random.default_rng(seed).normal(3, 2, (50, 12)))
    torch.manual_seed(seed)
    network = WalletNet(scaler.n_inputs, hidden=(4,), dropout_frac=0.3)
    card = make_card(network, 1_767_600_000_000 + seed * 1_000)
    details = replace(card.details, thresholds=thresholds)
    summary = replace(card.summary, heads=tuple(heads().values()))
    return WalletModel(network, scaler, replace(card, details=details, summary=summary))


def two_versions(tmp_path: Path) -> Settings:
    """Return the settings of a folder with a champion and another version."""
    for each in (model(2), model(1)):  # the last one saved is in use
        save_version(tmp_path / "out", each)
    return Settings(data=tmp_path / "data", out=tmp_path / "out")


def champion_and_other(settings: Settings) -> tuple[str, str]:
    return tuple(sorted(each.summary.version for each in (model(1), model(2))))  # type: ignore[return-value]


def tell(settings: Settings, named: Challenge, champion: float, challenger: float) -> None:
    """Write 40 hours of a bot and another wallet, of which both models say the same each time."""
    folder = settings.data / "live"
    assert isinstance(folder, Path)
    of_bot = np.full((2, len(TARGETS)), 0.5)
    said = [of_bot.copy(), of_bot.copy()]
    for each, surety in zip(said, (champion, challenger), strict=True):
        each[:, BOT] = surety, 1 - surety
    with closing(ScoreBook(folder / "scores.jsonl", named, TARGETS)) as book:
        for hour in range(40):
            at_ms = HOUR_0 + hour * HOUR_MS + 5
            assert book.write((ALICE, BOB), (HOUR_0, at_ms), *said) == 2
    with closing(Chain(folder / "outcomes.jsonl")) as chain:
        for row in read_scores(folder / "scores.jsonl", named):
            chain.prepare(row.id, partial(outcome_of, named, row))
        chain.commit()


def outcome_of(named: Challenge, row: ScoreRow, link: Link) -> OutcomeRow:
    return OutcomeRow(
        **{"id": row.id, "wallet": row.wallet, "observed_frac": 1.0, "n_executions": 9},
        **{"seq": link.seq, "prev": link.prev},
        window=named.outcome_window(row.scored_ms),
        quantities={QUANTITIES[BOT]: 1.0 if row.wallet == ALICE else -1.0},
        masked=None,
    )
