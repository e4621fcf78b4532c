"""Who is let in: one host, our own origin, the token; all others are told nothing."""

from dataclasses import replace

import pytest
from clock_fakes import ManualClock

from hypertrack.serving.door import Asked, Door, WrongTokens, own_names

TOKEN = "t" * 43
HONEST = Asked(
    method="GET",
    path="/api/v1/wallets",
    hosts=("127.0.0.1:8787",),
    origin="http://127.0.0.1:8787",
    site="same-origin",
    authorization=f"Bearer {TOKEN}",
    address="10.0.0.1",
)


def door(*allowed: str, clock: ManualClock | None = None) -> Door:
    return Door(own_names("127.0.0.1", 8787, allowed), TOKEN, clock or ManualClock())


def status(asked: Asked, found: Door | None = None) -> int | None:
    refusal = (found or door()).refusal(asked)
    return None if refusal is None else refusal.status


def test_the_page_itself_is_let_in_and_so_is_a_program_without_origin() -> None:
    assert status(HONEST) is None
    assert status(replace(HONEST, origin=None, site=None)) is None
    assert status(replace(HONEST, method="HEAD", hosts=("LOCALHOST:8787",))) is None
    assert status(replace(HONEST, site="none", path="/", authorization=None)) is None


@pytest.mark.parametrize(
    "hosts",
    [
        ("evil.example:8787",),  # a name that was given our address
        ("127.0.0.1",),
        ("127.0.0.1:80",),
        ("127.0.0.1:8787.evil.example",),
        ("127.0.0.1:8787", "evil.example"),
        (),
        ("",),
    ],
)
def test_another_host_is_misdirected_whatever_else_it_says(hosts: tuple[str, ...]) -> None:
    assert status(replace(HONEST, hosts=hosts)) == 421
    assert status(replace(HONEST, hosts=hosts, path="/app.js")) == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"])
def test_other_methods_are_not_allowed(method: str) -> None:
    refusal = door().refusal(replace(HONEST, method=method))

    assert refusal is not None
    assert (refusal.status, dict(refusal.headers)) == (405, {"Allow": "GET, HEAD"})


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://127.0.0.1:8788", "file://", "127.0.0.1:8787"],
)
def test_another_origin_is_forbidden_with_the_right_token(origin: str) -> None:
    assert status(replace(HONEST, origin=origin)) == 403
    assert status(replace(HONEST, origin=origin, path="/")) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_that_another_page_made_is_forbidden(site: str) -> None:
    assert status(replace(HONEST, origin=None, site=site)) == 403


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}t",
        "Bearer \udcff",
    ],
)
def test_without_the_token_the_interface_says_nothing(authorization: str | None) -> None:
    asked = replace(HONEST, authorization=authorization)

    assert status(asked) == 401
    assert status(replace(asked, path="/")) is None  # the page holds nothing of any wallet


def test_after_ten_wrong_tokens_an_address_waits_for_a_minute() -> None:
    clock = ManualClock()
    found = door(clock=clock)
    wrong = replace(HONEST, authorization="Bearer guess")

    assert [status(wrong, found) for _ in range(10)] == [401] * 10
    refusal = found.refusal(wrong)
    assert refusal is not None
    assert (refusal.status, dict(refusal.headers)) == (429, {"Retry-After": "60"})
    assert status(replace(wrong, address="10.0.0.2"), found) == 401
    clock.advance(60)
    assert status(wrong, found) == 401


def test_who_has_the_token_is_let_in_whatever_others_of_his_address_guess() -> None:
    found = door()
    wrong = replace(HONEST, authorization="Bearer guess")

    assert [status(wrong, found) for _ in range(12)] == [401] * 10 + [429] * 2
    assert status(HONEST, found) is None


def test_a_missing_token_is_no_guess() -> None:
    found = door()

    assert {status(replace(HONEST, authorization=None), found) for _ in range(20)} == {401}
    assert status(HONEST, found) is None


def test_addresses_of_wrong_tokens_are_forgotten_the_oldest_first() -> None:
    wrong = WrongTokens(ManualClock())
    for _ in range(10):
        wrong.add("first")
    for number in range(999):
        wrong.add(f"other {number}")
    assert wrong.wait_s("first") == 60

    wrong.add("one more")

    assert wrong.wait_s("first") is None


def test_allowed_name_is_taken_as_a_proxy_and_as_a_direct_client_call_it() -> None:
    found = door("Charts.example.org")

    for host, origin in (
        ("charts.example.org", "https://charts.example.org"),
        ("charts.example.org:8787", "http://charts.example.org:8787"),
    ):
        assert status(replace(HONEST, hosts=(host,), origin=origin), found) is None
    assert status(replace(HONEST, hosts=("charts.example.org:9",)), found) == 421
    assert status(replace(HONEST, hosts=("a.example:9",)), door("a.example:9")) is None
    assert status(replace(HONEST, hosts=("a.example",)), door("a.example:9")) == 421


def test_usual_port_is_left_out_as_browsers_do() -> None:
    found = Door(own_names("127.0.0.1", 80, ()), TOKEN, ManualClock())
    honest = replace(HONEST, hosts=("127.0.0.1",), origin="http://127.0.0.1")

    assert status(honest, found) is None
    assert status(replace(honest, hosts=("localhost:80",)), found) is None
    assert status(replace(honest, hosts=("localhost:81",)), found) == 421


def test_address_of_version_six_is_called_in_brackets() -> None:
    names = own_names("::1", 8787, ())

    assert "[::1]:8787" in names.hosts
    assert "http://[::1]:8787" in names.origins
