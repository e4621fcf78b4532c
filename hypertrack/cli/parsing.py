"""Words on the command line into values."""

import re
from collections.abc import Iterable, Mapping

from hypertrack.errors import ConfigError

SECONDS_BY_UNIT = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
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
