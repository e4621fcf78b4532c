"""Signals: what a followed leader did, with the evidence for him, written before it is sent."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hypertrack.config import FollowSettings
from hypertrack.live.chain import Chain, Link
from hypertrack.live.orders import client_order_id, order_for
from hypertrack.records import (
    SIGNAL_SCHEMA,
    Action,
    ActionKind,
    CopyEdgeSaid,
    CoverageSaid,
    Evidence,
    Order,
    Side,
    Signal,
    Verdict,
    VerdictSaid,
    decode_json,
)

VENUE = "hyperliquid"

BPS = 10_000

MAX_APART_MS = 600_000
"""Beyond it the clocks of venue and receipt are not two readings of the same time."""

ENTRIES = frozenset({ActionKind.OPEN, ActionKind.ADD, ActionKind.FLIP})
"""What a follower can enter with; an order is proposed for no other."""


@dataclass(frozen=True)
class Market:
    """A coin at the moment a signal is made.

    Attributes:
        last_px: Of its last trade.
        decimals: Of its sizes and prices.
    """

    last_px: str
    decimals: tuple[int, int]
    coverage: CoverageSaid


class Signals:
    """Makes signals and adds them to the chain; the same action makes one signal, ever."""

    def __init__(
        self,
        chain: Chain,
        settings: FollowSettings,
        network: str,
        evidence: Mapping[str, Evidence],
    ):
        self._chain = chain
        self._settings = settings
        self._network = network
        self._evidence = evidence
        self._leaders = frozenset(map(str.lower, settings.leaders))

    def is_wanted(self, action: Action) -> bool:
        """Return whether an action is a leader's, and one that is told."""
        return self.is_leader(action.wallet) and (self._settings.makers or not action.is_maker)

    def is_leader(self, wallet: str) -> bool:
        """Return whether a wallet is followed, by its address or by its verdict now."""
        known = self._evidence.get(wallet)
        return wallet in self._leaders or (
            known is not None and known.verdict in self._settings.verdicts
        )

    def add(self, action: Action, market: Market, now_ms: int) -> tuple[Signal, bytes] | None:
        """Make a signal; return it and its line, or None where it was made before.

        It is on the disk after `commit`.

        Args:
            now_ms: Wall time.
        """
        signal_id = signal_id_of(action)
        if signal_id in self._chain.ids:
            return None
        made: list[Signal] = []

        def make(link: Link) -> Signal:
            made.append(self._made(signal_id, action, market, now_ms, link))
            return made[0]

        line = self._chain.prepare(signal_id, make)
        return made[0], line

    def written_before(self, action: Action) -> tuple[Signal, bytes] | None:
        """Return the signal of an action, and its line, where it was among the last at the start.

        A kill may have come between its line and its delivery.
        """
        line = self._chain.tail.get(signal_id_of(action))
        return None if line is None else (decode_json(line, Signal), line)

    def commit(self) -> None:
        """Write the signals that were made since the last call.

        Raises:
            OSError: The disk is full, or broken.
        """
        self._chain.commit()

    def _made(
        self, signal_id: str, action: Action, market: Market, now_ms: int, link: Link
    ) -> Signal:
        known = self._evidence.get(action.wallet)
        judged = None if known is None or known.verdict == Verdict.NOT_ENOUGH_DATA else known
        delay_ms = now_ms - _in_our_time(action)
        expire_ms = round(self._settings.expire_s * 1_000)
        # What was found only when a stopped live goes on is old news: written, and not delivered.
        is_fresh = now_ms - action.received_ms <= expire_ms
        return Signal(
            schema=SIGNAL_SCHEMA,
            id=signal_id,
            seq=link.seq,
            prev=link.prev,
            leader=action.wallet,
            venue=VENUE,
            network=self._network,
            coin=action.coin,
            kind=action.kind,
            side=action.side,
            is_maker=action.is_maker,
            is_twap=action.is_twap,
            phase=action.phase,
            size=action.size,
            vwap=action.vwap,
            notional_usd=action.notional_usd,
            position_before=action.position_before,
            position_after=action.position_after,
            position_known=action.position_known,
            part_closed=action.part_closed,
            action_ms=action.action_ms,
            received_ms=action.received_ms,
            emitted_ms=now_ms,
            delay_ms=delay_ms,
            reference_px=market.last_px,
            moved_bps=moved_bps(action, market.last_px),
            verdict=None if known is None else _verdict(known),
            copy_edge=None if judged is None else _copy_edge(judged),
            capacity_usd=None if judged is None else judged.capacity_usd,
            confidence=None if judged is None else judged.confidence,
            expires_ms=now_ms + expire_ms if is_fresh else now_ms,
            coverage=market.coverage,
            order=self._order(signal_id, action, market),
        )

    def _order(self, signal_id: str, action: Action, market: Market) -> Order | None:
        if action.kind not in ENTRIES:
            return None
        return order_for(
            action.coin,
            action.side,
            Decimal(market.last_px),
            self._settings,
            market.decimals,
            client_order_id(signal_id),
        )


def signal_id_of(action: Action) -> str:
    """Return the name of an action's signal."""
    return f"sg_{hashlib.sha256(action.id.encode()).hexdigest()[:24]}"


def moved_bps(action: Action, last_px: str) -> float:
    """Return how far the price went in the leader's direction since he traded, in bps."""
    direction = 1 if action.side is Side.BUY else -1
    return round(direction * (float(Decimal(last_px) / Decimal(action.vwap)) - 1) * BPS, 2)


def _in_our_time(action: Action) -> int:
    """Return when an action happened, by our clock.

    A venue whose clock runs elsewhere, such as a simulated one, is taken at the time of receipt.
    """
    apart_ms = abs(action.received_ms - action.action_ms)
    return action.action_ms if apart_ms <= MAX_APART_MS else action.received_ms


def _verdict(known: Evidence) -> VerdictSaid:
    return VerdictSaid(
        name=known.verdict, gate=known.gate, model=known.model, as_of_ms=known.as_of_ms
    )


def _copy_edge(known: Evidence) -> CopyEdgeSaid | None:
    low, high = known.copy_edge_low_bps, known.copy_edge_high_bps
    if known.copy_edge_bps is None or low is None or high is None:
        return None
    return CopyEdgeSaid(
        delay_s=known.delay_s, bps=known.copy_edge_bps, low=low, high=high, n_bets=known.n_bets
    )
