"""The live demo: who is followed, and the whole of it in as little time as shows a signal."""

import threading
from pathlib import Path

import httpx
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset

from hypertrack.config import Settings, load_config
from hypertrack.pipeline.demo_live import LiveDemo, receiver, takers

BUSY = "0x" + "e" * 39 + "1"


def test_leaders_are_those_who_take_and_neither_rest_nor_take_all_the_time(tmp_path: Path) -> None:
    def taken(first: int, n: int, taker: str, maker: str) -> list[dict[str, object]]:
        times = range(START_MS + first, START_MS + first + n)
        return [trade(at, buyer=taker, seller=maker, taker=taker) for at in times]

    trades = [*taken(0, 6, ALICE, BOB), *taken(100, 9, CAROL, BOB), *taken(200, 60, BUSY, BOB)]
    write_dataset(
        tmp_path, trades=[*trades, *taken(300, 8, BOB, ALICE), *taken(400, 80, ALICE, BOB)]
    )

    assert takers(Settings(data=tmp_path)) == (CAROL,)


def test_receiver_counts_a_message_once() -> None:
    with receiver() as inbox:
        for message in ("a", "a", "b"):
            assert httpx.post(inbox.url, headers={"webhook-id": message}).status_code == 204

    assert inbox.ids == {"a", "b"}


@pytest.mark.slow  # an exchange, a recorder and live, each a process
def test_live_demo_delivers_signals_and_follows_on_paper(tmp_path: Path) -> None:
    settings = load_config(folder=tmp_path, environment={}).settings

    def until_told(_stage: str, _frac: float, detail: str) -> None:
        if not detail.endswith((" 0 delivered", "its past")):
            demo.stop.set()

    pages: list[str] = []
    answers: list[int] = []

    def read(page: str) -> None:
        pages.append(page)
        url, _, token = page.partition("#token=")
        asked = {"Authorization": f"Bearer {token}"}
        threading.Thread(
            target=lambda: answers.append(
                httpx.get(f"{url}api/v1/status", headers=asked).status_code
            )
        ).start()

    demo = LiveDemo(settings, minutes=2.0, on_progress=until_told, on_page=read)
    found = demo.run(tmp_path / "demo")

    assert 0 < len(found.leaders) <= 5
    assert found.n_signals + found.n_alerts >= found.n_delivered > 0
    assert found.n_judged >= len(found.leaders)
    assert "on paper" in found.sentences[0]
    assert len(pages) == 1
    assert answers == [200]  # it was there while it ran
    with pytest.raises(httpx.ConnectError):
        httpx.get(pages[0])
