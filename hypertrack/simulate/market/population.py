"""The wallets: what each one is like, drawn from its kind, and the truth about them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypertrack.records import DAY_MS
from hypertrack.simulate.market.arrays import Flags, Floats, Ids, Ints
from hypertrack.simulate.market.identifiers import addresses
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.kinds import KINDS

HOME_POWER = 2.0
"""How much a wallet prefers the first of its coins; 1 would be not at all."""
ROAMERS_POWER = 1.4
"""The same of a wallet with more than `FEW_COINS`."""
FEW_COINS = 20

DISPOSITION, MARTINGALE = 1, 2
"""Habits of closing positions; 0 is after the holding time."""

_MOST_MOMENTS = 90
"""Typical moments of a session at most, so that nobody is the market."""

_MOST_AT_ONCE = 1.5
"""Sessions that a wallet has under way, on average and at most."""

_UNLIKE_SHARE = 0.06
"""Of wallets, those that are in one respect like another kind."""

_PICK_BLOCK = 4_096


@dataclass(frozen=True)
class Population:
    """One entry a wallet in every array, unless said otherwise."""

    addresses: tuple[str, ...]
    kind: NDArray[np.int64]
    """Index into `KINDS`."""
    is_bot: Flags
    aim_bps: Floats
    """Gain of an entry over its holding time that it aims at; the coin may not allow it."""
    foresight: Floats
    """Correlation of its direction with the coming return, beside what its aim asks for."""
    holding_ms: Floats
    trend: Floats
    """Weight of the past return in its direction, -1 to 1."""
    slow_trend: Floats
    """Part of that weight on the 15-minute return, 0 to 1; the rest on the 1-minute return."""
    volatility_taste: Floats
    long_bias: Floats
    exit_share: Floats
    limit_share: Floats
    twap_share: Floats
    sessions_per_day: Floats
    steady_per_day: Floats
    """Sessions a day of those who keep their own pace whatever the market's rate; 0 for others."""
    session_ms: Floats
    gap_ms: Floats
    gap_spread: Floats
    """Standard deviation of the log of its gaps: near 0 is a timer."""
    reaction: Floats
    """Share of its taker orders that follow a quote change at once."""
    size_usd: Floats
    size_spread: Floats
    """Standard deviation of the log of its order sizes."""
    round_share: Floats
    """Share of its orders with a round size."""
    patience_ms: Floats
    """How long its limit orders rest."""
    keenness: Floats
    """Weight of its limit orders in the queue."""
    sleep: Floats
    """Concentration of its activity around its waking hour; 0 is the same all day."""
    waking_hour: Floats
    one_sided: Floats
    """Share of its sessions in which all orders go one way."""
    repeats: Floats
    """Share of its sessions in which all orders have one size."""
    roaming: Floats
    """Chance that an order of a session goes to another of its coins."""
    evm_per_day: Floats
    owner: Ints
    """Wallet that decides for it: itself, or the first of its owner's."""
    follows: Ints
    """Wallet whose taker orders it copies, -1 for none."""
    lag_ms: Floats
    """After which it copies them."""
    partner: Ints
    """Wallet of the same owner that it trades with itself through, -1 for none."""
    exit_habit: Ints
    skill_from_ms: Floats
    """It foresees nothing before."""
    skill_until_ms: Floats
    """Nor from then on."""
    home: NDArray[np.int16]
    """Home coins of all wallets one after another, favourites first."""
    home_start: Ints
    home_count: Ints

    def __len__(self) -> int:
        return len(self.addresses)

    def pick_coin(self, wallet: Ids, rng: np.random.Generator) -> NDArray[np.int16]:
        """Return one of each wallet's home coins, favourites more often."""
        count = self.home_count[wallet]
        place = rng.random(len(wallet)) ** np.where(count > FEW_COINS, ROAMERS_POWER, HOME_POWER)
        nth = (count * place).astype(np.int64)
        picked: NDArray[np.int16] = self.home[self.home_start[wallet] + nth]
        return picked


