"""The truth of a simulated market in a file: read for comparisons, and by nothing else."""

from pathlib import Path
from typing import Any

from hypertrack.errors import ConfigError
from hypertrack.files import TABLE_SUFFIXES


def read_truth(file: Path) -> dict[str, Any]:
    """Return the truth of simulated wallets, a column each.

    Raises:
        ConfigError: The file holds none.
    """
    if file.suffix not in TABLE_SUFFIXES:
        raise ConfigError(f"{file}: a truth file ends in {' or '.join(TABLE_SUFFIXES)}")
    if not file.is_file():
        raise ConfigError(f"no truth at {file}: `hypertrack simulate --truth FILE` writes it")
    from hypertrack.store.columns import read_columns

    columns = read_columns(file)
    if not {"wallet", "kind", "owner", "follows"} <= set(columns):
        raise ConfigError(f"{file} holds no truth: `hypertrack simulate --truth FILE` writes it")
    return columns


def require_simulated(notice: str | None) -> None:
    """Refuse a truth about wallets that are real.

    Raises:
        ConfigError: The recording is not simulated.
    """
    if not (notice or "").startswith("simulated"):
        raise ConfigError("--truth is for simulated recordings, and this is none: leave it out")
