"""What a reader asks of wallets: the words of the page's own address, answered from columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from hypertrack.errors import ConfigError
from hypertrack.outputs.ranking import best_evidence, rank, require_value
from hypertrack.outputs.selection import in_order
from hypertrack.records import ProfileSet, Record, Verdict, WalletProfile

MAX_ROWS = 500
"""Of one answer."""

EVIDENCE = "evidence"

WORDS = ("q", "verdict", "category", "match", "sort", "order", "offset", "limit")
"""Beside the names of numbers."""

Pairs = Iterable[tuple[str, str]]


class Found(Record, frozen=True, kw_only=True):
    """Wallets of one answer."""

    n_wallets: int
    """Profiled."""
    n_found: int
    offset: int
    wallets: tuple[WalletProfile, ...]


@dataclass(frozen=True)
class WalletQuestion:
    """Which wallets are asked for.

    Attributes:
        words: Beginnings of addresses, or parts of categories; each must fit.
        ranges: Lowest and highest number by its name.
        is_ascending: The best of an order comes last.
    """

    words: tuple[str, ...] = ()
    verdicts: frozenset[str] = frozenset()
    categories: tuple[str, ...] = ()
    needs_all: bool = False
    ranges: tuple[tuple[str, float, float], ...] = ()
    sort: str = EVIDENCE
    is_ascending: bool = False
    offset: int = 0
    limit: int = 100


def parse_question(pairs: Pairs) -> WalletQuestion:
    """Return what an address asks for: ``verdict=COPY&tx_count=20..&sort=edge_bps&limit=10``.

    Raises:
        ConfigError: A word that cannot be meant.
    """
    single: dict[str, str] = {}
    verdicts, categories, ranges = [], [], []
    for name, text in pairs:
        if name == "verdict":
            verdicts.append(_one_of(name, text, tuple(Verdict)))
        elif name == "category":
            categories.append(text)
        elif name in WORDS:
            single[name] = text
        elif ".." in text:
            ranges.append((name, *_bounds(name, text)))
        else:
            raise _unknown(name, (*WORDS, "or a number's name with LOW..HIGH"))
    return WalletQuestion(
        words=tuple(single.get("q", "").lower().split()),
        verdicts=frozenset(verdicts),
        categories=tuple(categories),
        needs_all=_one_of("match", single.get("match", "any"), ("any", "all")) == "all",
        ranges=tuple(ranges),
        sort=single.get("sort", EVIDENCE),
        is_ascending=_one_of("order", single.get("order", "down"), ("down", "up")) == "up",
        offset=count("offset", single.get("offset", "0"), 10**9),
        limit=count("limit", single.get("limit", "100"), MAX_ROWS),
    )


def asked_of(pairs: Pairs, known: Sequence[str]) -> dict[str, str]:
    """Return what is asked where each word is asked once.

    Raises:
        ConfigError: A word that is not known.
    """
    asked = dict(pairs)
    for name in asked:
        if name not in known:
            raise _unknown(name, known)
    return asked


def _unknown(name: str, known: Sequence[str]) -> ConfigError:
    return ConfigError(f"{name:.40} is not known: {', '.join(known)}")


def _one_of(name: str, text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise ConfigError(f"{name} is one of {', '.join(known)}, found {text[:40]!r}")
    return text


def count(name: str, text: str, most: int) -> int:
    """Return a count that was asked for.

    Raises:
        ConfigError: It is none, or too many.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= most):
        raise ConfigError(f"{name} is a count up to {most:,}, found {text[:40]!r}")
    return int(text)


def _bounds(name: str, text: str) -> tuple[float, float]:
    low, _, high = text.partition("..")
    try:
        ends = float(low or "-inf"), float(high or "inf")
    except ValueError:
        ends = nan, nan
    if any(map(isnan, ends)):
        raise ConfigError(f"{name:.40} takes LOW..HIGH, found {text[:40]!r}")
    return ends


def answer(profiles: ProfileSet, asked: WalletQuestion) -> Found:
    """Return the wallets asked for.

    Raises:
        ConfigError: Nothing is called so, or these profiles do not tell it.
        DatasetError: As above.
    """
    rows = _ordered(profiles, asked)
    rows = rows[_is_found(profiles, asked)[rows]]
    shown = rows[asked.offset : asked.offset + asked.limit]
    return Found(
        n_wallets=profiles.header.n_wallets,
        n_found=len(rows),
        offset=asked.offset,
        wallets=tuple(in_order(profiles, shown)),
    )


def profile_of(profiles: ProfileSet, wallet: str) -> WalletProfile | None:
    """Return the profile of one wallet; None where it has none."""
    found = np.flatnonzero(profiles.column("wallet") == wallet)[:1]
    return next(iter(profiles.wallets(found)), None)


def _ordered(profiles: ProfileSet, asked: WalletQuestion) -> NDArray[np.intp]:
    by = best_evidence(profiles.header) if asked.sort == EVIDENCE else asked.sort
    ranked = rank(profiles, by)
    ranked = ranked[::-1] if asked.is_ascending else ranked
    # Who has no such number is not left out: he comes last, as in the page.
    others = np.setdiff1d(np.arange(len(profiles.column("tx_count"))), ranked)
    return np.concatenate((ranked, others))


def _is_found(profiles: ProfileSet, asked: WalletQuestion) -> NDArray[np.bool_]:
    is_found = np.ones(len(profiles.column("tx_count")), dtype=bool)
    if asked.verdicts:
        is_found &= np.isin(profiles.column("verdict").astype(str), list(asked.verdicts))
    if asked.categories:
        held = [profiles.holds([name]) for name in asked.categories]
        is_found &= np.logical_and.reduce(held) if asked.needs_all else np.logical_or.reduce(held)
    for name, low, high in asked.ranges:
        require_value(profiles.header, name)
        values = profiles.column(name)
        is_found &= (values >= low) & (values <= high)  # what is not known is in no range
    for word in asked.words:
        is_found &= _fits(profiles, word)
    return is_found


def _fits(profiles: ProfileSet, word: str) -> NDArray[np.bool_]:
    wallets = profiles.column("wallet").tolist()
    if word.startswith("0x"):
        return np.array([wallet.startswith(word) for wallet in wallets], dtype=bool)
    named: Sequence[str] = [
        name for name in profiles.header.n_wallets_by_category if word in name.lower()
    ]
    is_held = profiles.holds(named) if named else np.zeros(len(wallets), dtype=bool)
    has_part: NDArray[np.bool_] = np.array([word in wallet for wallet in wallets], dtype=bool)
    return is_held | has_part
