"""All sinks together, with real receivers, and killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from receiver_fakes import closes, free_port, lies, message, receiving, status
from standardwebhooks import Webhook as Verifier

from hypertrack.clock import SystemClock
from hypertrack.config import SinkSettings
from hypertrack.delivery import answers
from hypertrack.delivery.dispatch import Dispatch
from hypertrack.errors import ConfigError
from hypertrack.records import Fate, Message, encode_json

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def sink(name: str, kind: str, url: str, key: str | None = None) -> SinkSettings:
    return SinkSettings.model_validate({"name": name, "kind": kind, "url": url, "key": key})


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "WAITS_S", (0.01, 0.02))


def lasting(number: int) -> Message:
    """Return a message that the machine's own clock does not find expired."""
    made_ms = time.time_ns() // 1_000_000 + number
    return message(number, made_ms=made_ms, expires_ms=made_ms + 60_000)


@contextmanager
def started(folder: Path, *sinks: SinkSettings) -> Iterator[Dispatch]:
    dispatch = Dispatch(folder, sinks, SystemClock())
    dispatch.start()
    try:
        yield dispatch
    finally:
        dispatch.close()


def test_receiver_that_fails_closes_and_lies_gets_everything_in_order(tmp_path: Path) -> None:
    with (
        receiving(status(500), closes, lies, status(429)) as receiver,
        started(tmp_path, sink("bot", "webhook", receiver.url, KEY)) as dispatch,
    ):
        dispatch.put([lasting(1), lasting(2)], ["bot"])
        receiver.wait_for(6)

    assert receiver.ids == ["sg_1"] * 5 + ["sg_2"]
    for headers, body in zip(receiver.headers, receiver.bodies, strict=True):
        Verifier(KEY).verify(body, headers)


def test_each_sink_goes_on_at_its_own_pace(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    told = tmp_path / "told.jsonl"
    with started(tmp_path, sink("dead", "webhook", nobody), sink("file", "file", str(told))) as d:
        d.put([lasting(1), lasting(2)], ["dead", "file"])

    assert [json.loads(line)["seq"] for line in told.read_text().splitlines()] == [1, 2]


def test_one_working_sink_is_told_once_that_another_is_off(tmp_path: Path) -> None:
    told = tmp_path / "told.jsonl"
    with (
        receiving(status(410)) as receiver,
        started(
            tmp_path, sink("bot", "webhook", receiver.url), sink("file", "file", str(told))
        ) as d,
    ):
        d.put([lasting(1)], ["bot"])
        until_s = time.monotonic() + 20
        while not told.exists() or not told.read_text():
            assert time.monotonic() < until_s
            time.sleep(0.01)
            states = d.states()

    assert [(state.name, state.is_off) for state in states] == [("bot", True), ("file", False)]
    assert [json.loads(line) for line in told.read_text().splitlines()] == [
        {"event": "sink.off", "sink": "bot", "cause": "HTTP 410"}
    ]
    assert states[0].waiting.n_by_fate == {Fate.REFUSED: 1}


def test_what_could_not_be_delivered_is_delivered_after_the_next_start(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, sink("bot", "webhook", f"http://127.0.0.1:{port}/")) as dispatch:
        dispatch.put([lasting(1), lasting(2)], ["bot"])

    with (
        receiving() as receiver,
        started(tmp_path, sink("bot", "webhook", receiver.url)),
    ):
        receiver.wait_for(2)

    assert receiver.ids == ["sg_1", "sg_2"]


def test_sink_without_address_names_the_variable_that_would_hold_it(tmp_path: Path) -> None:
    nowhere = SinkSettings(name="my-phone", kind="apprise")

    with pytest.raises(ConfigError, match="HYPERTRACK_SECRETS__MY_PHONE_URL"):
        Dispatch(tmp_path, [nowhere], SystemClock())


SENDING = """
import sys, time
from pathlib import Path
from hypertrack.clock import SystemClock
from hypertrack.config import SinkSettings
from hypertrack.delivery.dispatch import Dispatch
from hypertrack.records import Message, decode_json

sink = SinkSettings(name="bot", kind="webhook", url=sys.argv[2])
dispatch = Dispatch(Path(sys.argv[1]), [sink], SystemClock())
dispatch.start()
for line in sys.stdin.buffer:
    dispatch.put([decode_json(line, Message)], ["bot"])
    print("kept", flush=True)
"""


@pytest.mark.slow  # five processes, each killed
def test_kills_lose_nothing_that_was_kept_and_keep_the_order(tmp_path: Path) -> None:
    with receiving(*[status(503), closes] * 4) as receiver:
        kept = []
        for start in range(5):
            command = [sys.executable, "-c", SENDING, str(tmp_path), receiver.url]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as process:
                assert process.stdin
                assert process.stdout
                for number in range(start * 5, start * 5 + 5):
                    process.stdin.write(encode_json(lasting(number)) + b"\n")
                    process.stdin.flush()
                    assert process.stdout.readline() == b"kept\n"
                    kept.append(f"sg_{number}")
                os.kill(process.pid, signal.SIGKILL)
        with started(tmp_path, sink("bot", "webhook", receiver.url)):
            receiver.wait_for(len(kept))

    assert set(receiver.ids) == set(kept)
    firsts = list(dict.fromkeys(receiver.ids))
    assert firsts == kept
