"""Webhooks over a real socket, checked by the package of those who wrote the scheme."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from clock_fakes import ManualClock
from fakes import START_MS
from receiver_fakes import Receiver, closes, free_port, lies, message, receiving, status
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from hypertrack.clock import SystemClock
from hypertrack.config import SinkSettings
from hypertrack.delivery import webhook
from hypertrack.delivery.answers import Answer
from hypertrack.delivery.webhook import MAX_BODY_BYTES, Webhook
from hypertrack.records import RawJson

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def answered(url: str, key: str | None = KEY) -> Answer:
    sender = Webhook(url, key, SystemClock())
    try:
        return sender.send([message(1)])
    finally:
        sender.close()


def test_signature_is_what_the_reference_package_accepts(receiver: Receiver) -> None:
    assert answered(receiver.url).is_taken

    told = Verifier(KEY).verify(receiver.bodies[0], receiver.headers[0])

    assert told == {
        "type": "signal",
        "timestamp": "2026-01-05T08:00:01.000Z",
        "data": {"seq": 1},
    }
    assert receiver.headers[0]["webhook-id"] == "sg_1"


def test_changed_body_is_refused_by_the_reference_package(receiver: Receiver) -> None:
    answered(receiver.url)

    with pytest.raises(WebhookVerificationError):
        Verifier(KEY).verify(receiver.bodies[0].replace(b"1}", b"2}"), receiver.headers[0])


def test_without_a_key_nothing_is_signed(receiver: Receiver) -> None:
    assert answered(receiver.url, key=None).is_taken

    assert "webhook-signature" not in receiver.headers[0]


@pytest.mark.parametrize("code", [408, 425, 429, 500, 503])
def test_answer_that_may_change_is_asked_for_again(receiver: Receiver, code: int) -> None:
    receiver.replies.append(status(code))

    assert answered(receiver.url) == Answer(is_final=False, cause=f"HTTP {code}")


@pytest.mark.parametrize("code", [301, 307, 400, 401, 404])
def test_answer_that_will_not_change_is_final(receiver: Receiver, code: int) -> None:
    receiver.replies.append(status(code, Location=receiver.url))

    assert answered(receiver.url) == Answer(is_final=True, cause=f"HTTP {code}")
    assert len(receiver.bodies) == 1


def test_gone_says_that_nothing_more_is_wanted(receiver: Receiver) -> None:
    receiver.replies.append(status(410))

    assert answered(receiver.url).is_gone


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [("7", 7.0), ("Mon, 05 Jan 2026 08:00:30 GMT", 30.0), ("soon", None), ("-1", None)],
)
def test_retry_after_is_seconds_or_a_date(
    receiver: Receiver, asked: str, wait_s: float | None
) -> None:
    receiver.replies.append(status(429, Retry_After=asked))
    sender = Webhook(receiver.url, None, ManualClock())

    assert START_MS == 1_767_600_000_000  # 08:00:00 that day
    assert sender.send([message(1)]).wait_s == wait_s
    sender.close()


def test_receiver_that_says_ok_and_breaks_off_did_not_take_it(receiver: Receiver) -> None:
    receiver.replies.append(lies)

    assert not answered(receiver.url).is_final


def test_receiver_that_closes_is_tried_again(receiver: Receiver) -> None:
    receiver.replies.append(closes)

    assert not answered(receiver.url).is_final


def test_nobody_there_is_tried_again() -> None:
    assert not answered(f"http://127.0.0.1:{free_port()}/").is_final


def test_answer_that_drips_is_waited_for_once_in_all(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def drips(handler: BaseHTTPRequestHandler) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200:
            if over.wait(0.05):
                return
            handler.wfile.write(bytes([letter]))

    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.3)
    receiver.replies.append(drips)
    started_s = time.monotonic()

    assert answered(receiver.url) == Answer(is_final=False, cause="no answer within 0 s")

    over.set()
    assert time.monotonic() - started_s < 5


def test_message_beyond_the_limit_is_refused_and_not_sent(receiver: Receiver) -> None:
    long = RawJson(json.dumps("x" * MAX_BODY_BYTES).encode())
    sender = Webhook(receiver.url, None, SystemClock())

    assert sender.send([message(1, data=long)]).is_final

    assert not receiver.bodies
    sender.close()


@pytest.mark.parametrize("key", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_abc", "whsec_Zm9v", ""])
def test_key_that_is_none_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_ and 24 bytes") as refused:
        SinkSettings(name="bot", kind="webhook", key=key)  # type: ignore[arg-type]

    assert not key or f"'{key}'" not in str(refused.value).split("[type")[0]
