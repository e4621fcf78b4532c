"""Two models side by side, live: who challenges whom, and how that stands."""

import logging
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.clock import SystemClock
from hypertrack.config import Settings
from hypertrack.errors import DatasetError, HypertrackError, ModelError
from hypertrack.files import FileStamp, stamp_of, write_whole
from hypertrack.live.chain import Chain, Link, breaks
from hypertrack.live.score_book import (
    OUTCOMES_NAME,
    SCORES_NAME,
    ScoreBook,
    read_outcomes,
    read_scores,
)
from hypertrack.model.version_files import (
    MODELS_FOLDER,
    champion_version,
    find_version,
    note_decision,
    promote,
    read_card,
)
from hypertrack.pipeline.places import live_folder, open_engine
from hypertrack.records import (
    Card,
    Challenge,
    Decision,
    JsonError,
    LiveComparison,
    OutcomeRow,
    decode_json,
    encode_json,
    replace,
)

if TYPE_CHECKING:  # loaded when they are needed
    from hypertrack.features.engine import FeatureMatrix
    from hypertrack.model.versions import WalletModel

__all__ = ["Challenger", "LiveComparison", "challenge", "compare_live", "current", "end"]

log = logging.getLogger(__name__)

CHALLENGE_NAME = "challenge.json"


def challenge(
    settings: Settings, name: str, *, promotes: bool = False, max_blocks: int | None = None
) -> Challenge:
    """Name a challenger of the champion, from now on; nothing of before counts.

    Args:
        promotes: Put it in use where it turns out better.
        max_blocks: After which it ends undecided; as set where None.

    Raises:
        ModelError: There is no champion, the name means none or several versions, it is the
            champion, or they read other features.
    """
    champion, challenger = find_version(settings.out, "champion"), find_version(settings.out, name)
    if champion == challenger:
        raise ModelError(f"{champion} is the champion itself: name another version")
    own, other = read_card(settings.out, champion), read_card(settings.out, challenger)
    if own.feature_hash != other.feature_hash:
        raise ModelError(
            f"{challenger} reads other features than the champion {champion}, and rows are scored "
            "by both from the same: train it with the same feature groups"
        )
    _require_labels(own)
    asked = settings.challenge
    new = Challenge(
        champion=champion,
        challenger=challenger,
        started_ms=SystemClock().wall_ns() // 1_000_000,
        features_hash=own.feature_hash,
        thresholds=own.details.thresholds,
        block_ms=round(asked.block_h * 3_600_000),
        embargo_ms=round(settings.train.embargo_s * 1_000),
        margin=asked.margin,
        max_blocks=max_blocks or asked.max_blocks,
        min_executions=asked.min_executions,
        promotes=promotes,
    )
    _write(settings, new)
    return new


def _require_labels(card: Card) -> None:
    """Make sure that outcomes can be told by a model's thresholds.

    Raises:
        ModelError: They are of other labels than this version measures.
    """
    from hypertrack.labels.targets import Thresholds

    try:
        decode_json(encode_json(card.details.thresholds), Thresholds)
    except JsonError:
        raise ModelError(
            f"the champion {card.summary.version} was trained on other labels than are measured "
            "now: train again"
        ) from None


def end(settings: Settings) -> Challenge | None:
    """End the challenge under way and return it; None where there is none, or a torn file."""
    found = None
    with suppress(ModelError):
        found = current(settings)
    (settings.out / MODELS_FOLDER / CHALLENGE_NAME).unlink(missing_ok=True)
    return found


def current(settings: Settings) -> Challenge | None:
    """Return the challenge that was named last; None where there is none.

    Raises:
        ModelError: Its file is torn, or of a version that measures other labels.
    """
    from hypertrack.labels.targets import Thresholds

    file = settings.out / MODELS_FOLDER / CHALLENGE_NAME
    try:
        found = decode_json(file.read_bytes(), Challenge)
        decode_json(encode_json(found.thresholds), Thresholds)
    except FileNotFoundError:
        return None
    except (OSError, JsonError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{file} is no challenge ({error}): `hypertrack models challenge --off` ends it"
        ) from None
    return found


