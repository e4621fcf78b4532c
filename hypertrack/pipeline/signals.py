"""The signals command: the track record checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import DatasetError
from hypertrack.pipeline.live import PAPER_NAME, signals_path
from hypertrack.pipeline.places import live_folder, require_data

if TYPE_CHECKING:
    from hypertrack.live.chain import Break


@dataclass(frozen=True)
class Checked:
    """What was found in a chain.

    Attributes:
        head: SHA-256 of its last line, by which a receiver of it knows the whole.
        holds: What its lines are, in the plural.
    """

    file: Path
    n_lines: int
    head: str
    breaks: "tuple[Break, ...]"
    holds: str = "signals"


def verify(settings: Settings, file: Path | None) -> Checked:
    """Check that no signal of a chain was changed, taken out or put in.

    Args:
        file: Instead of the dataset's own.

    Raises:
        DatasetError: There is no dataset, or no such file.
    """
    if file is None:
        require_data(settings)
    path = file or signals_path(settings)
    if not path.is_file():
        raise DatasetError(f"no signals at {path}: `hypertrack live --follow` writes them")
    return _checked(path, "lines" if file else "signals")


def verify_beside(settings: Settings) -> tuple[Checked, ...]:
    """Check the other chains that live wrote for a dataset, those that there are."""
    from hypertrack.live.score_book import OUTCOMES_NAME, SCORES_NAME

    holds = {PAPER_NAME: "steps on paper", SCORES_NAME: "scores", OUTCOMES_NAME: "outcomes"}
    paths = {live_folder(settings) / name: what for name, what in holds.items()}
    return tuple(_checked(path, what) for path, what in paths.items() if path.is_file())


def _checked(path: Path, holds: str) -> Checked:
    from hypertrack.journal import read_whole
    from hypertrack.live.chain import NO_LINE, breaks, line_hash

    n_lines, head = 0, NO_LINE
    for line in read_whole(path):
        n_lines, head = n_lines + 1, line_hash(line)
    return Checked(path, n_lines, head, tuple(breaks(path)), holds)
