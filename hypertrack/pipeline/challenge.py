"""Two models side by side, live: who challenges whom, and what both say."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from hypertrack.clock import SystemClock
from hypertrack.config import Settings
from hypertrack.errors import HypertrackError, ModelError
from hypertrack.files import FileStamp, stamp_of, write_whole
from hypertrack.live.score_book import SCORES_NAME, Beside, ScoreBook
from hypertrack.model.version_files import MODELS_FOLDER, find_version, read_card
from hypertrack.pipeline.places import live_folder
from hypertrack.records import (
    Card,
    Challenge,
    Decision,
    JsonError,
    decode_json,
    encode_json,
)

if TYPE_CHECKING:  # loaded when they are needed
    import numpy as np
    from numpy.typing import NDArray

    from hypertrack.features.engine import FeatureMatrix
    from hypertrack.model.versions import WalletModel
    from hypertrack.records import ModelSummary

    Agree = Callable[[ModelSummary, NDArray[np.float32]], Mapping[str, bool]]
    """From a model and its scores, ``[wallets, targets]``, to an answer by wallet."""

log = logging.getLogger(__name__)

CHALLENGE_NAME = "challenge.json"

COMPARISON_NAME = "comparison.json"
"""In the folder of what live writes: how the challenge stood when it was looked at last."""


def challenge(
    settings: Settings,
    name: str,
    *,
    promotes: bool = False,
    rematch_of: Challenge | None = None,
) -> Challenge:
    """Name a challenger of the champion, from now on; nothing of before counts.

    Args:
        promotes: Put it in use where it turns out better.
        rematch_of: What the champion won, in as many blocks as this one lasts; of any other
            challenge as many as are set.

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
    for card in (own, other) if promotes else (own,):  # the winner's are asked for afterwards
        _require_labels(card)
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
        max_blocks=asked.max_blocks if rematch_of is None else rematch_of.n_blocks,
        min_executions=asked.min_executions,
        promotes=promotes,
        is_rematch=rematch_of is not None,
    )
    write_challenge(settings, new)
    _forget_comparison(settings)
    return new


def _require_labels(card: Card) -> None:
    """Make sure that outcomes can be told by a model's thresholds.

    Raises:
        ModelError: They are of other labels than are measured now.
    """
    from hypertrack.labels.targets import Thresholds

    try:
        decode_json(encode_json(card.details.thresholds), Thresholds)
    except JsonError:
        raise ModelError(
            f"{card.summary.version} was trained on other labels than are measured now: train again"
        ) from None


def end(settings: Settings) -> Challenge | None:
    """End the challenge under way and return it; None where there is none, or a torn file."""
    found = None
    with suppress(ModelError):
        found = current(settings)
    (settings.out / MODELS_FOLDER / CHALLENGE_NAME).unlink(missing_ok=True)
    _forget_comparison(settings)
    return found


def _forget_comparison(settings: Settings) -> None:
    """Let nobody be shown how another challenge stood."""
    (live_folder(settings) / COMPARISON_NAME).unlink(missing_ok=True)


def current(settings: Settings) -> Challenge | None:
    """Return the challenge that was named last; None where there is none.

    Raises:
        ModelError: Its file is torn, or of a version that measures other labels.
    """
    file = settings.out / MODELS_FOLDER / CHALLENGE_NAME
    try:
        text = file.read_bytes()
        from hypertrack.labels.targets import Thresholds  # not loaded where nobody is challenged

        found = decode_json(text, Challenge)
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

    def score(
        self,
        matrix: "FeatureMatrix",
        champion: "WalletModel",
        agree: "Agree | None" = None,
    ) -> int:
        """Write what both say of the wallets of a matrix that have no row in this block.

        Args:
            matrix: Features as both read them; its end is when they are scored.
            champion: The model in force.
            agree: Asked whether the challenger gives the wallets the categories they have.

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
        window = matrix.start_ms, matrix.end_ms
        if all(self._book.has_row(wallet, window) for wallet in matrix.wallets):
            return 0
        said = champion.predict(matrix), self._model.predict(matrix)
        agreed = {} if agree is None else agree(self._model.summary, said[1])
        bins = _bins(matrix, champion)
        beside = [Beside(*each) for each in zip(bins, map(agreed.get, matrix.wallets), strict=True)]
        return self._book.write(matrix.wallets, window, *said, beside)

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


def _bins(matrix: "FeatureMatrix", champion: "WalletModel") -> Sequence[str]:
    """Return where each wallet's features lie in the champion's training, as digits."""
    from hypertrack.model.drift import digits
    from hypertrack.model.inputs import comparable

    bins = champion.card.feature_bins
    return digits(comparable(matrix), bins) if bins else [""] * len(matrix.wallets)


def write_challenge(settings: Settings, new: Challenge) -> None:
    """Write a challenge in place of the one before.

    Raises:
        ModelError: It cannot be written.
    """
    file = settings.out / MODELS_FOLDER / CHALLENGE_NAME
    try:
        write_whole(file, encode_json(new))
    except OSError as error:
        raise ModelError(f"cannot write {file}: {error.strerror}") from None
