"""What the user knows: a CSV of ``wallet,bot`` that overrules the labelling functions."""

import csv
import io
from pathlib import Path

from hypertrack.errors import ConfigError
from hypertrack.records import WALLET_PATTERN
from hypertrack.text import read_text

IS_BOT = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def read_user_labels(file: Path) -> dict[str, bool]:
    """Return whether each wallet is a bot, by address in lower case.

    Args:
        file: CSV with the columns ``wallet`` and ``bot`` (1 or 0, true or false, yes or no).

    Raises:
        ConfigError: No such file, or a line that cannot be meant; it is named.
    """
    rows = csv.DictReader(io.StringIO(read_text(file)), skipinitialspace=True)
    try:
        names = rows.fieldnames or ()
        if not {"wallet", "bot"} <= set(names):
            raise ConfigError(
                f"labels need the columns wallet,bot; {file} has {','.join(names) or 'none'}"
            )
        return dict(_label(row, f"{file}:{rows.line_num}") for row in rows)
    except csv.Error as error:
        raise ConfigError(f"labels {file} are no CSV: {error}") from error


def _label(row: dict[str, str | None], place: str) -> tuple[str, bool]:
    wallet = (row["wallet"] or "").strip().lower()
    is_bot = IS_BOT.get((row["bot"] or "").strip().lower())
    if not WALLET_PATTERN.fullmatch(wallet):
        raise ConfigError(f"{place}: a wallet is 0x and 40 hex digits, found {row['wallet']!r}")
    if is_bot is None:
        raise ConfigError(f"{place}: bot is {' or '.join(IS_BOT)}, found {row['bot']!r}")
    return wallet, is_bot
