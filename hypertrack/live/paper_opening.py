"""Following on paper begun, or gone on with: its terms, and whom it is held against."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.live.chain import Chain, Link
from hypertrack.live.paper_desk import Contacts, PaperDesk
from hypertrack.live.paper_log import recall
from hypertrack.live.paper_state import PaperState
from hypertrack.live.paper_steps import StepMaker
from hypertrack.records import FollowStep, FollowTerms, PortfolioBegun, StepKind, as_dict, replace
from hypertrack.store.profiles import ProfileFile
from hypertrack.store.reading.answer_tape import AnswerTape
from hypertrack.store.reading.recorded_prices import RecordedPrices

LEADERS_NAME = "leaders"
PROFIT_NAME = "top by realised profit"
RANDOM_NAME = "random"

N_DRAWS = 20
"""Of random active wallets: what choosing at all is worth."""

MOST_BESIDE = 20
"""Wallets in each portfolio beside the leaders'."""

SEED = 20_260_107
"""Of the draws: one set of profiles has one."""


def open_paper(
    settings: Settings,
    log: Path,
    profiles: Path,
    since_ms: int,
    contacts: Contacts,
) -> PaperDesk:
    """Return the book-keeper of a log, which is begun where there is none.

    Args:
        profiles: In force; wallets to be held against are drawn from them.
        since_ms: Only actions from then on are followed.

    Raises:
        ConfigError: The log was begun with other terms.
        DatasetError: The log was changed.
    """
    assert isinstance(settings.data, Path)
    terms = terms_of(settings)
    chain = Chain(log)
    state, events = recall(log)
    if state is None:
        beside = portfolios_beside(profiles, settings)
        begin = FollowStep(
            id="begin",
            seq=0,
            prev="",
            kind=StepKind.BEGIN,
            at_ms=since_ms,
            terms=terms,
            portfolios=(PortfolioBegun(name=LEADERS_NAME), *beside),
        )
        state = PaperState(_written(begin, chain))
    _require_same(state.terms, terms, log)
    prices = RecordedPrices(settings.data)
    maker = StepMaker(state, prices, settings.follow, settings.fees)
    lateness_ms = round(settings.live.lateness_s * 1_000)
    desk = PaperDesk(state, chain, maker, AnswerTape(settings.data), contacts, lateness_ms)
    desk.recalled = events
    return desk


def terms_of(settings: Settings) -> FollowTerms:
    """Return how the settings follow.

    Raises:
        ConfigError: They do not.
    """
    asked = settings.follow
    if asked.capital_usd is None:
        raise ConfigError("nothing is followed on paper: set follow.capital_usd")
    usual = settings.copy.size_usd
    return FollowTerms(
        capital_usd=_exact(asked.capital_usd),
        sizing=asked.sizing,
        notional_usd=_exact(asked.notional_usd or usual),
        delay_ms=round(asked.delay_s * 1_000),
        max_notional_usd=_exact(asked.max_notional_usd or asked.capital_usd),
        max_leverage=_exact(asked.max_leverage),
        stop_drawdown_frac=_exact(asked.stop_drawdown_frac),
        spread_bps=_exact(asked.spread_bps),
    )


def portfolios_beside(profiles: Path, settings: Settings) -> Sequence[PortfolioBegun]:
    """Return whom the leaders are held against: as many wallets, by profit and by chance.

    None where no wallet was classified yet.
    """
    try:
        file = ProfileFile(profiles)
    except DatasetError:
        return ()
    wallets = file.column("wallet")
    is_active = np.nan_to_num(file.column("n_openings").astype(np.float64)) > 0
    active = np.flatnonzero(is_active) if is_active.any() else np.arange(len(wallets))
    n_leaders = _n_leaders(file, settings)
    n_wallets = min(n_leaders, len(active))
    rng = np.random.default_rng(SEED)
    draws = [
        PortfolioBegun(
            name=f"{RANDOM_NAME} {nth + 1}",
            wallets=tuple(sorted(wallets[rng.choice(active, n_wallets, replace=False)].tolist())),
        )
        for nth in range(N_DRAWS if n_wallets else 0)
    ]
    profit, flow = (file.column(name) for name in ("profit_usd", "flow_pnl_usd"))
    profit = np.where(np.isnan(profit), flow, profit)  # what is known to be profit comes first
    ranked = np.argsort(-profit, kind="stable")[: int((~np.isnan(profit)).sum())][:n_leaders]
    best = PortfolioBegun(name=PROFIT_NAME, wallets=tuple(wallets[ranked].tolist()))
    return (*((best,) if len(ranked) else ()), *draws)


def _n_leaders(file: ProfileFile, settings: Settings) -> int:
    """Return how many are followed at the start, as the portfolios beside have wallets."""
    by_verdict = np.isin(file.column("verdict").astype(str), settings.follow.verdicts)
    named = {wallet.lower() for wallet in settings.follow.leaders}
    named |= set(file.column("wallet")[by_verdict].tolist())
    return min(max(len(named), 1), MOST_BESIDE)


def _written(begin: FollowStep, chain: Chain) -> FollowStep:
    made: list[FollowStep] = []

    def linked(link: Link) -> FollowStep:
        made.append(replace(begin, seq=link.seq, prev=link.prev))
        return made[0]

    chain.add(begin.id, linked)
    return made[0]


def _require_same(of_log: FollowTerms, asked: FollowTerms, log: Path) -> None:
    began, now = as_dict(of_log), as_dict(asked)
    other = [f"{name} {began[name]}, now {now[name]}" for name in began if began[name] != now[name]]
    if other:
        raise ConfigError(
            f"{log} was begun with other terms ({'; '.join(other)}): set them back, or move the "
            "file away to begin a new portfolio"
        )


def _exact(number: float) -> Decimal:
    return Decimal(str(number))
