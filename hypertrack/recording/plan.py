"""The plan: which streams are recorded over which sockets, and what has no room."""

from collections import Counter
from collections.abc import Iterable

from hypertrack.config import Settings
from hypertrack.errors import ConfigError
from hypertrack.feeds.endpoints import Endpoints, endpoints, host_of
from hypertrack.feeds.subscriptions import CORE, Subscription
from hypertrack.feeds.universe import Universe, Unlisted
from hypertrack.recording.coin_selection import select_coins
from hypertrack.records import Feed, Record

MARKET_FEEDS = (Feed.TRADES, Feed.CANDLES, Feed.BBO, Feed.L2BOOK, Feed.CONTEXTS)
"""In the order in which they get room."""

CHAIN_FEEDS = (Feed.BLOCKS, Feed.TRANSACTIONS)

STREAMS_PER_SOCKET = 100
"""Beyond it another socket is opened: the venue took 356 on one (protocol, section 1.8), and the
fewer a lost socket carries, the less is lost with it."""


class SocketPlan(Record, frozen=True, kw_only=True):
    """One socket and what is subscribed on it."""

    url: str
    subscriptions: tuple[Subscription, ...]
    twin: int | None = None
    """The same for both sockets of a pair that receives the same trades."""


class LeftOut(Record, frozen=True, kw_only=True):
    """Streams of a feed for which there is no room."""

    feed: Feed
    coins: tuple[str, ...]
    reason: str


class PlanRow(Record, frozen=True, kw_only=True):
    """A line of the plan as it is shown."""

    source: str
    feed: Feed
    n_streams: int
    coins: str


class RecordingPlan(Record, frozen=True, kw_only=True):
    """What will be recorded, from where."""

    endpoints: Endpoints
    feeds: tuple[Feed, ...]
    coins: tuple[str, ...]
    sockets: tuple[SocketPlan, ...]
    evm_feeds: tuple[Feed, ...]
    left_out: tuple[LeftOut, ...]
    known: tuple[str, ...] = ()
    """All coins that the venue listed."""
    takes_all: bool = False
    """Coins that are listed later are recorded too."""
    unlisted: tuple[Unlisted, ...] = ()
    """Lists of markets that the venue did not give: what is on them is not recorded."""
    fills: str | None = None
    """Where every fill comes from too, without anything secret."""
    aliases: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each record
    """By coin, what people call those of ``coins`` whose name is a number."""

    @property
    def n_subscriptions(self) -> int:
        """Return how many streams are subscribed, over all sockets."""
        return sum(len(socket.subscriptions) for socket in self.sockets)

    @property
    def n_streams(self) -> int:
        """Return how many streams are recorded, those of the EVM included."""
        return self.n_subscriptions + len(self.evm_feeds)

    def rows(self) -> tuple[PlanRow, ...]:
        """Return the plan as lines to show, without anything secret."""
        rows = [
            PlanRow(
                source=f"socket {i} {host_of(socket.url)}",
                feed=feed,
                n_streams=n,
                coins=_shortened([s.coin for s in socket.subscriptions if s.feed is feed]),
            )
            for i, socket in enumerate(self.sockets, start=1)
            for feed, n in Counter(s.feed for s in socket.subscriptions).items()
        ]
        rows += [
            PlanRow(source=f"EVM {host_of(self.endpoints.evm)}", feed=feed, n_streams=1, coins="–")
            for feed in self.evm_feeds
        ]
        if self.fills is not None:  # two fills are one trade
            rows.append(
                PlanRow(source=f"fills {self.fills}", feed=Feed.TRADES, n_streams=1, coins="all")
            )
        return tuple(rows)


