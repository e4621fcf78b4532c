"""The desk: trades come in, events and signals go out; it knows no clock and no disk of its own."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from hypertrack.config import Settings
from hypertrack.live.actions import ActionFinder
from hypertrack.live.orders import Decimals
from hypertrack.live.rules import Event
from hypertrack.live.signals import Market
from hypertrack.live.watching import Watchlists
from hypertrack.records import (
    DAY_MS,
    HOUR_MS,
    Action,
    ActionKind,
    CoverageSaid,
    Evidence,
    Record,
    Side,
    TapeTrade,
)
from hypertrack.store.reading.answer_tape import AccountSeen

TAKES_A_SIDE = frozenset({ActionKind.OPEN, ActionKind.ADD, ActionKind.FLIP, ActionKind.TRADE})

MOVE = {
    ActionKind.OPEN: "opens",
    ActionKind.ADD: "adds to",
    ActionKind.REDUCE: "reduces",
    ActionKind.CLOSE: "closes",
    ActionKind.FLIP: "flips",
}


class Gap(Record, frozen=True, tag=True):
    """Trades of a coin that were missed, in exchange time."""

    coin: str
    start_ms: int
    end_ms: int


class DeskState(Record, frozen=True, kw_only=True):
    """What is held in mind of the tape so far."""

    decimals: dict[str, tuple[int, int]]
    last_px: dict[str, str]
    first_ms: int | None
    newest_ms: int
    gaps: dict[str, list[Gap]]
    traded: dict[str, dict[str, int]]
    """When a wallet traded a coin last."""
    sides: dict[tuple[str, Side], dict[str, int]]


class Desk:
    """Follows the tape.

    Args:
        evidence: By wallet; whoever changes it says so by `verdict_changed`.
        on_action: Called with each action and its market, before its events come.
    """

    def __init__(
        self,
        finder: ActionFinder,
        watchlists: Watchlists,
        settings: Settings,
        evidence: Mapping[str, Evidence],
        on_action: Callable[[Action, Market], None],
    ):
        self._finder = finder
        self._watchlists = watchlists
        self._consensus = settings.consensus
        self._window_ms = round(settings.live.window_h * HOUR_MS) or DAY_MS
        self._evidence = evidence
        self._on_action = on_action
        self._decimals = Decimals()
        self._last_px: dict[str, str] = {}
        self._first_ms: int | None = None
        self._newest_ms = 0
        self._gaps: defaultdict[str, list[Gap]] = defaultdict(list)
        self._traded: defaultdict[str, dict[str, int]] = defaultdict(dict)
        """When a wallet traded a coin last, within the window."""
        self._sides: defaultdict[tuple[str, Side], dict[str, int]] = defaultdict(dict)

    def state(self) -> DeskState:
        """Return what is held in mind, to be written down before the next trade is taken."""
        return DeskState(
            decimals=dict(self._decimals.by_coin),
            last_px=self._last_px,
            first_ms=self._first_ms,
            newest_ms=self._newest_ms,
            gaps=self._gaps,
            traded=self._traded,
            sides=self._sides,
        )

    def go_on(self, state: DeskState) -> None:
        """Take what was held in mind before a restart."""
        self._decimals.go_on(state.decimals)
        self._last_px = state.last_px
        self._first_ms, self._newest_ms = state.first_ms, state.newest_ms
        self._gaps.update(state.gaps)
        self._traded.update(state.traded)
        self._sides.update(state.sides)

    def trade(self, trade: TapeTrade) -> Iterator[Event]:
        """Take a trade; yield what happened by now."""
        self._last_px[trade.coin] = trade.price
        self._decimals.note(trade.coin, trade.size, trade.price)
        self._first_ms = trade.time_ms if self._first_ms is None else self._first_ms
        if trade.time_ms // HOUR_MS > self._newest_ms // HOUR_MS:
            self._forget_before(trade.time_ms - self._window_ms)
        self._newest_ms = max(self._newest_ms, trade.time_ms)
        for action in self._finder.add(trade):
            yield from self._acted(action)
        for wallet in (trade.buyer, trade.seller):
            yield from self._entered(wallet, trade)

    def gap(self, gap: Gap, asked: Iterable[str] = ()) -> Iterator[Event]:
        """Take note of trades that were missed: positions in the coin are unknown from now on.

        Args:
            asked: Wallets whose positions the venue is to tell.
        """
        for action in self._finder.forget(gap.coin, gap.end_ms):
            yield from self._acted(action)
        self._finder.wait_for(asked, gap.coin, gap.end_ms)
        self._gaps[gap.coin].append(gap)
        missed_s = (gap.end_ms - gap.start_ms) / 1_000
        yield Event(
            name="gap",
            id=_id("gap", gap.coin, gap.start_ms, gap.end_ms),
            time_ms=gap.end_ms,
            fields={"coin": gap.coin, "missed_s": missed_s},
            text=f"{missed_s:,.1f} s of trades in {gap.coin} were missed; positions in it are"
            " unknown until the accounts are asked",
        )

    def answered(self, seen: AccountSeen) -> Iterator[Event]:
        """Take an answer of the venue about an account."""
        for action in self._finder.answered(seen):
            yield from self._acted(action)

    def verdict_changed(self, wallet: str, before: str, time_ms: int) -> Event:
        """Return the event of a verdict that is another than before."""
        now = self._evidence[wallet]
        return Event(
            name="verdict.changed",
            id=_id("verdict", wallet, now.as_of_ms, now.verdict),
            time_ms=time_ms,
            fields=self.of_wallet(wallet) | {"before": before},
            text=f"{short(wallet)} is {now.verdict}, and was {before}",
        )

    def _acted(self, action: Action) -> Iterator[Event]:
        self._on_action(action, self._market(action.coin))
        yield self._action_event(action)
        yield from self._agreed(action)

    def _market(self, coin: str) -> Market:
        return Market(self._last_px[coin], self._decimals.of(coin), self._coverage(coin))

    def _coverage(self, coin: str) -> CoverageSaid:
        """Say how much of a coin's trades was seen since live began, and of the last hour."""
        gaps = self._gaps.get(coin, [])
        span_ms = self._newest_ms - (self._first_ms or self._newest_ms)
        missed_ms = sum(gap.end_ms - max(gap.start_ms, self._first_ms or 0) for gap in gaps)
        return CoverageSaid(
            observed_frac=round(1 - max(missed_ms, 0) / span_ms, 6) if span_ms else None,
            gap=any(gap.end_ms > self._newest_ms - HOUR_MS for gap in gaps),
        )

    def _action_event(self, action: Action) -> Event:
        fields = self.of_wallet(action.wallet) | {
            "coin": action.coin,
            "kind": action.kind.value,
            "side": action.side.value,
            "notional_usd": action.notional_usd,
            "n_fills": action.n_fills,
            "is_maker": action.is_maker,
            "is_twap": action.is_twap,
            "position_known": action.position_known.value,
        }
        if action.part_closed is not None:
            fields["part_closed"] = action.part_closed
        return Event("action", action.id, action.action_ms, fields, sentence(action))

    def _entered(self, wallet: str, trade: TapeTrade) -> Iterator[Event]:
        known, since_ms = self._traded[wallet], trade.time_ms - self._window_ms
        last_ms = known.get(trade.coin, -1)
        is_news = last_ms < since_ms and any(at_ms >= since_ms for at_ms in known.values())
        known[trade.coin] = max(last_ms, trade.time_ms)
        if not is_news:  # nor is a wallet's first coin: live has only begun to look
            return
        yield Event(
            name="coin.entered",
            id=_id("coin", wallet, trade.coin, trade.time_ms),
            time_ms=trade.time_ms,
            fields=self.of_wallet(wallet) | {"coin": trade.coin},
            text=f"{short(wallet)} trades {trade.coin}, which it had not traded in the window",
        )

    def _forget_before(self, since_ms: int) -> None:
        """Let go of who traded what before a time: it is asked about no more."""
        for wallet, known in list(self._traded.items()):
            kept = {coin: at_ms for coin, at_ms in known.items() if at_ms >= since_ms}
            if kept:
                self._traded[wallet] = kept
            else:
                del self._traded[wallet]

    def _agreed(self, action: Action) -> Iterator[Event]:
        """Yield the moment in which the wallets of a list agree: once until they no longer do."""
        watchlist = self._consensus.watchlist
        if action.kind not in TAKES_A_SIDE or watchlist is None:
            return
        if watchlist not in self._watchlists.of(action.wallet):
            return
        sides = self._sides[action.coin, action.side]
        since_ms = action.action_ms - round(self._consensus.within_s * 1_000)
        n_before = self._n_independent(sides, since_ms)
        sides[action.wallet] = action.action_ms
        n_wallets = self._n_independent(sides, since_ms)
        if n_before >= self._consensus.n_wallets or n_wallets < self._consensus.n_wallets:
            return
        yield Event(
            name="consensus",
            id=_id("consensus", watchlist, action.coin, action.side, action.id),
            time_ms=action.action_ms,
            fields={
                "coin": action.coin,
                "side": action.side.value,
                "watchlist": watchlist,
                "n_wallets": n_wallets,
            },
            text=f"{n_wallets} wallets of {watchlist} {action.side} {action.coin} within "
            f"{self._consensus.within_s:,.0f} s",
        )

    def _n_independent(self, sides: dict[str, int], since_ms: int) -> int:
        """Return how many wallets took a side since; those that act as one count once."""
        entities = set()
        for wallet, time_ms in sides.items():
            if time_ms >= since_ms:
                known = self._evidence.get(wallet)
                entities.add(wallet if known is None or known.entity is None else known.entity)
        return len(entities)

    def of_wallet(self, wallet: str) -> dict[str, object]:
        """Return what rules may ask of a wallet."""
        known = self._evidence.get(wallet)
        fields: dict[str, object] = {"wallet": wallet, "watchlist": self._watchlists.of(wallet)}
        if known is not None:
            fields |= {"verdict": known.verdict, "category": known.categories}
        return fields


def sentence(action: Action) -> str:
    """Return an action as people say it."""
    who = short(action.wallet)
    how = f"{action.size} {action.coin} at {action.vwap} (${action.notional_usd:,.0f})"
    if action.kind is ActionKind.TRADE:
        verb = "buys" if action.side is Side.BUY else "sells"
        said = f"{who} {verb} {how}; its position is unknown"
    else:
        after = action.position_after or "0"
        verb = "buys" if action.side is Side.BUY else "sells"
        said = f"{who} {MOVE[action.kind]} a position: {verb} {how}, now {after}"
    if action.phase is not None:
        said += f"; {action.phase} of a TWAP order"
    return f"{said}; resting" if action.is_maker else said


def short(wallet: str) -> str:
    """Return both ends of an address, by which people know it."""
    return f"{wallet[:10]}…{wallet[-4:]}"


def _id(*parts: object) -> str:
    return f"ev_{hashlib.sha256('|'.join(map(str, parts)).encode()).hexdigest()[:24]}"
