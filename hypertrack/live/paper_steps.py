"""Steps of following on paper: what an action, an answer, a gap or an hour makes portfolios do."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from hypertrack.config import FeeSettings, FollowSettings
from hypertrack.live.chain import NO_LINE
from hypertrack.live.desk import Gap
from hypertrack.live.paper_orders import Change, closing_order, order_after, tidy
from hypertrack.live.paper_portfolio import Holding
from hypertrack.live.paper_prices import (
    TO_FRAC,
    CoinPrice,
    Prices,
    pays_funding,
    price_at,
    taker_bps,
)
from hypertrack.live.paper_state import ORDER, PaperState, StepKey
from hypertrack.live.positions import Key
from hypertrack.records import (
    ZERO,
    Action,
    FollowStep,
    NotFilled,
    PaperMove,
    PaperOrder,
    Phase,
    Record,
    Side,
    StepKind,
    replace,
)
from hypertrack.store.reading.answer_tape import AccountSeen
from hypertrack.store.reading.recorded_moments import Moment

LEADERS = 0
"""The portfolio that follows the leaders; the others follow whom they were begun with."""

TOLD_DECIMALS = 8
"""Of sizes where no trade has shown a coin's own: the most that any coin has."""


class ActionTold(Record, frozen=True, tag=True):
    """An action when it was told.

    Attributes:
        decimals: Of the coin's sizes.
        is_leader: Whether its wallet was followed then.
    """

    action: Action
    decimals: int
    is_leader: bool


