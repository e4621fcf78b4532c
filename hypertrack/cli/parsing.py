"""Words on the command line into values."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from hypertrack import wallet_lists
from hypertrack.errors import ConfigError
from hypertrack.records import checked_time_ms
from hypertrack.wallet_lists import checked_wallets

SECONDS_BY_UNIT = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
WALLET = re.compile(r"0x[0-9a-f]{40}")
DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


def parse_duration_s(text: str) -> float:
    """Return seconds from ``90``, ``90s``, ``10m``, ``1.5h`` or ``2d``.

    Raises:
        ConfigError: Anything else, and nothing or less.
    """
    match = DURATION.fullmatch(text.strip().lower())
    seconds = float(match[1]) * SECONDS_BY_UNIT[match[2] or "s"] if match else 0.0
    if seconds <= 0:
        raise ConfigError(f"a duration is a number with s, m, h or d, such as 10m; found {text!r}")
    return seconds


def choose_feeds(configured: Iterable[str], flags: Mapping[str, bool | None]) -> tuple[str, ...]:
    """Return the feeds to record.

    No flag: those configured. Any positive flag: only the positive ones. Only negative ones: those
    configured, but for these.

    Raises:
        ConfigError: No feed is left.
    """
    wanted = [feed for feed, is_on in flags.items() if is_on]
    chosen = tuple(wanted) or tuple(feed for feed in configured if flags[feed] is not False)
    if not chosen:
        raise ConfigError("no feed is left to record: drop one of the --no-... flags")
    return chosen


def parse_time_ms(text: str) -> int:
    """Return Unix milliseconds from ``2026-07-22``, ``2026-07-22T14:30``, or the number itself.

    UTC unless the text names another offset.

    Raises:
        ConfigError: Anything else, such as a year alone or seconds.
    """
    try:
        if text.isdecimal():
            return checked_time_ms(int(text))
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"a time is 2026-07-22T14:30 (UTC) or Unix milliseconds; found {text!r}"
        ) from None
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1_000)


def parse_wallets(text: str) -> tuple[str, ...]:
    """Return addresses from a file, as `read_wallets`, or from a comma-separated list.

    Raises:
        ConfigError: A word that is no address, or no address at all.
    """
    file = Path(text)
    if "," not in text and file.is_file():
        return read_wallets(file, "--wallets")
    taken = "--wallets takes a file or addresses"
    return _some(checked_wallets(text.split(","), taken), taken)


def read_wallets(file: Path, option: str) -> tuple[str, ...]:
    """Return the addresses in a file (see `wallet_lists.read_wallets`), at least one.

    Args:
        option: By which the file was named.

    Raises:
        ConfigError: No such file, a line that begins with no address, or no address at all.
    """
    return _some(wallet_lists.read_wallets(file, option), f"{option} takes a file")


def _some(wallets: tuple[str, ...], taken: str) -> tuple[str, ...]:
    if not wallets:
        raise ConfigError(f"{taken} of 0x and 40 hex digits; found none")
    return wallets
