"""Which subscriptions are sent when, and which coin is guilty of a drop."""

from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.subscription_tracker import SubscriptionTracker
from hypertrack.records import Feed


def trades(*coins: str) -> list[Subscription]:
    return [Subscription(Feed.TRADES, coin) for coin in coins]


def coins(subscriptions: list[Subscription]) -> list[str]:
    return [subscription.coin for subscription in subscriptions]


def send(roll: SubscriptionTracker, now_s: float, *, answered: bool = True) -> list[str]:
    """Send what is due and return its coins; the venue answers unless told otherwise."""
    due = roll.due(now_s)
    if due:
        roll.sent(due, now_s)
    if answered:
        for subscription in due:
            roll.acknowledge(subscription.wire())
    return coins(due)


def test_twenty_are_sent_each_tenth_of_a_second() -> None:
    roll = SubscriptionTracker(trades(*(str(n) for n in range(50))), refuse_coin_after=3)
    roll.begin()

    assert [len(send(roll, now_s)) for now_s in (0.0, 0.05, 0.1, 0.2, 0.3)] == [20, 0, 20, 10, 0]


def test_subscription_without_an_answer_is_sent_again_after_ten_seconds() -> None:
    roll = SubscriptionTracker(trades("BTC"), refuse_coin_after=3)
    roll.begin()
    send(roll, 0.0, answered=False)

    assert roll.due(9.9) == []
    assert coins(roll.due(10.1)) == ["BTC"]


def test_new_connection_starts_over() -> None:
    roll = SubscriptionTracker(trades("BTC", "ETH"), refuse_coin_after=3)
    roll.begin()
    send(roll, 0.0)
    roll.dropped(60.0)
    roll.begin()

    assert send(roll, 61.0) == ["BTC", "ETH"]


def test_answer_counts_once() -> None:
    roll = SubscriptionTracker(trades("BTC"), refuse_coin_after=3)
    roll.begin()
    send(roll, 0.0, answered=False)

    assert roll.acknowledge({"type": "trades", "coin": "BTC"}) is not None
    assert roll.acknowledge({"type": "trades", "coin": "BTC"}) is None
    assert roll.acknowledge({"type": "trades", "coin": "SOL"}) is None


def test_what_was_sent_unanswered_before_a_drop_is_sent_alone_after_the_rest() -> None:
    roll = SubscriptionTracker(trades("NOPE", "BTC", "ETH"), refuse_coin_after=3)
    roll.begin()
    roll.has_life = True
    roll.sent(roll.due(0.0), 0.0)
    roll.acknowledge({"type": "trades", "coin": "BTC"})
    assert roll.dropped(0.1) is None  # NOPE or ETH?
    roll.begin()
    roll.has_life = True

    assert send(roll, 1.0) == ["BTC"]
    assert send(roll, 1.1, answered=False) == ["NOPE"]
    assert send(roll, 1.2) == []  # one suspect at a time


def test_coin_alone_at_three_drops_is_guilty() -> None:
    roll = SubscriptionTracker(trades("NOPE", "BTC"), refuse_coin_after=3)
    verdicts = []
    for start_s in (0.0, 10.0, 20.0):
        roll.begin()
        roll.has_life = True
        roll.sent(roll.due(start_s), start_s)
        roll.acknowledge({"type": "trades", "coin": "BTC"})
        roll.sent(roll.due(start_s + 0.1), start_s + 0.1)
        verdicts.append(roll.dropped(start_s + 0.2))

    assert verdicts == [None, None, "NOPE"]


def test_coin_that_was_answered_is_a_suspect_no_more() -> None:
    roll = SubscriptionTracker(trades("ETH", "BTC"), refuse_coin_after=3)
    roll.begin()
    roll.has_life = True
    send(roll, 0.0, answered=False)
    roll.dropped(0.1)
    roll.begin()
    roll.has_life = True
    send(roll, 1.0)
    send(roll, 1.1)
    roll.begin()

    assert send(roll, 2.0) == ["ETH", "BTC"]


def test_venue_that_drops_everybody_makes_no_coin_guilty() -> None:
    roll = SubscriptionTracker(trades("BTC"), refuse_coin_after=3)
    for start_s in range(10):
        roll.begin()
        assert roll.needs_sign_of_life is (start_s > 0)
        roll.sent(roll.due(start_s), start_s)

        assert roll.dropped(start_s + 0.1) is None  # it never showed life


def test_subscription_sent_long_before_a_drop_is_no_suspect() -> None:
    roll = SubscriptionTracker(trades("BTC"), refuse_coin_after=1)
    roll.begin()
    roll.has_life = True
    send(roll, 0.0, answered=False)

    assert roll.dropped(2.1) is None


def test_subscription_that_an_error_names_is_struck_off() -> None:
    roll = SubscriptionTracker(trades("BTC", "ETH"), refuse_coin_after=3)
    roll.begin()
    roll.sent(roll.due(0.0), 0.0)

    assert roll.reject({"type": "trades", "coin": "ETH"}) == Subscription(Feed.TRADES, "ETH")
    assert roll.reject({"type": "bbo", "coin": "BTC"}) is None
    roll.begin()
    assert send(roll, 1.0) == ["BTC"]


def test_roll_is_empty_when_all_is_struck_off() -> None:
    roll = SubscriptionTracker(trades("BTC", "ETH"), refuse_coin_after=3)

    roll.strike_off(roll.of_coins({"BTC", "ETH"}))

    assert roll.is_empty


def test_coin_that_is_wanted_later_is_sent_once() -> None:
    roll = SubscriptionTracker(trades("BTC"), refuse_coin_after=3)
    roll.begin()
    send(roll, 0.0)
    for _ in range(2):
        roll.want(*trades("ETH"))

    assert (roll.n_wanted, send(roll, 1.0), send(roll, 2.0)) == (2, ["ETH"], [])


def test_stream_that_starved_is_subscribed_and_acknowledged_again() -> None:
    roll = SubscriptionTracker(trades("BTC", "ETH"), refuse_coin_after=3)
    roll.begin()
    send(roll, 0.0)
    (btc,) = trades("BTC")
    roll.again(btc)

    assert send(roll, 1.0, answered=False) == ["BTC"]
    assert roll.acknowledge(btc.wire()) == btc
