"""What the venue answers about accounts, read while somebody else may be asking."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from hypertrack.line_tail import LineTail
from hypertrack.records import (
    JsonError,
    Record,
    checked_time_ms,
    checked_wallet,
    exact_signed,
    json_decoder,
)
from hypertrack.store.files.layout import STATES_NAME


class AccountSeen(Record, frozen=True, kw_only=True, tag=True):
    """What an account held at a moment, on one of the venue's exchanges.

    Attributes:
        dex: Empty for the venue's own perps.
        sizes: Signed coins, by coin; whatever of the exchange is not in it is flat.
    """

    wallet: str
    dex: str
    time_ms: int
    received_ns: int
    equity_usd: Decimal | None
    sizes: dict[str, Decimal]

    def size_of(self, coin: str) -> Decimal | None:
        """Return what it held of a coin; None of a coin that the answer says nothing about."""
        return self.sizes.get(coin, Decimal(0)) if dex_of(coin) == self.dex else None


def dex_of(coin: str) -> str | None:
    """Return on which exchange of the venue a perp is; None of what is no perp."""
    dex, colon, _ = coin.rpartition(":")
    is_perp = (colon or not coin.startswith(("@", "#"))) and "/" not in coin
    return dex if is_perp else None


class _Request(Record, frozen=True):
    type: str
    dex: str | None = None


class _Held(Record, frozen=True):
    coin: str
    szi: str | float


class _Asset(Record, frozen=True):
    position: _Held


class _Summary(Record, frozen=True, rename="camel"):
    account_value: str | float | None = None


class _Answer(Record, frozen=True, rename="camel"):
    asset_positions: tuple[_Asset, ...]
    margin_summary: _Summary | None = None
    time: int | None = None


class _Line(Record, frozen=True):
    received_ns: int
    user: str
    request: _Request
    answer: _Answer


class AnswerTape:
    """Reads states of accounts that were added since the last look, whole lines alone.

    Attributes:
        n_read: States of the file that were read so far.
    """

    def __init__(self, folder: Path):
        self._tail = LineTail(folder / STATES_NAME, first_bytes=None)
        self.n_read = 0

    def poll(self) -> list[AccountSeen]:
        """Return what was added since the last call; all of a file that was written anew."""
        added = self._tail.read()
        found = list(accounts_seen(added.lines))
        self.n_read = len(found) + (0 if added.is_another else self.n_read)
        return found


def accounts_seen(lines: Iterable[bytes]) -> Iterator[AccountSeen]:
    """Yield what lines say of accounts; of another question, or out of bounds, is left out."""
    decoder = json_decoder(_Line)
    for line in lines:
        with suppress(JsonError, ValueError, RecursionError):
            yield _checked(decoder.decode(line))


def _checked(said: _Line) -> AccountSeen:
    if said.request.type != "clearinghouseState":
        raise ValueError("another question")
    value = None if said.answer.margin_summary is None else said.answer.margin_summary.account_value
    received_ms = checked_time_ms(said.received_ns // 1_000_000)
    return AccountSeen(
        wallet=checked_wallet(said.user),
        dex=said.request.dex or "",
        time_ms=received_ms if said.answer.time is None else checked_time_ms(said.answer.time),
        received_ns=said.received_ns,
        equity_usd=None if value is None else exact_signed(value),
        sizes={
            one.position.coin: exact_signed(one.position.szi) for one in said.answer.asset_positions
        },
    )
