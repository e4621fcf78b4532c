"""A dataset for each test, and the browser of the tests of pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import browser
from serving_fakes import Dataset

__all__ = ["browser", "dataset"]


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    """Return a folder with a recording and three profiles."""
    found = Dataset(tmp_path)
    found.write_profiles()
    yield found
    found.close()
