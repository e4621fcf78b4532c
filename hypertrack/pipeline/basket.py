"""The basket of the verdict command: wallets worth following together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, NotEnoughDataError
from hypertrack.pipeline.places import open_engine
from hypertrack.pipeline.verdict import judged_profiles
from hypertrack.records import Record, Verdict

if TYPE_CHECKING:  # the command loads these when it runs
    from numpy.typing import NDArray

    from hypertrack.pipeline.profiles import Profiles
    from hypertrack.skill.basket import Basket
    from hypertrack.skill.following import Copies

__all__ = ["BasketFound", "BasketWallet", "find_basket"]

MOST_CANDIDATES = 200
"""Beyond, who comes has too little edge to be worth its independence."""

TIERS = (Verdict.COPY, Verdict.WATCH, Verdict.NOT_ENOUGH_DATA)
"""From which candidates are taken, the next only where those before do not suffice."""


class BasketWallet(Record, frozen=True, kw_only=True):
    """One wallet of a basket."""

    wallet: str
    verdict: str
    edge_bps: float
    """To be expected, before costs."""
    n_bets: int
    """That could be copied."""
    correlation: float | None
    """With the one of the others that it moves with most; None of a single one."""
    nearest: str | None
    vault: str = ""
    """What it is called and by whom it is led; empty for what is not known as a vault."""


class BasketFound(Record, frozen=True, kw_only=True):
    """Wallets whose bets are as independent as they come."""

    headline: str
    """What the recording can say at all."""
    says: str
    n_asked: int
    n_effective: float
    """As many independent wallets they count as."""
    n_copy: int
    wallets: tuple[BasketWallet, ...]


@dataclass(frozen=True)
class _Candidates:
    """Wallets that may be chosen, the best first."""

    wallets: tuple[str, ...]
    verdict: "NDArray[np.object_]"
    edge_bps: "NDArray[np.float64]"
    horizon_s: "NDArray[np.float64]"
    vault: Mapping[str, str]
    """By wallet, as of `BasketWallet`."""


def find_basket(settings: Settings, size: int, kept_file: Path | None = None) -> BasketFound:
    """Return wallets whose bets, copied at the user's delay, are as independent as they come.

    Args:
        size: How many at most.
        kept_file: Of profiles to show; refused, since bets stand in the dataset alone.

    Raises:
        ConfigError: Such a file was given.
        NotEnoughDataError: Nobody's expected edge is above 0.
    """
    if kept_file is not None:
        raise ConfigError(
            "--basket needs single bets, which no profiles hold: leave out --profiles"
        )
    profiles = judged_profiles(settings)
    known = _candidates(profiles, size)
    from hypertrack.outputs.basket_words import basket_sentence
    from hypertrack.outputs.verdict_views import headline

    basket, n_bets = _choose(settings, known, size)
    wallets = tuple(_wallets(known, basket, n_bets))
    n_copy = sum(each.verdict == Verdict.COPY.value for each in wallets)
    skill = profiles.header.skill
    return BasketFound(
        headline="" if skill is None else headline(skill),
        says=basket_sentence(len(wallets), basket.n_effective, n_copy),
        n_asked=size,
        n_effective=basket.n_effective,
        n_copy=n_copy,
        wallets=wallets,
    )


def _candidates(profiles: "Profiles", size: int) -> _Candidates:
    """Return one wallet of each entity that copies nobody and whose expected edge is above 0."""
    from hypertrack.outputs.account_views import vault_words
    from hypertrack.outputs.ranking import rank_by_verdict

    rows = rank_by_verdict(profiles)
    verdict = profiles.column("verdict").astype(str)
    entity, edge = profiles.column("entity_id"), profiles.column("edge_bps")
    is_own = np.array([not who for who in profiles.column("follows")], dtype=np.bool_)
    rows = rows[is_own[rows] & (np.nan_to_num(edge[rows]) > 0)]
    rows = rows[np.sort(np.unique(entity[rows], return_index=True)[1])]
    for n_tiers in range(1, len(TIERS) + 1):
        chosen = rows[np.isin(verdict[rows], [tier.value for tier in TIERS[:n_tiers]])]
        if len(chosen) >= size:
            break
    if not len(chosen):
        raise NotEnoughDataError(
            "a basket needs wallets with an expected edge above 0, found none: record longer"
        )
    chosen = chosen[:MOST_CANDIDATES]
    return _Candidates(
        wallets=tuple(profiles.column("wallet")[chosen].tolist()),
        verdict=verdict[chosen].astype(object),
        edge_bps=edge[chosen].astype(np.float64),
        horizon_s=profiles.column("horizon_s")[chosen].astype(np.float64),
        vault={
            each.wallet: vault_words(each.account) for each in profiles.wallets(np.sort(chosen))
        },
    )


def _choose(
    settings: Settings, known: _Candidates, size: int
) -> "tuple[Basket, NDArray[np.int64]]":
    """Return the basket, and how many bets of each candidate could be copied."""
    from hypertrack.skill.basket import choose, gains_by_block
    from hypertrack.skill.bets import SHORTEST_BLOCK_MS

    copies = _copies(settings, known)
    block_ms = max(SHORTEST_BLOCK_MS, round(float(known.horizon_s.max()) * 1000))
    gains = gains_by_block(copies, len(known.wallets), block_ms)
    seen = copies.entity[~np.isnan(copies.gross_bps)]
    n_bets = np.bincount(seen, minlength=len(known.wallets)).astype(np.int64)
    return choose(gains, known.edge_bps, size), n_bets


def _copies(settings: Settings, known: _Candidates) -> "Copies":
    """Return all that copying the candidates would have made of the whole recording."""
    from hypertrack.market.window import Window
    from hypertrack.skill.backtest import follow_terms
    from hypertrack.skill.following import Followable, Round, follow_all

    with open_engine(settings) as engine:
        number = {wallet: nth for nth, wallet in enumerate(known.wallets)}
        whole = Window(engine.start_ms, engine.end_ms)
        followable = Followable(
            np.array([number.get(wallet, -1) for wallet in engine.wallets], dtype=np.int64),
            (known.horizon_s * 1000).round().astype(np.int64),
        )
        terms = follow_terms(engine.backend, engine.end_ms, settings)
        return follow_all(engine.backend, [Round(whole, whole)], [followable], terms)


def _wallets(
    known: _Candidates, basket: "Basket", n_bets: "NDArray[np.int64]"
) -> "list[BasketWallet]":
    is_alone = len(basket.rows) < 2
    return [
        BasketWallet(
            wallet=known.wallets[row],
            verdict=str(known.verdict[row]),
            edge_bps=float(known.edge_bps[row]),
            n_bets=int(n_bets[row]),
            correlation=None if is_alone else float(basket.correlation[place, near]),
            nearest=None if is_alone else known.wallets[int(basket.rows[near])],
            vault=known.vault[known.wallets[row]],
        )
        for place, (row, near) in enumerate(
            zip(basket.rows.tolist(), basket.nearest.tolist(), strict=True)
        )
    ]
