"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
CAPTURE = SHARED_DATA / "mainnet-2026-07-22" / "books_5m.jsonl"


@pytest.fixture(scope="session")
def capture() -> Path:
    """The raw mainnet capture; it is kept outside the repository."""
    if not CAPTURE.is_file():
        pytest.skip(f"no mainnet capture at {CAPTURE.relative_to(Path(__file__).parents[2])}")
    return CAPTURE
