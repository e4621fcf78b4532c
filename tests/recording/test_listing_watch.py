"""Coins that are listed while a recording runs."""

import json
import logging
from operator import attrgetter
from pathlib import Path

import pytest
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from recorder_fakes import coverage_of, lines, plan_for, record_until, settings_for

from hypertrack.recording import listing_watch
from hypertrack.records import Feed, RecordingStatus
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import Exchange, running_exchange

SPEED = 20
COINS = ("BTC", "ETH")
SOURCE = HandSource(
    sorted((one for name in COINS for one in blocks(1_200, name=name)), key=attrgetter("time_ms")),
    coins=tuple(coin(name) for name in COINS),
)
"""Two minutes: six seconds at this speed."""


@pytest.fixture(autouse=True)
def quick_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_watch, "INTERVAL_S", 0.1)


def record_a_listing(folder: Path, exchange: Exchange, **record: object) -> None:
    """Record what is listed at first, and see ETH listed a moment later."""
    settings = settings_for(exchange.url, "trades", "bbo", **record)
    plan = plan_for(settings)
    assert plan.coins == ("BTC",)
    n_seen = 0

    def is_over(status: RecordingStatus) -> bool:
        nonlocal n_seen
        if status.n_rows > 30 and not n_seen:
            n_seen = status.n_rows
            exchange.arm(Faults())
        told = [one.n_rows for one in status.feeds if one.feed is Feed.TRADES]
        return bool(n_seen) and told[0] > n_seen + 300

    record_until(is_over, folder, settings, plan)


@pytest.mark.slow
@pytest.mark.parametrize("redundant", [False, True])
def test_recording_of_all_coins_takes_in_one_that_is_listed_later(
    redundant: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pace = AT_ONCE.model_copy(update={"speed": SPEED})
    with running_exchange(SOURCE, pace, Faults(unlisted="ETH")) as exchange:
        record_a_listing(tmp_path, exchange, redundant=redundant)

    assert "ETH is listed now and recorded from here on" in caplog.messages
    names = [line["coin"] for line in lines(tmp_path, "trades")]
    assert names.count("ETH") > 50
    assert len({(line["coin"], line["tid"]) for line in lines(tmp_path, "trades")}) == len(names)
    (observed,) = coverage_of(tmp_path, "trades:ETH")
    began_ms = coverage_of(tmp_path, "trades:BTC")[0][1]
    assert (observed[0], observed[3]) == ("observed", "stop")
    assert observed[1] > began_ms + 1_000
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["coins"] == ["BTC", "ETH"]


@pytest.mark.slow
def test_recording_of_chosen_coins_only_tells_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pace = AT_ONCE.model_copy(update={"speed": SPEED})
    with running_exchange(SOURCE, pace, Faults(unlisted="ETH")) as exchange:
        record_a_listing(tmp_path, exchange, coins="BTC")

    assert "ETH is listed now; --coins all would record it" in caplog.messages
    assert {line["coin"] for line in lines(tmp_path, "trades")} == {"BTC"}


@pytest.mark.slow
def test_coin_for_which_there_is_no_room_is_told_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pace = AT_ONCE.model_copy(update={"speed": SPEED})
    with running_exchange(SOURCE, pace, Faults(unlisted="ETH")) as exchange:
        record_a_listing(tmp_path, exchange, max_subscriptions=3)

    assert "ETH is listed now, and there is no room to record it" in caplog.messages
    assert coverage_of(tmp_path, "trades:ETH") == []
