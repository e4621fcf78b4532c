"""What some wallets did over the recording, in finished strings beside the numbers to draw."""

from math import isclose

from hypertrack.clock import utc
from hypertrack.outputs.measures import ratio
from hypertrack.outputs.packing import Pack
from hypertrack.outputs.wording import percent, usd
from hypertrack.records import (
    CoinHistory,
    Counterparty,
    CurvePoint,
    Histories,
    PastAction,
    Record,
    WalletHistory,
    encode_json,
)
from hypertrack.text import printable, six_digits


class CoinView(Record, frozen=True, kw_only=True):
    """One coin."""

    coin: str
    volume: str
    profit: str | None
    profit_usd: float | None
    flow: str
    source: str
    position: str | None
    """``long 2.5, $310``; None where not known, empty where flat."""


class HistoryView(Record, frozen=True, kw_only=True):
    """One wallet."""

    curve: tuple[CurvePoint, ...]
    end: str
    """The profit at the end of the curve; its highest, its lowest and its deepest fall."""
    high: str
    low: str
    deepest: str
    by_hour: tuple[float, ...]
    by_hour_texts: tuple[str, ...]
    coins: tuple[CoinView, ...]
    actions: tuple[tuple[str, str, str], ...]
    """Time, what was done, and its notional."""
    counterparties: tuple[tuple[str, str], ...]
    """Wallet, and its share of the trades."""


def history_pack(found: Histories | None) -> str:
    """Return a pack of the wallets and of JSON for each."""
    by_wallet = {} if found is None else found.by_wallet
    pack = Pack()
    pack.words("history_wallet", map(printable, by_wallet))
    pack.words("history", (encode_json(_view(each)).decode() for each in by_wallet.values()))
    return pack.text()


def _view(history: WalletHistory) -> HistoryView:
    profits = [0.0, *(point.profit_usd for point in history.curve)]
    return HistoryView(
        curve=history.curve,
        end=usd(profits[-1]),
        high=usd(max(profits)),
        low=usd(min(profits)),
        deepest=usd(max((point.drawdown_usd for point in history.curve), default=0.0)),
        by_hour=history.profit_by_hour,
        by_hour_texts=tuple(map(usd, history.profit_by_hour)),
        coins=tuple(map(_coin, history.coins)),
        actions=tuple(map(_action, history.actions)),
        counterparties=tuple(map(_counterparty, history.counterparties)),
    )


def _coin(coin: CoinHistory) -> CoinView:
    profit = coin.profit_usd
    return CoinView(
        coin=printable(coin.coin),
        volume=usd(coin.volume_usd),
        profit=None if profit is None else usd(profit),
        profit_usd=profit,
        flow=usd(coin.flow_pnl_usd),
        source=coin.pnl_source.replace("_", " "),
        position=_position(coin),
    )


def _position(coin: CoinHistory) -> str | None:
    if coin.position is None:
        return None
    if isclose(coin.position, 0.0, abs_tol=1e-12):
        return ""
    side = "long" if coin.position > 0 else "short"
    worth = "" if coin.position_usd is None else f", {usd(abs(coin.position_usd))}"
    return f"{side} {ratio(abs(coin.position))}{worth}"


def _action(action: PastAction) -> tuple[str, str, str]:
    did = "bought" if action.is_buy else "sold"
    role = "taker" if action.is_taker else "maker"
    size, price = ratio(action.size), six_digits(action.price)
    what = f"{did} {size} {printable(action.coin)} at {price}, {role}"
    return utc(action.time_ms), what, usd(action.notional_usd)


def _counterparty(other: Counterparty) -> tuple[str, str]:
    return printable(other.wallet), f"{percent(other.share)} of trades ({other.n_trades:,})"
