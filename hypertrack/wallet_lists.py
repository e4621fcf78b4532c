"""Lists of wallets that people keep: one file for every command that reads one."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from hypertrack.errors import ConfigError
from hypertrack.records import are_wallets
from hypertrack.text import read_text

HEADING = "wallet"
"""Of the first column of a CSV."""


def read_wallets(file: Path, named_by: str) -> tuple[str, ...]:
    """Return the addresses in a file, one a line, in lower case, each once; perhaps none.

    What stands behind an address, after a blank or a comma, is its label; what follows a ``#`` is a
    remark. So a watchlist of the page will do, and a CSV with the wallet first, whose heading,
    ``wallet``, is skipped, as are empty lines.

    Args:
        named_by: The option or setting, for people.

    Raises:
        ConfigError: No such file, or a line that begins with no address.
    """
    if not file.is_file():
        raise ConfigError(f"no file at {file}: {named_by} names one with an address a line")
    words = [_first_word(line) for line in read_text(file).splitlines()]
    if words and words[0].lower() == HEADING:
        del words[0]
    return checked_wallets(words, f"{named_by} takes a file")


def checked_wallets(words: Iterable[str], taken: str) -> tuple[str, ...]:
    """Return addresses in lower case, each once; empty words are left out.

    Args:
        taken: Begins the sentence about one that is none.

    Raises:
        ConfigError: A word that is no address.
    """
    found = [word for word in map(_bare, words) if word]
    strange = next((word for word in found if not are_wallets(word)), None)
    if strange is not None:
        raise ConfigError(f"{taken} of 0x and 40 hex digits; found {strange!r}")
    return tuple(dict.fromkeys(map(str.lower, found)))


def _first_word(line: str) -> str:
    parts: Iterator[str] = iter(line.partition("#")[0].partition(",")[0].split())
    return _bare(next(parts, ""))


def _bare(word: str) -> str:
    return word.strip().strip('"')
