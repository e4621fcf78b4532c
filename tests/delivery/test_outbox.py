"""What waits for a sink, on disk."""

from pathlib import Path

import pytest
from clock_fakes import ManualClock
from disk_fakes import logged_disk
from receiver_fakes import message

from hypertrack.delivery import outbox as outbox_module
from hypertrack.delivery.outbox import DeliveryLog, Outbox
from hypertrack.files import split_lines
from hypertrack.records import Delivery, Fate, MessageKind, decode_json


class Opened:
    """An outbox on its folder, as a start finds it."""

    def __init__(self, folder: Path, clock: ManualClock | None = None):
        self.clock = clock or ManualClock()
        self.log = DeliveryLog(folder)
        self.n_news = 0
        self.box = Outbox(folder, "bot", self.log, self.clock, self._count)

    def _count(self) -> None:
        self.n_news += 1

    def ids(self) -> list[str]:
        return [message.id for message in self.box.head(100_000)]

    def close(self) -> None:
        self.box.close()
        self.log.close()


def deliveries(folder: Path) -> list[tuple[str, Fate]]:
    lines = split_lines([(folder / "deliveries.jsonl").read_bytes()])
    return [(d.id, d.fate) for d in (decode_json(line, Delivery) for line in lines)]


def test_what_waits_is_there_after_a_kill_in_order(tmp_path: Path) -> None:
    first = Opened(tmp_path)
    first.box.put([message(1), message(2)])
    first.box.put([message(3)])
    first.box.settle([message(2)], Fate.DELIVERED, 1, None)

    assert Opened(tmp_path).ids() == ["sg_1", "sg_3"]  # the first was never closed
    assert deliveries(tmp_path) == [("sg_2", Fate.DELIVERED)]


def test_message_that_waits_is_not_taken_twice(tmp_path: Path) -> None:
    opened = Opened(tmp_path)
    opened.box.put([message(1), message(1)])
    opened.box.put([message(1)])

    assert opened.ids() == ["sg_1"]


def test_message_is_synced_before_put_returns(tmp_path: Path) -> None:
    opened = Opened(tmp_path)

    with logged_disk(tmp_path) as disk:
        opened.box.put([message(1)])

    assert disk.events == ["write outbox/bot.jsonl", "sync outbox/bot.jsonl"]


def test_torn_last_line_costs_no_other(tmp_path: Path) -> None:
    first = Opened(tmp_path)
    first.box.put([message(1)])
    first.close()
    with (tmp_path / "outbox" / "bot.jsonl").open("ab") as file:
        file.write(b'{"id":"sg_2","ki')
    with (tmp_path / "deliveries.jsonl").open("ab") as file:
        file.write(b'{"id":"sg_1","sink":"bot","fa')

    second = Opened(tmp_path)
    second.box.put([message(3)])
    second.box.settle([message(1)], Fate.DELIVERED, 1, None)

    assert Opened(tmp_path).ids() == ["sg_3"]


def test_message_that_nobody_took_in_time_expires_and_is_written_down(tmp_path: Path) -> None:
    opened = Opened(tmp_path)
    opened.box.put([message(1, expires_ms=message(30).made_ms), message(2)])
    opened.clock.advance(29.999)
    assert opened.ids() == ["sg_1", "sg_2"]

    opened.clock.advance(0.001)

    assert opened.ids() == ["sg_2"]
    assert deliveries(tmp_path) == [("sg_1", Fate.EXPIRED)]


def test_full_queue_lets_the_oldest_alerts_go_before_any_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "MAX_WAITING", 3)
    opened = Opened(tmp_path)
    kinds = [MessageKind.SIGNAL, MessageKind.ALERT, MessageKind.ALERT, MessageKind.SIGNAL]

    opened.box.put([message(i, kind=kind) for i, kind in enumerate(kinds)])
    opened.box.put([message(9), message(10)])

    assert opened.ids() == ["sg_3", "sg_9", "sg_10"]
    assert [message_id for message_id, _ in deliveries(tmp_path)] == ["sg_1", "sg_2", "sg_0"]
    assert opened.box.waiting().n_by_fate == {Fate.CROWDED_OUT: 3}


def test_file_is_begun_anew_when_most_of_it_is_done_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "REWRITE_ABOVE", 10)
    opened = Opened(tmp_path)
    for number in range(30):
        opened.box.put([message(number)])
        if number != 7:
            opened.box.settle([message(number)], Fate.DELIVERED, 1, None)

    assert len((tmp_path / "outbox" / "bot.jsonl").read_bytes().splitlines()) <= 11
    assert Opened(tmp_path).ids() == ["sg_7"]


def test_of_an_empty_queue_nothing_is_told(tmp_path: Path) -> None:
    opened = Opened(tmp_path)

    assert opened.ids() == []
    assert opened.box.waiting().oldest_ms is None
    assert opened.n_news == 0
