"""The follow command: how following on paper stands."""

from pathlib import Path

from hypertrack.config import Settings
from hypertrack.errors import DatasetError
from hypertrack.pipeline.live import PAPER_NAME
from hypertrack.pipeline.places import live_folder, require_data
from hypertrack.records import FollowResult, Record


class FollowTold(Record, frozen=True, kw_only=True):
    """A result and what it says in words."""

    sentences: tuple[str, ...]
    """The most important first."""
    parts: tuple[tuple[str, str], ...]
    """The leaders' result, what lies between, and ours: they sum, USD."""
    result: FollowResult


def follow_result(settings: Settings, file: Path | None = None) -> FollowTold:
    """Return how following on paper stands, from its log.

    Args:
        file: Instead of the dataset's own.

    Raises:
        DatasetError: There is no dataset, no log, or it was changed.
    """
    if file is None:
        require_data(settings)
    from hypertrack.live.paper_log import read_state
    from hypertrack.live.paper_result import result_of
    from hypertrack.outputs.follow_words import parts_table, sentences

    path = file or live_folder(settings) / PAPER_NAME
    state = read_state(path)
    if state is None:
        raise DatasetError(
            f"nothing was followed on paper at {path}: set follow.capital_usd and follow.leaders, "
            "and start `hypertrack live --follow`"
        )
    found = result_of(state)
    return FollowTold(sentences=sentences(found), parts=tuple(parts_table(found)), result=found)
