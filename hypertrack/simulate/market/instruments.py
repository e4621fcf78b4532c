"""The coins of the simulated market: names, prices, how much each trades, its precision."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hypertrack.errors import ConfigError
from hypertrack.simulate.market.arrays import Floats

CoinKind = Literal["perp", "spot", "hip3", "outcome"]

SHARE_BY_KIND: dict[CoinKind, float] = {"perp": 0.914, "spot": 0.07, "hip3": 0.016}
"""Share of all trades (measured on the venue, 2025-10-27)."""

MEAN_TRADE_USD = 2_300.0

# Name and price; a name with a colon is a builder's perp, with a slash or an @ a spot pair, whose
# token stands after "=". Most traded first within each kind.
_LEADERS = """BTC 84143 ETH 2296.4 SOL 94.88 HYPE 41.2 @107=HYPE 41.2 XRP 1.437 DOGE 0.1021
kPEPE 0.004213 xyz:SP500 6871 FARTCOIN 0.2217 PURR/USDC=PURR 0.0671 SUI 0.9871"""

_PERPS = """PUMP 0.002713 ENA 0.1312 ZEC 341.2 ADA 0.2831 LINK 9.137 AVAX 9.643 BNB 641.7 LTC 56.12
XPL 0.1132 ASTER 0.7121 kBONK 0.006217 TRUMP 3.412 AAVE 112.3 WLD 0.3912 UNI 3.512 NEAR 1.291
ARB 0.1042 TAO 191.4 BCH 451.3 CRV 0.2513 ONDO 0.2712 WIF 0.2211 PENGU 0.007132 VIRTUAL 0.6317
LDO 0.3121 OP 0.1312 JUP 0.1713 TIA 0.3541 DOT 1.327 APT 0.9713 kSHIB 0.006113 HBAR 0.0917
INJ 3.121 SEI 0.0721 FIL 0.9317 TON 1.317 TRX 0.2811 ATOM 1.817 ETC 8.713 ICP 2.513 RENDER 1.521
MKR 1421 PENDLE 1.312 STX 0.2513 IMX 0.1812 GALA 0.004112 DYDX 0.1121 POPCAT 0.0617 MOODENG 0.0571
GOAT 0.0221 PNUT 0.0621 BRETT 0.0087 kFLOKI 0.0313 MEW 0.000671 TURBO 0.001121 NOT 0.000413
ZRO 1.712 ZK 0.0241 STRK 0.0521 EIGEN 0.2012 ETHFI 0.4871 IO 0.1213 W 0.0213 MANTA 0.0712
ALT 0.0087 JTO 0.2713 PYTH 0.0512 MEME 0.000871 BLUR 0.0213 GMX 7.213 SNX 0.3712 COMP 18.73
SUSHI 0.2213 YGG 0.0412 APE 0.1412 SAND 0.0913 FTM 0.0712 MATIC 0.1213 CFX 0.0612 KAS 0.0341
ORDI 3.112 BIGTIME 0.0171 GAS 1.612 POLYX 0.0571 BSV 15.13 MINA 0.0671 RUNE 0.4121 XAI 0.0131
USTC 0.005713 SUPER 0.1613 ENS 7.131 XLM 0.1713 ALGO 0.0971 NEO 2.913 IOTA 0.0713 CELO 0.0912
HMSTR 0.000217 SCR 0.0612 GRASS 0.2513 LAYER 0.0912 MOVE 0.0271 ME 0.2013 SPX 0.3213 GRIFFAIN 0.0121
AIXBT 0.0281 ZEREBRO 0.0131 MELANIA 0.1112 ANIME 0.006112 VINE 0.0212 BERA 0.5713 IP 1.712
KAITO 0.4321 NIL 0.0513 PROMPT 0.0412 BABY 0.0131 WCT 0.0712 HYPER 0.1121 ZORA 0.0213 INIT 0.0812
DOOD 0.006113 LAUNCHCOIN 0.0413 NXPC 0.3121 SOPH 0.0121 RESOLV 0.0713 SYRUP 0.2813 PROVE 0.3121
YZY 0.3112 WLFI 0.1213 LINEA 0.005112 SKY 0.0571 AVNT 0.2512 STBL 0.0513 HEMI 0.0171 APEX 0.4712
MON 0.0213 MEGA 0.1121 LIT 1.312 FOGO 0.0312 MORPHO 1.121 MAV 0.0212 BANANA 6.121 AR 2.113
RSR 0.001813 UMA 0.4212 BLAST 0.000712 FET 0.1612 NTRN 0.0213 ACE 0.1413 DYM 0.0512 kLUNC 0.0413
OMNI 1.412 REZ 0.004121 LISTA 0.1213 TST 0.0112 VVV 2.312 SAGA 0.0412 OM 0.0571 BIO 0.0312"""

_SPOT = """@142=UBTC 84150 @151=UETH 2296.9 @156=USOL 94.91 @188=UPUMP 0.002714 @162=UFART 0.2218
@1=HFUN 12.31 @166=USDT0 0.9998 @230=USDH 0.9997 @13=LIQD 0.0212 @35=CATBAL 0.0087"""

_HIP3 = """xyz:XYZ100 24871 xyz:NVDA 181.3 xyz:TSLA 391.2 xyz:GOLD 4121 xyz:CL 71.34
xyz:SILVER 51.12 flx:OIL 71.31 xyz:AAPL 271.2 km:US500 687.3 hyna:BTC 84160
vntl:OPENAI 871.2 xyz:PLTR 151.7 xyz:COIN 241.3 cash:USA500 687.1
flx:COPPER 5.121 vntl:SPACEX 1012 xyz:MSTR 171.3"""

_FOLLOWS = {"@107": "HYPE", "@142": "BTC", "@151": "ETH", "@156": "SOL", "hyna:BTC": "BTC"}
"""Coins that are another one in a different wrapper: the same latent price."""


@dataclass(frozen=True)
class Coin:
    """One market; its name as the venue spells it."""

    name: str
    kind: CoinKind
    token: str
    """What is traded: the name without its builder, or the spot pair's base token."""
    size_decimals: int
    price_usd: float
    """At the start."""
    trade_share: float
    """Expected share of the market's taker orders."""
    day_volume_usd: float
    max_leverage: int
    day_volatility_frac: float
    """Standard deviation of a day's return."""
    spread_bps: float
    """Typical distance of best bid and best offer."""
    depth_usd: float
    """Typical value of the best five levels of a side."""
    follows: str | None
    """Coin whose latent price this one shares."""

    @property
    def max_price_decimals(self) -> int:
        """Decimals that the venue allows in a price (protocol, section 5)."""
        return (8 if self.kind == "spot" else 6) - self.size_decimals

    def size_of(self, units: int) -> float:
        """Return so many of the smallest steps of the coin's size, in coins."""
        return float(units / 10**self.size_decimals)