class StepMaker:
    """Makes steps; it looks at the state and changes nothing."""

    def __init__(
        self, state: PaperState, prices: Prices, settings: FollowSettings, fees: FeeSettings
    ):
        self._state = state
        self._prices = prices
        self._settings = settings
        self._fees = fees

    def is_known(self, wallet: str) -> bool:
        """Return whether anything was known of a wallet's positions."""
        return any(key[0] == wallet for key in self._state.positions)

    def close(self) -> None:
        """Close the files that prices are read from."""
        self._prices.close()

    def step(
        self, key: StepKey, due: ActionTold | AccountSeen | Gap | StepKind, at: Moment
    ) -> FollowStep | None:
        """Return the step of what fell due, None where there is nothing to be written."""
        step = FollowStep(id=key[2], seq=0, prev=NO_LINE, kind=ORDER[key[1]], at_ms=key[0])
        if isinstance(due, ActionTold):
            move = self._after_action(due, at)
            return None if self._is_idle(move, due.action) else replace(step, moves=(move,))
        if isinstance(due, AccountSeen):
            return self._after_answer(step, due, at)
        if isinstance(due, Gap):
            return replace(step, coin=due.coin, until_ms=due.end_ms)
        if due is StepKind.STOP:
            return replace(step, moves=tuple(self._closings(at, is_hour=False)))
        return self._hour(step, at)

    def _is_idle(self, move: PaperMove, action: Action) -> bool:
        """Return whether nothing came of an action that the log would have to remember."""
        if any(order != PaperOrder(portfolio=order.portfolio) for order in move.orders):
            return False
        if any(move.leader in portfolio.wallets for portfolio in self._state.portfolios):
            return False
        is_counted_by_us = move.position is not None and action.position_after is None
        return not is_counted_by_us and (move.leader, move.coin) not in self._state.positions

    def _after_action(self, told: ActionTold, at: Moment) -> PaperMove:
        action = told.action
        key = (action.wallet, action.coin)
        change, begun_ms = self._signed(action)
        move = PaperMove(
            leader=action.wallet,
            coin=action.coin,
            change=change,
            leader_px=Decimal(action.vwap),
            action_ms=action.action_ms,
            kind=action.kind,
            twap_ms=begun_ms,
        )
        changes: dict[int, Change] = {}
        may_open = self._settings.makers or not action.is_maker
        counted = self._state.counted.get(key, ZERO)
        for nth, portfolio in enumerate(self._state.portfolios):
            if action.wallet in portfolio.wallets:
                changes[nth] = self._change(told, counted, counted + change, may_open=may_open)
        if not told.is_leader and not self._holds(LEADERS, key):
            return self._priced(move, changes, at)
        before, after = self._leaders_move(action, change)
        if after is None or before is None:
            why = NotFilled.POSITION if told.is_leader and may_open else None
            unknown = PaperOrder(portfolio=LEADERS, why=None if self._is_stale(action) else why)
            return self._priced(move, changes, at, (unknown,))
        changes[LEADERS] = self._change(told, before, after, may_open=may_open and told.is_leader)
        return self._priced(replace(move, position=after), changes, at)

    def _change(
        self, told: ActionTold, before: Decimal, after: Decimal, *, may_open: bool
    ) -> Change:
        action = told.action
        return Change(
            leader=action.wallet,
            coin=action.coin,
            before=before,
            after=after,
            price=Decimal(action.vwap),
            decimals=told.decimals,
            may_open=may_open,
            is_gap=self._state.gap_end_ms.get(action.coin, -1) > action.action_ms,
            equity_usd=self._state.equity_usd.get(action.wallet),
        )

    def _signed(self, action: Action) -> tuple[Decimal, int | None]:
        """Return the signed coins of an action that were not told before, and of which TWAP."""
        size = Decimal(action.size)
        if action.phase is Phase.END:
            size -= abs(self._state.begun.get((action.wallet, action.coin, action.first_ms), ZERO))
        signed = size if action.side is Side.BUY else -size
        return signed, None if action.phase is None else action.first_ms

    def _is_stale(self, action: Action) -> bool:
        """Return whether a later position of the leader is known already."""
        known = self._state.positions.get((action.wallet, action.coin))
        return known is not None and action.action_ms < known.as_of_ms

    def _leaders_move(
        self, action: Action, change: Decimal
    ) -> tuple[Decimal | None, Decimal | None]:
        """Return a leader's position before and after, as far as we have followed it."""
        key = (action.wallet, action.coin)
        known = self._state.positions.get(key)
        if self._is_stale(action):
            return None, None
        if action.position_after is not None and action.position_before is not None:
            is_followed = known is not None and self._holds(LEADERS, key)
            before = known.size if known and is_followed else Decimal(action.position_before)
            return before, Decimal(action.position_after)
        if known is not None and known.is_sure and action.first_ms > known.as_of_ms:
            return known.size, known.size + change
        return None, None

    def _after_answer(self, step: FollowStep, seen: AccountSeen, at: Moment) -> FollowStep | None:
        equity = {} if seen.equity_usd is None or seen.dex else {seen.wallet: seen.equity_usd}
        if self._settings.sizing == "fixed":
            equity = {}
        if seen.time_ms < self._state.since_ms:  # of before: positions may have changed since
            moves: tuple[PaperMove, ...] = ()
        else:
            moves = tuple(self._told_moves(seen, at))
        if not equity and not moves:
            return None
        return replace(step, equity_usd=equity, moves=moves, known_ms=seen.time_ms)

    def _told_moves(self, seen: AccountSeen, at: Moment) -> Iterator[PaperMove]:
        """Yield what an answer tells of positions that were not known, or no longer."""
        coins = {coin for wallet, coin in self._state.positions if wallet == seen.wallet}
        for coin in sorted(coins | set(seen.sizes)):
            known = self._state.positions.get((seen.wallet, coin))
            size = seen.size_of(coin)
            is_news = known is None or (not known.is_sure and seen.time_ms >= known.as_of_ms)
            if size is None or not is_news or seen.time_ms < self._state.gap_end_ms.get(coin, -1):
                continue
            yield self._told_move(seen, coin, size, at)

    def _told_move(self, seen: AccountSeen, coin: str, size: Decimal, at: Moment) -> PaperMove:
        known = self._state.positions.get((seen.wallet, coin))
        move = PaperMove(leader=seen.wallet, coin=coin, position=size)
        before = ZERO if known is None else known.size
        is_followed = self._holds(LEADERS, (seen.wallet, coin))
        if not is_followed and not (known is None and self._settings.adopt):
            return move
        price = self._price(coin, at, _sign(size - before))
        if price is None:
            return move
        change = Change(
            leader=seen.wallet,
            coin=coin,
            before=before,
            after=size,
            price=price.mid,
            decimals=TOLD_DECIMALS,
            may_open=True,
            equity_usd=self._state.equity_usd.get(seen.wallet),
        )
        return self._priced(replace(move, leader_px=price.mid), {LEADERS: change}, at)

    def _hour(self, step: FollowStep, at: Moment) -> FollowStep:
        coins = {coin for each in self._state.portfolios for coin in each.size_by_coin()}
        found = {coin: self._price(coin, at, 0) for coin in sorted(coins)}
        return replace(
            step,
            marks={coin: price.mid for coin, price in found.items() if price is not None},
            rates={
                coin: self._prices.funding(coin, at.time_ms, at.received_ns)
                for coin in found
                if pays_funding(coin)
            },
            moves=tuple(self._closings(at, is_hour=True)),
        )

    def _closings(self, at: Moment, *, is_hour: bool) -> Iterator[PaperMove]:
        """Yield what closes positions that nothing is followed by any more.

        Those are of stopped portfolios, and, looked at each hour, of leaders who are flat where
        ours could not be closed when they closed theirs.
        """
        sides: defaultdict[tuple[Key, int], list[tuple[int, Holding]]] = defaultdict(list)
        for nth, portfolio in enumerate(self._state.portfolios):
            for key, held in portfolio.holdings.items():
                is_left = is_hour and self._is_flat(nth, key)
                if held.size and (portfolio.stopped_ms is not None or is_left):
                    sides[key, _sign(-held.size)].append((nth, held))
        for (key, side), holdings in sorted(sides.items()):
            price = self._price(key[1], at, side)
            orders = [
                self._with_fee(order, key[1])
                for nth, held in holdings
                if (order := closing_order(held.size, nth, price, self._why(nth))) is not None
            ]
            if price is not None and orders:
                yield _at_price(
                    PaperMove(leader=key[0], coin=key[1], leader_px=price.mid), price, orders
                )

    def _why(self, nth: int) -> NotFilled | None:
        return None if self._state.portfolios[nth].stopped_ms is None else NotFilled.STOPPED

    def _is_flat(self, nth: int, key: Key) -> bool:
        if nth != LEADERS:
            return not self._state.counted.get(key, ZERO)
        known = self._state.positions.get(key)
        return known is not None and known.is_sure and not known.size

    def _priced(
        self,
        move: PaperMove,
        changes: dict[int, Change],
        at: Moment,
        orders: Sequence[PaperOrder] = (),
    ) -> PaperMove:
        """Return a move with the orders that follow changes of position."""
        if not changes:
            return replace(move, orders=tuple(orders))
        sides = {_sign(each.after - each.before) for each in changes.values()}
        is_asked = any(
            change.may_open or self._holds(nth, (move.leader, move.coin))
            for nth, change in changes.items()
        )
        side = sides.pop() if len(sides) == 1 else 0
        price = self._price(move.coin, at, side) if is_asked else None
        marks = self._state.marks | ({} if price is None else {move.coin: price.mid})
        made = list(orders)
        for nth, change in sorted(changes.items()):
            portfolio = self._state.portfolios[nth]
            order = order_after(change, portfolio, nth, self._state.terms, marks, price)
            if order is not None:
                made.append(self._with_fee(order, move.coin))
            elif nth == LEADERS:
                made.append(PaperOrder(portfolio=LEADERS))
        return _at_price(move, price, made)

    def _price(self, coin: str, at: Moment, side: int) -> CoinPrice | None:
        return price_at(self._prices, coin, at, side, self._state.terms.spread_bps)

    def _with_fee(self, order: PaperOrder, coin: str) -> PaperOrder:
        rate = taker_bps(coin, self._fees) * TO_FRAC
        return replace(order, fee_usd=tidy(abs(order.cost_usd) * rate)) if order.size else order

    def _holds(self, nth: int, key: Key) -> bool:
        held = self._state.portfolios[nth].holdings.get(key)
        return held is not None and bool(held.size or held.skipped or held.missed)


def _at_price(move: PaperMove, price: CoinPrice | None, orders: Sequence[PaperOrder]) -> PaperMove:
    if price is None or not any(order.size for order in orders):
        return replace(move, orders=tuple(orders))
    return replace(
        move,
        mid=tidy(price.mid),
        price_from=price.source,
        price_age_ms=price.age_ms,
        orders=tuple(orders),
    )


def _sign(number: Decimal) -> int:
    return (number > 0) - (number < 0)