class Challenger:
    """Scores with the challenger what live measures, beside the champion.

    Whom it is asked about is looked up at each call: a challenge may begin and end meanwhile. What
    cannot be loaded is logged once, and nothing is scored.

    Args:
        settings: Of the working folder and the dataset.
    """

    def __init__(self, settings: Settings):
        self._settings = settings
        self._file = settings.out / MODELS_FOLDER / CHALLENGE_NAME
        self._seen: tuple[FileStamp | None, str] | None = None
        self._model: WalletModel | None = None
        self._book: ScoreBook | None = None

    def score(self, matrix: "FeatureMatrix", champion: "WalletModel") -> int:
        """Write what both say of the wallets of a matrix that have no row in this block.

        Args:
            matrix: Features as both read them; its end is when they are scored.
            champion: The model in force.

        Returns:
            How many rows were written; 0 where no challenge of this champion is under way.

        Raises:
            OSError: The disk is full, or broken.
        """
        seen = stamp_of(self._file), champion.summary.version
        if seen != self._seen:
            self._seen = seen
            self._take(champion.summary.version)
        if self._model is None or self._book is None:
            return 0
        said = champion.predict(matrix), self._model.predict(matrix)
        return self._book.write(matrix.wallets, (matrix.start_ms, matrix.end_ms), *said)

    def close(self) -> None:
        """Close the file."""
        if self._book is not None:
            self._book.close()
            self._book = None

    def _take(self, champion: str) -> None:
        from hypertrack.labels.targets import TARGETS
        from hypertrack.model.versions import load_version

        self.close()
        self._model = None
        try:
            found = current(self._settings)
            if found is None or found.decision is not Decision.OPEN or found.champion != champion:
                return
            self._model = load_version(self._settings.out, found.challenger)
            file = live_folder(self._settings) / SCORES_NAME
            self._book = ScoreBook(file, found, TARGETS)
        except HypertrackError as error:
            log.warning("the challenger is not scored: %s", error)


def compare_live(settings: Settings) -> LiveComparison:
    """Make the outcomes that are over by now, and return how the challenge stands.

    A decision that is reached is written down with its time, here and in both cards; a better
    challenger is put in use where that was asked for.

    Raises:
        ModelError: No challenge was named, or a card is torn.
        DatasetError: No dataset at ``settings.data``.
    """
    from hypertrack.model.live_comparison import compare_live as compare

    asked = current(settings)
    if asked is None:
        raise ModelError(
            "no model is challenged: `hypertrack models challenge VERSION` names one, and `live` "
            "scores wallets with both"
        )
    folder = live_folder(settings)
    _settle(settings, asked, folder)
    scores, outcomes = folder / SCORES_NAME, folder / OUTCOMES_NAME
    rows, came = read_scores(scores, asked), read_outcomes(outcomes)
    found = compare(asked, rows, came, settings.train.weight_by_head)
    n_breaks = sum(1 for file in (scores, outcomes) for _ in breaks(file))
    found = replace(found, chain_breaks=n_breaks)
    return _decide(settings, found)


def _settle(settings: Settings, asked: Challenge, folder: Path) -> None:
    """Write the outcomes of the rows whose windows are over."""
    outcomes = read_outcomes(folder / OUTCOMES_NAME)
    rows = [row for row in read_scores(folder / SCORES_NAME, asked) if row.id not in outcomes]
    if not rows:
        return
    from hypertrack.pipeline.live_outcomes import settle

    with open_engine(settings) as engine, closing(Chain(folder / OUTCOMES_NAME)) as chain:
        for outcome in settle(engine, asked, rows):
            chain.prepare(outcome.id, partial(_linked, outcome))
        try:
            chain.commit()
        except OSError as error:
            raise DatasetError(f"{folder} cannot be written ({error.strerror})") from None


def _linked(outcome: OutcomeRow, link: Link) -> OutcomeRow:
    return replace(outcome, seq=link.seq, prev=link.prev)


def _decide(settings: Settings, found: LiveComparison) -> LiveComparison:
    """Write a new decision down; nothing is decided on a chain that was changed."""
    before, now = current(settings), found.challenge
    if before is None or before.decision is not Decision.OPEN or now.decision is Decision.OPEN:
        return found
    if found.chain_breaks:
        return replace(found, challenge=before)
    now = replace(now, decided_ms=SystemClock().wall_ns() // 1_000_000)
    for version in (now.champion, now.challenger):
        note_decision(settings.out, version, now)
    _write(settings, now)
    if now.promotes and now.decision is Decision.BETTER:
        _swap(settings, now)
    return replace(found, challenge=now)


def _swap(settings: Settings, won: Challenge) -> None:
    """Put the winner in use; the one before challenges it for as many blocks again."""
    if champion_version(settings.out) != won.champion:
        return  # another was put in use meanwhile
    promote(settings.out, won.challenger)
    challenge(settings, won.champion, promotes=True, max_blocks=won.n_blocks)


def _write(settings: Settings, new: Challenge) -> None:
    file = settings.out / MODELS_FOLDER / CHALLENGE_NAME
    try:
        write_whole(file, encode_json(new))
    except OSError as error:
        raise ModelError(f"cannot write {file}: {error.strerror}") from None
