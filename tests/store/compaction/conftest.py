"""What the tests of sealing begin with."""

from pathlib import Path

import pytest
from sealing_fakes import three_hours


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three hours of three feeds."""
    return three_hours(tmp_path)
