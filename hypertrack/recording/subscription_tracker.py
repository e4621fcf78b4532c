"""Which subscriptions of one socket are to send, sent, acknowledged, suspected, refused.

An unknown coin ends the whole socket about 100 ms after it was subscribed, without a word
(protocol, section 1.6). Whatever was sent just before a drop and not acknowledged is suspected,
and from then on sent alone, once the socket has shown that it lives; a coin that was alone at a
drop is guilty of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from hypertrack.feeds.subscriptions import Subscription

BATCH = 20
BATCH_INTERVAL_S = 0.1
"""Pace that was measured safe (protocol, section 1.8)."""

SUSPECT_S = 2.0
"""How long before a drop a subscription must have been sent to be no suspect."""

RESEND_S = 10.0
"""After which a subscription without an answer is sent again; a second one is harmless."""


class SubscriptionTracker:
    """Used by the thread of its socket."""

    def __init__(self, subscriptions: Iterable[Subscription], refuse_coin_after: int):
        self.has_life = False
        """Whether this connection has received anything."""
        self._wanted = list(subscriptions)
        self._refuse_coin_after = refuse_coin_after
        self._sent_s: dict[Subscription, float] = {}
        self._acknowledged: set[Subscription] = set()
        self._suspected: set[Subscription] = set()
        self._n_kills = Counter[str]()
        self._next_batch_s = 0.0

    def begin(self) -> None:
        """Start over on a new connection."""
        self.has_life = False
        self._sent_s.clear()
        self._acknowledged.clear()
        self._next_batch_s = 0.0

    @property
    def needs_sign_of_life(self) -> bool:
        """Return whether only suspects are left to send and the socket has not shown life."""
        return not self.has_life and bool(self._wanted) and self._suspected >= set(self._wanted)

    def due(self, now_s: float) -> list[Subscription]:
        """Return what to send now; the caller says with `sent` what it did send."""
        if now_s < self._next_batch_s:
            return []
        for subscription, sent_s in self._sent_s.items():
            if subscription not in self._acknowledged and now_s - sent_s > RESEND_S:
                return [subscription]
        unsent = [s for s in self._wanted if s not in self._sent_s]
        trusted = [s for s in unsent if s not in self._suspected]
        if trusted or not unsent:
            return trusted[:BATCH]
        is_quiet = all(
            s in self._acknowledged or now_s - sent_s > SUSPECT_S
            for s, sent_s in self._sent_s.items()
        )
        return unsent[:1] if self.has_life and is_quiet else []

    def sent(self, subscriptions: Iterable[Subscription], now_s: float) -> None:
        """Note what was sent."""
        self._sent_s |= dict.fromkeys(subscriptions, now_s)
        self._next_batch_s = now_s + BATCH_INTERVAL_S

    def want(self, subscription: Subscription) -> None:
        """Have one more subscription sent."""
        if subscription not in self._wanted:
            self._wanted.append(subscription)

    def again(self, subscription: Subscription) -> None:
        """Have a subscription sent once more, as if it had not been."""
        self._sent_s.pop(subscription, None)
        self._acknowledged.discard(subscription)

    def acknowledge(self, echo: Mapping[str, Any]) -> Subscription | None:
        """Return the subscription that an answer is for, the first time it is answered."""
        for subscription in self._sent_s:
            if subscription not in self._acknowledged and subscription.is_echoed_by(echo):
                self._acknowledged.add(subscription)
                self._suspected.discard(subscription)
                return subscription
        return None

    def reject(self, echo: Mapping[str, Any]) -> Subscription | None:
        """Return the subscription that an error names, and strike it off."""
        for subscription in self._wanted:
            if subscription.is_echoed_by(echo):
                self.strike_off([subscription])
                return subscription
        return None

    def dropped(self, now_s: float) -> str | None:
        """Take a drop into account; return the coin that has now killed too many sockets."""
        suspects = {
            subscription
            for subscription, sent_s in self._sent_s.items()
            if subscription not in self._acknowledged and now_s - sent_s <= SUSPECT_S
        }
        self._suspected |= suspects
        coins = {subscription.coin for subscription in suspects}
        if len(coins) != 1 or not self.has_life:
            return None
        (coin,) = coins
        self._n_kills[coin] += 1
        return coin if self._n_kills[coin] >= self._refuse_coin_after else None

    def of_coins(self, coins: Iterable[str]) -> list[Subscription]:
        """Return what is still wanted of these coins."""
        return [subscription for subscription in self._wanted if subscription.coin in set(coins)]

    def strike_off(self, subscriptions: Iterable[Subscription]) -> None:
        """Want these no more."""
        gone = set(subscriptions)
        self._wanted = [subscription for subscription in self._wanted if subscription not in gone]
        self._suspected -= gone
        for subscription in gone:
            self._sent_s.pop(subscription, None)

    @property
    def n_wanted(self) -> int:
        """Return how many subscriptions are to be kept."""
        return len(self._wanted)

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is wanted any more."""
        return not self._wanted
