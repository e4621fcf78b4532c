"""A sink's thread: order, patience, and giving up."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from clock_fakes import ManualClock
from receiver_fakes import message

from hypertrack.delivery.answers import TAKEN, Answer, failed, refused
from hypertrack.delivery.courier import MAX_FAILURES, Courier
from hypertrack.delivery.outbox import DeliveryLog
from hypertrack.records import Fate, Message


class Listener:
    """A receiver that answers as it is told, then takes everything; it notes when it was asked."""

    every_s = 0.0

    def __init__(self, clock: ManualClock, *answers: Answer, most_at_once: int = 1):
        self.most_at_once = most_at_once
        self.asked: list[tuple[float, list[str]]] = []
        self._clock = clock
        self._answers = list(answers)

    def send(self, messages: Sequence[Message]) -> Answer:
        self.asked.append((self._clock.now_s, [message.id for message in messages]))
        return self._answers.pop(0) if self._answers else TAKEN

    def close(self) -> None:
        """Nothing to let go of."""


class Setting:
    """A courier, its listener, its clock and its log."""

    def __init__(self, folder: Path, *answers: Answer, most_at_once: int = 1):
        self.clock = ManualClock()
        self.listener = Listener(self.clock, *answers, most_at_once=most_at_once)
        self.log = DeliveryLog(folder)
        self.courier = Courier("bot", self.listener, folder, self.log, self.clock, seed=0)

    def deliver(self, *messages: Message) -> list[str]:
        """Put messages, deliver until nothing waits or the sink is off; return the ids asked."""
        self.courier.outbox.put(messages)
        self.courier._deliver_what_waits()
        return [message_id for _, ids in self.listener.asked for message_id in ids]


@contextmanager
def set_up(folder: Path, *answers: Answer, most_at_once: int = 1) -> Iterator[Setting]:
    setting = Setting(folder, *answers, most_at_once=most_at_once)
    try:
        yield setting
    finally:
        setting.courier.finish(0)
        setting.log.close()


def test_messages_arrive_in_order_while_one_is_tried_again(tmp_path: Path) -> None:
    with set_up(tmp_path, TAKEN, failed("HTTP 503"), failed("HTTP 503")) as setting:
        asked = setting.deliver(message(1), message(2), message(3))

    assert asked == ["sg_1", "sg_2", "sg_2", "sg_2", "sg_3"]


def test_waits_grow_as_specified_each_longer_by_a_fifth_at_most(tmp_path: Path) -> None:
    with set_up(tmp_path, *[failed("HTTP 500")] * 8) as setting:
        setting.deliver(message(1))
        times_s = [at_s for at_s, _ in setting.listener.asked]

    waits_s = [later - earlier for earlier, later in pairwise(times_s)]
    for found, usual in zip(waits_s, [1, 5, 30, 120, 600, 1_800, 1_800, 1_800], strict=True):
        assert usual <= found <= 1.2 * usual


def test_receiver_that_asks_for_a_longer_wait_gets_it(tmp_path: Path) -> None:
    with set_up(tmp_path, failed("HTTP 429", wait_s=60)) as setting:
        setting.deliver(message(1))
        (_, _), (second_s, _) = setting.listener.asked

    assert 60 <= second_s <= 72


def test_wait_of_a_year_that_a_receiver_asks_for_is_an_hour(tmp_path: Path) -> None:
    with set_up(tmp_path, failed("HTTP 429", wait_s=3e7)) as setting:
        setting.deliver(message(1))

        assert setting.listener.asked[1][0] <= 4_320


def test_signal_is_given_up_at_the_moment_it_expires_and_the_next_is_told(tmp_path: Path) -> None:
    with set_up(tmp_path, *[failed("no answer")] * 4) as setting:
        first = message(1, expires_ms=message(30).made_ms)
        asked = setting.deliver(first, message(2))
        fates = setting.courier.state().waiting.n_by_fate

    assert asked == ["sg_1"] * 3 + ["sg_2"] * 2  # at about 0, 1 and 6 s; then 24 s are left
    assert fates == {Fate.EXPIRED: 1, Fate.DELIVERED: 1}


def test_refused_message_makes_way(tmp_path: Path) -> None:
    with set_up(tmp_path, refused("HTTP 400")) as setting:
        asked = setting.deliver(message(1), message(2))
        state = setting.courier.state()

    assert asked == ["sg_1", "sg_2"]
    assert state.waiting.n_by_fate == {Fate.REFUSED: 1, Fate.DELIVERED: 1}
    assert not state.is_off


@pytest.mark.parametrize(
    ("answers", "n_asked"),
    [([refused("HTTP 410", is_gone=True)], 1), ([failed("HTTP 500")] * 30, MAX_FAILURES)],
)
def test_sink_that_is_gone_or_fails_twenty_times_is_off_and_its_messages_wait(
    tmp_path: Path, answers: list[Answer], n_asked: int
) -> None:
    with set_up(tmp_path, *answers) as setting:
        asked = setting.deliver(message(1), message(2))
        state = setting.courier.state()

    assert len(asked) == n_asked
    assert state.is_off
    assert "sg_2" not in asked
    assert state.waiting.n_waiting == (1 if n_asked == 1 else 2)


def test_batch_that_failed_is_sent_again_as_it_was(tmp_path: Path) -> None:
    with set_up(tmp_path, failed("reset"), most_at_once=2) as setting:
        setting.deliver(message(1), message(2), message(3))

        assert [ids for _, ids in setting.listener.asked] == [["sg_1", "sg_2"]] * 2 + [["sg_3"]]
