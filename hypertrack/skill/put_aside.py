"""Openings of some wallets at a time, put aside until it is known how long everybody holds."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import numpy as np

from hypertrack.scratch import scratch_folder
from hypertrack.skill.openings import NO_OPENINGS, Openings

ROWS_IN_MEMORY = 5_000_000
"""Three hundred megabytes; more go to disk."""

ON_DISK = {"wallet": np.int32, "coin": np.int32, "direction": np.int8}
"""Types that the numbers fit in; the others stay as they are."""


class OpeningsAside:
    """Use as a context manager, after which they are gone."""

    def __init__(self) -> None:
        self._left = ROWS_IN_MEMORY
        self._parts: list[Openings | Path] = []
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> "OpeningsAside":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def put(self, openings: Openings) -> None:
        """Put some aside."""
        self._left -= len(openings)
        self._parts.append(openings if self._left >= 0 else self._written(openings))

    def __len__(self) -> int:
        """Return how many parts there are; of nobody there is one part without any."""
        return max(len(self._parts), 1)

    def __getitem__(self, nth: int) -> Openings:
        """Return a part as it was put."""
        part = self._parts[nth] if self._parts else NO_OPENINGS
        return part if isinstance(part, Openings) else _read(part)

    def _written(self, openings: Openings) -> Path:
        if self._folder is None:
            self._folder = scratch_folder()
        file = Path(self._folder.name) / f"{len(self._parts)}.npz"
        np.savez(
            file,
            **{
                name: column.astype(ON_DISK.get(name, column.dtype), copy=False)
                for name, column in vars(openings).items()
            },
        )
        return file


def _read(file: Path) -> Openings:
    with np.load(file) as columns:
        kinds = {name: column.dtype for name, column in vars(NO_OPENINGS).items()}
        return Openings(**{name: columns[name].astype(kinds[name]) for name in kinds})
