"""What several tests of the recorder begin with."""

from pathlib import Path

import pytest
from coverage_fakes import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A book of coverage in an empty folder."""
    return Bench(tmp_path)
