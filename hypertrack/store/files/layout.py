"""Names of the files in a dataset folder."""

from pathlib import Path

from hypertrack.errors import DatasetError
from hypertrack.records import Feed

COVERAGE_NAME = "coverage.jsonl"
QUARANTINE_NAME = "quarantine.jsonl"
MANIFEST_NAME = "manifest.json"
REPORT_NAME = "data_collection_report.txt"
LOCK_NAME = "recorder.lock"
ARCHIVE_NAME = "archive"
SEALED_NAME = "sealed"
FILLS_NAME = "fills.jsonl"
SET_ASIDE_NAME = "set_aside.jsonl"
IMPORTS_NAME = "imports.jsonl"
STATES_NAME = "account_states.jsonl"
FLOWS_NAME = "account_flows.jsonl"
RATES_NAME = "funding_history.jsonl"
ACCOUNTS_NAME = "accounts"
CURSOR_NAME = "fills_cursor.json"
"""Where a provider of every fill is to go on."""
ANSWERS_LOCK_NAME = "answers.lock"
PROGRESS_NAME = f"{ACCOUNTS_NAME}/progress.jsonl"
CHOICES_NAME = f"{ACCOUNTS_NAME}/choices.jsonl"
ACCOUNTS_REPORT_NAME = f"{ACCOUNTS_NAME}/report.json"

ASIDE_COVERAGE_NAME = f"{ACCOUNTS_NAME}/{COVERAGE_NAME}"
ASIDE_QUARANTINE_NAME = f"{ACCOUNTS_NAME}/{QUARANTINE_NAME}"
"""Of whoever asks about wallets while a recorder writes the others."""

CHOICES = "account_choices"
"""Wallets that were chosen to be asked about, among the kinds of answers."""

NAME_BY_ANSWERS = {
    "account_states": STATES_NAME,
    "account_flows": FLOWS_NAME,
    "funding_history": RATES_NAME,
    CHOICES: CHOICES_NAME,
}

ANSWER_NAMES = (FILLS_NAME, STATES_NAME, FLOWS_NAME, RATES_NAME)
"""What the venue said of wallets, and of the funding of their coins, beside the feeds."""


def feed_path(folder: Path, feed: Feed) -> Path:
    """Return the open JSONL file of a feed."""
    return folder / f"{feed}.jsonl"


def has_data(folder: Path) -> bool:
    """Return whether the folder holds anything recorded, imported or answered."""
    named = [feed_path(folder, feed) for feed in Feed]
    named += [folder / name for name in ANSWER_NAMES]
    return any(path.exists() for path in named) or any((folder / SEALED_NAME).glob("*/*.parquet"))


def require_data(folder: Path) -> None:
    """Do nothing where the folder holds something recorded.

    Raises:
        DatasetError: There is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise DatasetError(f"no dataset at {folder}: record one with `hypertrack record`")
    if not has_data(folder):
        raise DatasetError(f"nothing recorded in {folder}: record with `hypertrack record`")


def dataset_files(folder: Path) -> list[Path]:
    """Return every file that readers take data from, in a stable order."""
    names = [f"{feed}.jsonl" for feed in Feed] + [COVERAGE_NAME, ASIDE_COVERAGE_NAME]
    names += [*ANSWER_NAMES, CHOICES_NAME]
    open_files = [folder / name for name in names if (folder / name).exists()]
    return open_files + sorted((folder / SEALED_NAME).glob("*/*.parquet"))
