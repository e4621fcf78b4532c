"""A venue that answers about wallets, and a folder for what it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from account_fakes import AccountVenue, account_venue


@pytest.fixture
def venue() -> Iterator[AccountVenue]:
    with account_venue() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"