def build_population(count: int, coins: tuple[Coin, ...], rng: np.random.Generator) -> Population:
    """Draw ``count`` wallets; kinds are mixed at random in their shares."""
    kind = _draw_kinds(count, rng)
    draw = _Draws(kind, rng)
    is_bot = rng.random(count) < draw.of("bot_share")
    is_everywhere = draw.of("n_coins") > 10
    gap_s = draw.around("gap_s", np.where(is_bot, 2.1, 1.4))
    gap_ms = np.maximum(gap_s * np.where(is_bot, 700, 1200), 70)
    session_ms = draw.loosely("session_min", 0.8) * np.where(is_bot, 120_000.0, 60_000.0)
    session_ms = np.minimum(session_ms, _MOST_MOMENTS * gap_ms)
    home, home_start, home_count = _draw_homes(draw, coins, rng)
    holding_ms = draw.loosely("holding_s", 0.7) * 1000
    gap_spread = np.where(is_bot, rng.beta(1.0, 2.5, count), rng.gamma(8, 0.14, count)) + 0.02
    gap_spread += np.where(is_bot & is_everywhere, 2.8 * rng.beta(2.0, 1.5, count), 0.0)  # bursts
    return Population(
        addresses=addresses(count, rng),
        kind=kind,
        is_bot=is_bot,
        aim_bps=draw.aim(),
        foresight=np.zeros(count),
        holding_ms=holding_ms,
        trend=np.clip(rng.normal(draw.of("trend"), 0.25), -0.9, 0.9),
        slow_trend=rng.beta(1.2, 1.2, count),
        volatility_taste=np.clip(rng.normal(draw.of("volatility_taste"), 0.5), -0.5, 3),
        long_bias=np.clip(rng.normal(draw.of("long_bias"), 0.12), -0.3, 0.95),
        exit_share=draw.share("exit_share", 8),
        limit_share=draw.share("limit_share", 1.6),
        twap_share=draw.share("twap_share", 6),
        sessions_per_day=np.minimum(
            draw.around("sessions_per_day", 0.9), _MOST_AT_ONCE * DAY_MS / session_ms
        ),
        steady_per_day=np.zeros(count),
        session_ms=session_ms,
        gap_ms=gap_ms,
        gap_spread=gap_spread,
        reaction=np.where(is_bot, rng.beta(0.8, 2.0, count), rng.beta(0.5, 9.0, count)),
        size_usd=np.minimum(draw.loosely("size_usd", 1.47) * 0.65, 90_000),
        size_spread=np.where(is_bot, rng.gamma(1.2, 0.45, count), rng.gamma(4.0, 0.33, count)),
        round_share=np.where(is_bot, rng.beta(0.5, 3.0, count), rng.beta(1.5, 1.5, count)),
        patience_ms=draw.lognormal(np.where(is_bot, 120_000.0, 500_000.0), 0.8),
        keenness=draw.lognormal(1.0, 0.35),
        sleep=np.where(is_bot, rng.gamma(1.0, 0.35, count), rng.gamma(3.0, 0.8, count)),
        waking_hour=rng.normal(16, np.where(is_bot, 8.0, 5.0)) % 24,
        one_sided=draw.share_loosely("one_sided", 4),
        repeats=np.where(is_bot, rng.beta(3.0, 1.0, count), rng.beta(1.6, 1.2, count)),
        roaming=np.where(is_everywhere, rng.beta(9.0, 1.0, count), rng.beta(1.0, 2.0, count)),
        evm_per_day=np.where(rng.random(count) < 0.35, draw.lognormal(1.5, 1.4), 0.0),
        owner=np.arange(count),
        follows=np.full(count, -1),
        lag_ms=np.zeros(count),
        partner=np.full(count, -1),
        exit_habit=np.zeros(count, dtype=np.int64),
        skill_from_ms=np.full(count, -np.inf),
        skill_until_ms=np.full(count, np.inf),
        home=home,
        home_start=home_start,
        home_count=home_count,
    )  # fmt: skip


