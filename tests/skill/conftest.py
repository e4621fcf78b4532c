"""An engine over a few lines, and a disk without a place for what wallets opened."""

import pytest
from engine_fakes import busy_engine, busy_market, features_of, open_engine

from hypertrack.skill import fetching
from hypertrack.skill.openings import Openings
from hypertrack.skill.put_aside import OpeningsAside

__all__ = ["busy_engine", "busy_market", "features_of", "open_engine"]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first of several batches find no place where openings are put aside."""

    def fail(_aside: OpeningsAside, _openings: Openings) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(fetching, "ROWS_AT_ONCE", 50)
    monkeypatch.setattr(OpeningsAside, "put", fail)
