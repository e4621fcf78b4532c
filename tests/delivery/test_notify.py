"""Messages to people, sent by apprise to a receiver on this machine."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest
from receiver_fakes import message, receiving, status

from hypertrack.delivery import notify
from hypertrack.delivery.notify import MAX_LETTERS, Notifier, bundle
from hypertrack.errors import ConfigError


def apprise_url(url: str) -> str:
    return url.replace("http://", "json://")


def test_what_waits_is_one_plain_text() -> None:
    with receiving() as receiver:
        notifier = Notifier(apprise_url(receiver.url))

        assert notifier.send([message(1), message(2, text="a < b & *c*")]).is_taken
        notifier.close()

    told = json.loads(receiver.bodies[0])
    assert told["title"] == "hypertrack"
    assert told["message"] == "0xabc… opens a long of 1 BTC\na < b & *c*"


def test_service_that_refuses_is_tried_again() -> None:
    with receiving(status(500)) as receiver:
        notifier = Notifier(apprise_url(receiver.url))

        assert not notifier.send([message(1)]).is_final
        notifier.close()


def test_service_that_hangs_does_not_hold_the_next_message(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(_: BaseHTTPRequestHandler) -> None:
        over.wait(20)

    monkeypatch.setattr(notify, "TIMEOUT_S", 0.3)
    with receiving(hang) as receiver:
        notifier = Notifier(apprise_url(receiver.url))
        started_s = time.monotonic()
        assert not notifier.send([message(1)]).is_final
        monkeypatch.setattr(notify, "TIMEOUT_S", 20)

        assert notifier.send([message(2)]).is_taken
        assert time.monotonic() - started_s < 10
        over.set()
        notifier.close()


def test_address_that_apprise_does_not_know_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError) as refused:
        Notifier("telegramm://secret-token/42")

    assert "secret" not in str(refused.value)


def test_text_ends_within_the_limit_and_counts_what_it_leaves_out() -> None:
    long = [message(i, text="x" * 99) for i in range(20)]

    text = bundle(long)

    assert len(text) <= MAX_LETTERS
    assert text.count("x" * 99) == 9  # nine lines of 100 letters, and the last one
    assert text.endswith("\n… and 11 more")


def test_one_sentence_that_is_too_long_is_cut() -> None:
    text = bundle([message(1, text="y" * 2_000), message(2)])

    assert len(text) == MAX_LETTERS
    assert text.endswith("y…\n… and 1 more")


def test_control_characters_of_a_message_forge_no_line() -> None:
    assert "\n" not in bundle([message(1, text="vault\nCOPY 0xdead\x1b[2J")])
