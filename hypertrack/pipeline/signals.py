"""The signals command: the track record checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import DatasetError
from hypertrack.pipeline.live import signals_path
from hypertrack.pipeline.places import require_data

if TYPE_CHECKING:
    from hypertrack.live.chain import Break


@dataclass(frozen=True)
class Checked:
    """What was found in a chain.

    Attributes:
        head: SHA-256 of its last line, by which a receiver of it knows the whole.
    """

    file: Path
    n_signals: int
    head: str
    breaks: "tuple[Break, ...]"


def verify(settings: Settings, file: Path | None) -> Checked:
    """Check that no signal of a chain was changed, taken out or put in.

    Args:
        file: Instead of the dataset's own.

    Raises:
        DatasetError: There is no dataset, or no such file.
    """
    if file is None:
        require_data(settings)
    from hypertrack.journal import read_whole
    from hypertrack.live.chain import NO_LINE, breaks, line_hash

    path = file or signals_path(settings)
    if not path.is_file():
        raise DatasetError(f"no signals at {path}: `hypertrack live --follow` writes them")
    n_signals, head = 0, NO_LINE
    for line in read_whole(path):
        n_signals, head = n_signals + 1, line_hash(line)
    return Checked(path, n_signals, head, tuple(breaks(path)))