class CoinColumns:
    """The coins' numbers as arrays, an entry each."""

    def __init__(self, coins: tuple[Coin, ...]):
        self.count = len(coins)
        self.size_scale = 10.0 ** np.array([coin.size_decimals for coin in coins])
        self.price_decimals = np.array([coin.max_price_decimals for coin in coins])
        self.trade_share = np.array([coin.trade_share for coin in coins])
        self.day_volume_usd = np.array([coin.day_volume_usd for coin in coins])
        self.volatility = np.array([coin.day_volatility_frac for coin in coins])
        self.spread = np.array([coin.spread_bps for coin in coins]) / 1e4
        self.depth_usd = np.array([coin.depth_usd for coin in coins])


def build_coins(count: int, trades_per_second: float) -> tuple[Coin, ...]:
    """Return the ``count`` most traded coins, in the order of the catalogue.

    Raises:
        ConfigError: More coins than the catalogue knows.
    """
    named = _catalogue()
    if count > len(named):
        raise ConfigError(
            f"the simulated market knows {len(named)} coins, found simulate.coins = {count}"
        )
    named = named[:count]
    kinds = [kind_of(name) for name, _, _ in named]
    shares = _shares(kinds)
    return tuple(
        _coin(named[at], kinds[at], float(shares[at]), trades_per_second, {n for n, _, _ in named})
        for at in range(count)
    )


_POWERS: Floats = np.array([10.0**power for power in range(20)])
"""Of ten: looking them up takes a fraction of the time."""


def price_step(price: Floats, max_decimals: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the smallest step of a price, and the inverse of it.

    Source:
        Five significant digits, at most ``max_decimals`` decimals, whole numbers always allowed
        (protocol, section 5).
    """
    digits = 4 - np.floor(np.log10(price)).astype(np.int64)
    scale = _POWERS[np.maximum(np.minimum(digits, max_decimals), 0)]
    return 1.0 / scale, scale


def _catalogue() -> list[tuple[str, str, float]]:
    words = f"{_LEADERS} {_PERPS}".split()
    perps = list(zip(words[::2], words[1::2], strict=True))
    rare = [list(zip(t.split()[::2], t.split()[1::2], strict=True)) for t in (_SPOT, _HIP3)]
    for others, every in zip(rare, (16, 10), strict=True):
        for at, other in enumerate(others):
            perps.insert(12 + (at + 1) * every, other)
    parts = [(name.partition("="), float(price)) for name, price in perps]
    return [(name, token or name.partition(":")[2] or name, usd) for (name, _, token), usd in parts]


def kind_of(name: str) -> CoinKind:
    """Return what a coin is, by the way the venue spells it (protocol, section 6)."""
    if name.startswith("#"):
        return "outcome"
    if ":" in name:
        return "hip3"
    return "spot" if name.startswith("@") or "/" in name else "perp"


def _shares(kinds: list[CoinKind]) -> Floats:
    """Return each coin's share: by rank within its kind, kinds as measured on the venue."""
    shares = np.zeros(len(kinds))
    for kind, total in SHARE_BY_KIND.items():
        members = np.array([at for at, other in enumerate(kinds) if other == kind], dtype=np.int64)
        weights = 1.0 / (1.0 + np.arange(len(members))) ** 1.05
        shares[members] = total * weights / max(weights.sum(), 1e-12)
    normal: Floats = shares / shares.sum()
    return normal


def _coin(
    named: tuple[str, str, float],
    kind: CoinKind,
    share: float,
    trades_per_second: float,
    present: set[str],
) -> Coin:
    name, token, price = named
    is_stable = 0.99 < price < 1.01
    thinness = float(np.clip(np.log10(0.2 / share) / 3, 0, 1))  # 0 for the leader, 1 for the last
    volatility = (0.008 + 0.02 * thinness) if kind == "hip3" else (0.025 + 0.06 * thinness)
    follows = _FOLLOWS.get(name)
    return Coin(
        name=name,
        kind=kind,
        token=token,
        size_decimals=int(np.clip(np.ceil(np.log10(price) - 0.01), 0, 5)),
        price_usd=price,
        trade_share=share,
        day_volume_usd=share * trades_per_second * 86_400 * MEAN_TRADE_USD,
        max_leverage=(40, 25, 20, 10, 5, 3)[round(5 * thinness)],
        day_volatility_frac=0.0003 if is_stable else volatility,
        spread_bps=0.125 * 10 ** (2.46 * max(thinness - 0.025, 0) ** 0.5),
        depth_usd=270_000 * 10 ** (-2.2 * thinness),
        follows=follows if follows in present else None,
    )
