"""How two models do beside each other, live: outcomes made, the difference told, what follows."""

import logging
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hypertrack.clock import SystemClock
from hypertrack.config import Settings
from hypertrack.errors import DatasetError, ModelError
from hypertrack.files import write_whole
from hypertrack.live.chain import Chain, Link, breaks
from hypertrack.live.score_book import (
    OUTCOMES_NAME,
    SCORES_NAME,
    read_outcomes,
    read_scores,
)
from hypertrack.model.version_files import (
    champion_version,
    lost_weight,
    note_decision,
    promote,
    read_card,
    take_weight,
)
from hypertrack.pipeline.challenge import COMPARISON_NAME, challenge, current, write_challenge
from hypertrack.pipeline.places import SIGNALS_NAME, live_folder, newest_ms, open_engine
from hypertrack.records import (
    Card,
    Challenge,
    Decision,
    DifferencePoint,
    Interval,
    JsonError,
    LiveComparison,
    LostWeight,
    OutcomeRow,
    SignalsNet,
    decode_json,
    encode_json,
    replace,
)
from hypertrack.store.files.locks import lock_file

log = logging.getLogger(__name__)

LOCK_NAME = "comparison.lock"


def compare_live(settings: Settings) -> LiveComparison:
    """Make the outcomes that are over by now, and return how the challenge stands.

    What follows from it happens once: a champion that says less than the constant loses its weight;
    a decision that is reached is written down with its time, here and in both cards; a better
    challenger is put in use where that was asked for. While another process does that, what is
    there is told.

    Raises:
        ModelError: No challenge was named, or a card is torn.
        DatasetError: No dataset at ``settings.data``.
    """
    asked = current(settings)
    if asked is None:
        raise ModelError(
            "no model is challenged: `hypertrack models challenge VERSION` names one, and `live` "
            "scores wallets with both"
        )
    folder = live_folder(settings)
    with _sole_judge(folder) as is_sole:
        net = _settle(settings, asked, folder) if is_sole else None
        net = net or _known_net(folder, asked)
        found = replace(_measured(settings, asked, folder), signals=net)
        # Measuring takes a while: who was named meanwhile is not overwritten by who was asked of.
        is_ours = is_sole and current(settings) == asked
        if is_ours and not found.chain_breaks:
            _weigh(settings, found)
            found = _decide(settings, asked, found)
        else:  # nothing follows from a chain that was changed, or from what another decides
            found = replace(found, challenge=asked)
        lost = lost_weight(settings.out, asked.champion)
        found = replace(found, champion_lost_weight=lost)
        if is_ours:
            write_whole(folder / COMPARISON_NAME, encode_json(found))
    return found


@dataclass(frozen=True)
class ComparisonTold:
    """A comparison in words, and as a table.

    Attributes:
        sentences: The most important first.
        rows: A head each, under ``headings``, and all of them.
    """

    sentences: tuple[str, ...]
    headings: tuple[str, ...]
    rows: "list[tuple[str, ...]]"


def told(found: LiveComparison) -> ComparisonTold:
    """Return what a comparison says."""
    from hypertrack.outputs.challenge_words import HEADINGS, head_rows, sentences

    return ComparisonTold(sentences(found), HEADINGS, head_rows(found))


def difference_words(point: DifferencePoint) -> str:
    """Return a point of the curve as ``value [low, high]``."""
    from hypertrack.outputs.challenge_words import difference

    return difference(Interval(point.value, point.low, point.high))


@contextmanager
def _sole_judge(folder: Path) -> Iterator[bool]:
    """Say whether nobody else makes outcomes and decides at this moment."""
    if not folder.is_dir():  # nothing was scored, nothing can be written
        yield False
        return
    try:
        descriptor = lock_file(folder / LOCK_NAME, folder, doing="compared")
    except DatasetError:
        yield False
        return
    try:
        yield True
    finally:
        os.ftruncate(descriptor, 0)  # a name left behind would tell of a kill
        os.close(descriptor)