def plan_recording(settings: Settings, universe: Universe) -> RecordingPlan:
    """Spread the selected streams over sockets, inside the venue's limits.

    Where they do not all fit, trades come first, then candles, bbo, l2book and contexts, each
    by volume.

    Raises:
        ConfigError: No feed, or a coin that the venue does not have.
    """
    record = settings.record
    feeds = tuple(feed for feed in Feed if feed in record.feeds)
    if not feeds:
        raise ConfigError("no feed is left to record: give one, such as --trades")
    coins = select_coins(record.coins, universe)
    explorer = tuple(Subscription(feed, CORE) for feed in CHAIN_FEEDS if feed in feeds)
    wanted = [
        Subscription(feed, coin)
        for feed in MARKET_FEEDS
        if feed in feeds
        for coin in coins
        if has_feed(coin, feed)
    ]
    if record.redundant and Feed.TRADES not in feeds:
        raise ConfigError("--redundant is for trades: record --trades with it")
    n_sockets = (record.max_sockets - bool(explorer)) // (1 + record.redundant)
    room = record.max_subscriptions - len(explorer) if n_sockets else 0
    n_taken = _n_fitting(wanted, room, is_redundant=record.redundant)
    taken, refused = wanted[:n_taken], wanted[n_taken:]
    where = endpoints(settings.venue)
    sockets = _spread(where.market_ws, taken, coins, n_sockets)
    if record.redundant:
        sockets = _doubled(sockets)
    if explorer:
        sockets.append(SocketPlan(url=where.explorer_ws, subscriptions=explorer))
    return RecordingPlan(
        endpoints=where,
        feeds=feeds,
        coins=coins if wanted else (),
        sockets=tuple(sockets),
        evm_feeds=tuple(feed for feed in CHAIN_FEEDS if feed in feeds),
        left_out=tuple(_left_out(refused, room)),
        known=tuple(market.coin for market in universe.markets),
        takes_all=record.coins.strip() == "all" and bool(wanted),
        unlisted=universe.unlisted,
        fills=None if record.fills is None else _shown(record.fills.get_secret_value()),
        aliases={
            market.coin: market.alias
            for market in universe.markets
            if market.alias is not None and market.alias != market.coin and market.coin in coins
        },
    )


def has_feed(coin: str, feed: Feed) -> bool:
    """Return whether a coin has a feed: outcomes have no context that anybody has seen.

    What the venue does not know ends the whole socket (protocol, section 1.6).
    """
    return feed is not Feed.CONTEXTS or not coin.startswith("#")


def _n_fitting(wanted: list[Subscription], room: int, *, is_redundant: bool) -> int:
    """Return how many there is room for; redundant trades take it twice."""
    n_trades = sum(subscription.feed is Feed.TRADES for subscription in wanted)
    if not is_redundant:
        return min(room, len(wanted))
    if room <= 2 * n_trades:
        return room // 2
    return min(room - n_trades, len(wanted))


def _doubled(sockets: list[SocketPlan]) -> list[SocketPlan]:
    """Give each socket with trades a twin that receives them too."""
    first, second = [], []
    for nth, socket in enumerate(sockets):
        trades = tuple(s for s in socket.subscriptions if s.feed is Feed.TRADES)
        twin = nth if trades else None
        first.append(SocketPlan(url=socket.url, subscriptions=socket.subscriptions, twin=twin))
        if trades:
            second.append(SocketPlan(url=socket.url, subscriptions=trades, twin=twin))
    return first + second


def _spread(
    url: str, subscriptions: list[Subscription], coins: tuple[str, ...], n_sockets: int
) -> list[SocketPlan]:
    """Deal coins to sockets by rank, so that each gets busy and quiet ones alike.

    All streams of a coin go to one socket: its trades and quotes then share a clock.
    """
    n_needed = -(-len(subscriptions) // STREAMS_PER_SOCKET)
    n = min(n_needed, n_sockets, len(coins))
    socket_of = {coin: rank % n for rank, coin in enumerate(coins)} if n else {}
    shares: list[list[Subscription]] = [[] for _ in range(n)]
    for subscription in subscriptions:
        shares[socket_of[subscription.coin]].append(subscription)
    return [SocketPlan(url=url, subscriptions=tuple(share)) for share in shares if share]


def _left_out(subscriptions: Iterable[Subscription], room: int) -> list[LeftOut]:
    coins_by_feed: dict[Feed, list[str]] = {}
    for subscription in subscriptions:
        coins_by_feed.setdefault(subscription.feed, []).append(subscription.coin)
    reason = f"the venue takes {room:,} subscriptions of market data from one address"
    return [
        LeftOut(feed=feed, coins=tuple(coins), reason=reason)
        for feed, coins in coins_by_feed.items()
    ]


def _shown(source: str) -> str:
    """Return a source of fills without what may be secret: keys stand in paths and queries too."""
    return host_of(source) if "://" in source else source


def _shortened(coins: list[str], n_shown: int = 6) -> str:
    more = len(coins) - n_shown
    return ", ".join(coins[:n_shown]) + (f" and {more} more" if more > 0 else "")
