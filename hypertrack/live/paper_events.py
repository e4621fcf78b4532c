"""Events of following on paper: what a step of its log did to the portfolio of the leaders."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal

from hypertrack.live.desk import short
from hypertrack.live.paper_portfolio import Portfolio
from hypertrack.live.paper_state import PaperState
from hypertrack.live.paper_steps import LEADERS
from hypertrack.live.rules import Event
from hypertrack.records import ZERO, FollowStep, NotFilled, PaperMove, PaperOrder

SKIPPED, STOPPED = "follow.skipped", "follow.stopped"

VERBS = {
    "follow.opened": "opened",
    "follow.added": "added",
    "follow.reduced": "reduced by",
    "follow.closed": "closed",
}


def take_step(state: PaperState, step: FollowStep) -> list[Event]:
    """Let a state take a step; return what that does to the portfolio that follows the leaders."""
    ours = state.portfolios[LEADERS]
    was_stopped = ours.stopped_ms is not None
    events = list(_events(step, state))  # what is held before it is gone afterwards
    state.take(step)
    if ours.stopped_ms is not None and not was_stopped:
        events.append(_stop(step, ours))
    return events


def _events(step: FollowStep, before: PaperState) -> Iterator[Event]:
    for move in step.moves:
        held = before.portfolios[LEADERS].holdings.get((move.leader, move.coin))
        for order in move.orders:
            if order.portfolio != LEADERS:
                continue
            for name, size in _parts(ZERO if held is None else held.size, order.size):
                yield _traded(name, size, step, move, order)
            is_end = order.why is NotFilled.STOPPED and order.size  # it closes for that very cause
            if order.why is not None and not is_end:
                yield _skipped(step, move, order)


def _stop(step: FollowStep, portfolio: Portfolio) -> Event:
    below = float(portfolio.stop_drawdown_frac)
    return Event(
        name=STOPPED,
        id=_id(STOPPED, step.id, step.at_ms),
        time_ms=step.at_ms,
        fields={
            "drawdown_frac": round(float(portfolio.drawdown_frac), 6),
            "drawdown_usd": round(float(portfolio.drawdown_usd), 2),
        },
        text=f"paper was stopped {below:.0%} below its highest equity: everything is closed, "
        "nothing is opened any more",
    )


def _parts(held: Decimal, size: Decimal) -> Iterator[tuple[str, Decimal]]:
    """Yield what a trade of signed coins does to what is held: through zero it does two things."""
    if not size:
        return
    if not held:
        yield "follow.opened", size
    elif (held > 0) == (size > 0):
        yield "follow.added", size
    elif abs(size) < abs(held):
        yield "follow.reduced", size
    else:
        yield "follow.closed", -held
        if held + size:
            yield "follow.opened", held + size


def _traded(
    name: str, size: Decimal, step: FollowStep, move: PaperMove, order: PaperOrder
) -> Event:
    price = order.cost_usd / order.size
    fields: dict[str, object] = {
        "wallet": move.leader,
        "coin": move.coin,
        "side": "buy" if size > 0 else "sell",
        "size": float(abs(size)),
        "price": float(price),
        "notional_usd": round(float(abs(size) * price), 2),
    }
    if move.action_ms is not None:
        fields["delay_s"] = (step.at_ms - move.action_ms) / 1_000
    way = "long" if (size > 0) == (name in {"follow.opened", "follow.added"}) else "short"
    return Event(
        name=name,
        id=_id(name, step.id, move.leader, move.coin),
        time_ms=step.at_ms,
        fields=fields,
        text=f"paper {VERBS[name]} {_plain(abs(size))} {move.coin} {way} at {float(price):,.8g} "
        f"(${float(abs(size) * price):,.0f}), after {short(move.leader)}",
    )


def _skipped(step: FollowStep, move: PaperMove, order: PaperOrder) -> Event:
    in_part = " in whole" if order.size else ""
    return Event(
        name=SKIPPED,
        id=_id(SKIPPED, step.id, move.leader, move.coin),
        time_ms=step.at_ms,
        fields={"wallet": move.leader, "coin": move.coin, "why": str(order.why)},
        text=f"paper did not follow {short(move.leader)} in {move.coin}{in_part}: {order.why}",
    )


def _plain(number: Decimal) -> str:
    """Return a number without exponent and needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _id(*parts: object) -> str:
    return f"ev_{hashlib.sha256('|'.join(map(str, parts)).encode()).hexdigest()[:24]}"