def _measured(settings: Settings, asked: Challenge, folder: Path) -> LiveComparison:
    """Return how a challenge stands by what is written."""
    from hypertrack.model.live_beside import beside
    from hypertrack.model.live_comparison import compare_live as compare
    from hypertrack.model.live_comparison import scored

    scores, outcomes = folder / SCORES_NAME, folder / OUTCOMES_NAME
    weights = settings.train.weight_by_head
    of = scored(read_scores(scores, asked), read_outcomes(outcomes))
    found = compare(asked, of, weights)
    counted = [row for row, _ in of.pairs]
    cards = _card(settings, asked.champion), _card(settings, asked.challenger)
    n_breaks = sum(1 for file in (scores, outcomes) for _ in breaks(file))
    return replace(found, chain_breaks=n_breaks, **beside(counted, *cards, weights))


def _card(settings: Settings, version: str) -> Card | None:
    with suppress(ModelError):
        return read_card(settings.out, version)
    return None


def _known_net(folder: Path, asked: Challenge) -> SignalsNet | None:
    """Return what signals had brought when it was looked at last."""
    try:
        found = decode_json((folder / COMPARISON_NAME).read_bytes(), LiveComparison)
    except (OSError, JsonError, UnicodeDecodeError):
        return None
    return found.signals if found.challenge.started_ms == asked.started_ms else None


def _settle(settings: Settings, asked: Challenge, folder: Path) -> SignalsNet | None:
    """Write the outcomes of the rows whose windows are over.

    Returns:
        What signals have brought by then; None where nothing was over.
    """
    outcomes = read_outcomes(folder / OUTCOMES_NAME)
    until_ms = newest_ms(settings)
    rows = [
        row
        for row in read_scores(folder / SCORES_NAME, asked)
        if row.id not in outcomes and asked.outcome_window(row.scored_ms)[1] <= until_ms
    ]
    if not rows:
        return None
    from hypertrack.pipeline.delivered_signals import delivered, signals_net
    from hypertrack.pipeline.live_outcomes import settle

    with open_engine(settings) as engine, closing(Chain(folder / OUTCOMES_NAME)) as chain:
        for outcome in settle(engine, asked, rows):
            chain.prepare(outcome.id, partial(_linked, outcome))
        try:
            chain.commit()
        except OSError as error:
            raise DatasetError(f"{folder} cannot be written ({error.strerror})") from None
        signals = tuple(delivered(folder / SIGNALS_NAME, asked.started_ms))
        return signals_net(engine, settings, signals, asked.block_ms)


def _linked(outcome: OutcomeRow, link: Link) -> OutcomeRow:
    return replace(outcome, seq=link.seq, prev=link.prev)


def _weigh(settings: Settings, found: LiveComparison) -> None:
    """Take the weight of a champion whose own interval lies below 0: it says less than nothing."""
    skill, champion = found.champion_skill, found.challenge.champion
    if skill is None or skill.high >= 0 or lost_weight(settings.out, champion) is not None:
        return
    now_ms = SystemClock().wall_ns() // 1_000_000
    lost = LostWeight(at_ms=now_ms, skill=skill, n_blocks=found.n_blocks)
    take_weight(settings.out, champion, lost)
    log.warning("%s has lost its weight: live it is worse than the constant", champion)


def _decide(settings: Settings, asked: Challenge, found: LiveComparison) -> LiveComparison:
    """Write a new decision down, and what follows from it; one that stands is not taken back."""
    now = found.challenge
    if asked.decision is not Decision.OPEN or now.decision is Decision.OPEN:
        return replace(found, challenge=asked)
    now = replace(now, decided_ms=SystemClock().wall_ns() // 1_000_000)
    is_won = now.promotes and now.decision is Decision.BETTER and _is_between_them(settings, now)
    if is_won:  # first: what is decided is not asked again, and a kill in between would end it
        promote(settings.out, now.challenger)
    for version in (now.champion, now.challenger):
        note_decision(settings.out, version, now)
    write_challenge(settings, now)
    if is_won and not now.is_rematch:  # the one before has as many blocks to come back, once
        challenge(settings, now.champion, promotes=True, rematch_of=now)
    return replace(found, challenge=now)


def _is_between_them(settings: Settings, asked: Challenge) -> bool:
    """Return whether no third version was put in use meanwhile."""
    return champion_version(settings.out) in (asked.champion, asked.challenger)