class _Draws:
    """Draws around the medians of each wallet's kind."""

    def __init__(self, kind: NDArray[np.int64], rng: np.random.Generator):
        self.kind = kind
        self._rng = rng

    def of(self, name: str) -> Floats:
        """Return the kind's own number for each wallet."""
        values: Floats = np.array([getattr(kind, name) for kind in KINDS], dtype=np.float64)
        return values[self.kind]

    def lognormal(self, median: ArrayLike, spread: ArrayLike) -> Floats:
        normal = self._rng.standard_normal(len(self.kind))
        drawn: Floats = np.asarray(median) * np.exp(np.asarray(spread) * normal)
        return drawn

    def around(self, name: str, spread: ArrayLike) -> Floats:
        """Return a log-normal draw around the kind's number."""
        return self.lognormal(self.of(name), spread)

    def loosely(self, name: str, spread: ArrayLike) -> Floats:
        """Return the same, with some wallets that are like another kind in this respect."""
        return self.lognormal(self._of_some_kind(name), spread)

    def share(self, name: str, certainty: float) -> Floats:
        """Return a beta draw with the kind's number as its mean; an impossible share stays 0."""
        return self._beta(self.of(name), certainty)

    def share_loosely(self, name: str, certainty: float) -> Floats:
        """Return the same, with some wallets that are like another kind in this respect."""
        return self._beta(self._of_some_kind(name), certainty)

    def _of_some_kind(self, name: str) -> Floats:
        values = np.array([getattr(kind, name) for kind in KINDS], dtype=np.float64)
        other = values[self._rng.integers(0, len(KINDS), len(self.kind))]
        is_unlike = self._rng.random(len(self.kind)) < _UNLIKE_SHARE
        return np.where(is_unlike, other, self.of(name))

    def _beta(self, mean: Floats, certainty: float) -> Floats:
        mean = np.clip(mean, 1e-3, 1 - 1e-3)
        drawn: Floats = self._rng.beta(mean * certainty, (1 - mean) * certainty)
        return drawn

    def aim(self) -> Floats:
        """Return the edge a wallet aims at; informed ones have some, negative ones lack it."""
        mean = self.of("edge_bps")
        drawn = self._rng.normal(mean, self.of("edge_sd_bps"))
        drawn = np.where(mean > 2, np.clip(drawn, 1.0, 30), drawn)
        return np.where(mean < -2, np.clip(drawn, -12, -0.5), drawn)


def _draw_kinds(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a kind for each wallet, in whole wallets by share and at least one of each kind."""
    shares = np.array([kind.share for kind in KINDS])
    members = np.maximum(np.round(shares * count), 1).astype(np.int64)
    kind = np.repeat(np.arange(len(KINDS)), members)
    spare = np.full(count, shares.argmax())
    return rng.permutation(np.concatenate([kind, spare])[:count])


def _draw_homes(
    draw: _Draws, coins: tuple[Coin, ...], rng: np.random.Generator
) -> tuple[NDArray[np.int16], Ints, Ints]:
    """Return home coins, drawn in proportion to what trades."""
    wanted = np.round(draw.loosely("n_coins", 0.9)).astype(np.int64)
    count = np.clip(wanted, 1, len(coins))
    log_share = np.log([coin.trade_share for coin in coins])
    rows = []
    for at in range(0, len(count), _PICK_BLOCK):
        part = slice(at, at + _PICK_BLOCK)
        score = log_share + rng.gumbel(size=(len(count[part]), len(coins)))
        ranked = np.argsort(-score, axis=1).astype(np.int16)
        rows.append(ranked[np.arange(len(coins)) < count[part, None]])
    return np.concatenate(rows), np.cumsum(count) - count, count
