"""``hypertrack accounts``: what it prints, writes and refuses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from account_fakes import AccountVenue, account_fill, account_venue, lines_of
from database_fakes import database_url
from fakes import ALICE, BOB, CAROL, START_MS, observed, trade, write_dataset
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.clock import SystemClock
from hypertrack.store.dataset import open_dataset

run = CliRunner().invoke
WHOLE_RUN = pytest.mark.slow
"""From the wallets to the checks, whose expressions take a second to plan."""
WIDE = {"COLUMNS": "200"}

TRADES = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=5),
    trade(START_MS + 10, buyer=CAROL, seller=BOB, taker=BOB, price=10, coin="xyz:CL"),
]
COVERED = [observed("trades:BTC", START_MS - 1, START_MS + 60_000)]


@pytest.fixture
def venue() -> Iterator[AccountVenue]:
    bought = {"sz": "5.0", "tid": TRADES[0]["tid"], "hash": TRADES[0]["hash"]}
    fill = account_fill(0, time_ms=START_MS, closedPnl="3.0", **bought)
    with account_venue(SystemClock(), fills={ALICE: [fill]}) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "data", trades=TRADES, coverage=COVERED)


def ask(venue: AccountVenue, data: Path | str, *words: str) -> Any:
    return run(app, ["accounts", *words, "--data", str(data), "--url", venue.url], env=WIDE)


@WHOLE_RUN
def test_top_wallets_are_asked_and_checked_against_the_tape(
    venue: AccountVenue, data: Path
) -> None:
    result = ask(venue, data, "--top", "2")

    assert result.exit_code == 0, result.output
    said = " ".join(result.stderr.split())
    assert "2 wallets: top 2 by notional" in said
    assert "about 2 wallets for" in said
    assert "tape: 1 of 3 trades have their fill" in said  # Bob's two have none
    assert {request["user"] for request in venue.asked if "user" in request} == {ALICE, BOB}
    (fill,) = lines_of(data, "fills.jsonl")
    assert fill["user"] == ALICE
    report = json.loads((data / "accounts" / "report.json").read_text())
    by_wallet = {check["wallet"]: check for check in report["wallets"]}
    assert by_wallet[ALICE]["net_usd"] == pytest.approx(2.95)
    assert (by_wallet[BOB]["tape"]["is_marked"], by_wallet[ALICE]["tape"]["is_marked"]) == (
        True,
        False,
    )


@WHOLE_RUN
def test_wallet_is_asked_on_the_dexes_where_the_tape_has_it(
    venue: AccountVenue, data: Path
) -> None:
    ask(venue, data, BOB, ALICE, "--only", "positions")

    asked = [(request["user"], request["dex"]) for request in venue.asked]
    assert asked == [(BOB, ""), (BOB, "xyz"), (ALICE, "")]


@WHOLE_RUN
def test_no_recording_is_needed(venue: AccountVenue, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(f"wallet,note\n{ALICE.upper().replace('X', 'x')},me\n")

    result = ask(venue, tmp_path / "new", "--file", str(file), BOB)

    assert result.exit_code == 0, result.output
    with open_dataset(tmp_path / "new") as dataset:
        n = dataset.connection.execute("SELECT count(*) FROM imported_fills").fetchall()[0][0]
    assert n == 1
    manifest = json.loads((tmp_path / "new" / "manifest.json").read_text())
    assert "not from Hyperliquid" in manifest["notice"]


def test_dry_run_prints_the_worked_examples_and_asks_nothing(
    venue: AccountVenue, tmp_path: Path
) -> None:
    file = tmp_path / "wallets"
    file.write_text("\n".join(f"0x{nth:040x}" for nth in range(200)))
    words = ("--file", str(file), "--dry-run", "--only", "positions,fills,portfolio")

    result = ask(venue, tmp_path / "new", *words)

    assert (result.exit_code, venue.asked) == (0, [])
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["positions", "200", "200", "400", "1"] in rows
    # one full page of fills each, or five: 28,400 and 124,400 weight, 32 and 139 minutes at 900
    assert rows[-1] == ["all", "200", "600-1,400", "28,400-124,400", "32-139"]
    assert not (tmp_path / "new").exists()


def test_dry_run_in_json_is_for_machines(venue: AccountVenue, data: Path) -> None:
    result = ask(venue, data, "--top", "1", "--dry-run", "--json")

    plan = json.loads(result.stdout)
    assert (plan["n_wallets"], plan["budget"], plan["is_resumed"]) == (1, 900, False)


@WHOLE_RUN
def test_answers_go_into_a_database_too(venue: AccountVenue, tmp_path: Path) -> None:
    dust = account_fill(5, tid=0, dir="Spot Dust Conversion")
    venue.fills[ALICE] += [dust, {**dust, "sz": "2.0"}]
    url = f"sqlite:///{tmp_path}/dataset.db"

    first = ask(venue, url, ALICE, "--only", "positions,fills,portfolio,flows")
    second = ask(venue, url, ALICE, "--only", "positions,fills,portfolio,flows")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "3 new fills" in first.stderr
    assert "0 new fills" in second.stderr
    assert venue.kinds().count("portfolio") == 1  # younger than an hour
    with open_dataset(database_url(url)) as dataset:
        connection = dataset.connection
        n_fills = connection.execute("SELECT count(*) FROM imported_fills").fetchall()
        states = connection.execute("SELECT equity_usd FROM account_states").fetchall()
        streams = connection.execute(
            "SELECT stream, cause FROM coverage ORDER BY stream, start_ms"
        ).fetchall()
    assert (n_fills, states) == ([(3,)], [(100.0,)])
    assert streams[0] == (f"fills:{ALICE}", "first")
    shown = run(app, ["wallet", ALICE, "--data", url, "--no-model"], env=WIDE)
    assert "venue: closedPnl - fee" in shown.stdout


@WHOLE_RUN
def test_wallet_shows_what_the_venue_says_with_its_source(
    venue: AccountVenue, data: Path, tmp_path: Path
) -> None:
    ask(venue, data, ALICE, CAROL)
    words = ("--data", str(data), "--no-model", "--out", str(tmp_path))

    seen = run(app, ["wallet", ALICE, *words], env=WIDE)
    told = json.loads(run(app, ["wallet", ALICE, *words, "--json"]).stdout)

    said = " ".join(seen.stdout.split())
    assert "account, by the venue" in said
    assert "net profit +2.95 USD venue: closedPnl - fee" in said
    assert "1 of 1 trades have their fill" in said
    assert told["account_checks"]["n_fills"] == 1


@WHOLE_RUN
def test_spot_tokens_are_asked_for_where_wanted_and_shown(
    venue: AccountVenue, data: Path, tmp_path: Path
) -> None:
    venue.balances[ALICE] = [
        {"coin": "USDC", "token": 0, "total": "14.625485", "hold": "0.0", "entryNtl": "0.0"},
        {"coin": "PURR", "token": 1, "total": "2000", "hold": "100", "entryNtl": "1234.56"},
        {"coin": "\x1b[31mBAD", "token": 2, "total": "7", "hold": "0", "entryNtl": "0"},
        {"coin": "GONE", "token": 3, "total": "0.0", "hold": "0", "entryNtl": "0"},
        {"coin": "ODD", "token": 4, "total": None},
    ]

    ask(venue, data, ALICE, "--only", "spot")

    assert venue.kinds() == ["spotClearinghouseState"]
    words = ("--data", str(data), "--no-model", "--out", str(tmp_path))
    said = " ".join(run(app, ["wallet", ALICE, *words], env=WIDE).stdout.split())
    assert "2,000 PURR, 14.625485 USDC" in said
    assert "venue: spotClearinghouseState" in said
    assert "\x1b[31mBAD" not in said
    assert "GONE" not in said


@WHOLE_RUN
def test_hostile_name_of_a_coin_reaches_no_terminal(venue: AccountVenue, tmp_path: Path) -> None:
    coin = "BTC\x1b[31m\r<script>"
    venue.fills[ALICE] = [account_fill(nth=1, coin=coin)]
    venue.answers["fundingHistory"] = [{"coin": "ETH", "fundingRate": "0.1", "time": START_MS}]

    result = ask(venue, tmp_path / "data", ALICE, "--only", "fills,rates")

    assert "rates of BTC" in result.stderr
    assert "\x1b[31m" not in result.stderr and "\r<" not in result.stderr


@WHOLE_RUN
def test_hostile_name_of_a_vault_reaches_no_terminal(
    venue: AccountVenue, data: Path, tmp_path: Path
) -> None:
    name = "\u001b]0;owned\u0007<script>alert(1)</script>"
    venue.roles[ALICE] = {"role": "vault"}
    venue.answers["vaultDetails"] = {"name": name, "vaultAddress": ALICE, "leader": BOB}

    asked = ask(venue, data, ALICE, "--only", "role")
    shown = run(app, ["wallet", ALICE, "--data", str(data), "--no-model", "--out", str(tmp_path)])

    assert (asked.exit_code, shown.exit_code) == (0, 0)
    assert "\u001b" not in asked.output + shown.output
    assert "led by" in " ".join(shown.stdout.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nobody to ask about"),
        (("0x12",), "a wallet is 0x and 40 hex digits"),
        (("--file", "/nowhere"), "no file at /nowhere"),
        (("--top", "3", "--by", "luck"), "--by is one of notional, fills, profile"),
        (("--top", "3", "--by", "profile"), "no profiles at"),
        (("--top", "3", "--leaderboard", "3"), "give one of them"),
        (("--verdict", "COPY,BUY"), "AVOID, NOT ENOUGH DATA; found 'BUY'"),
        (("--verdict", "copy", "--by", "fills"), "leave out --by fills"),
        (("--verdict", "copy", "--leaderboard", "3"), "--verdict and --leaderboard choose"),
        (("--verdict", "copy,not_enough_data"), "no profiles at"),
        (("--leaderboard", "3", "--by", "fills"), "--by is one of day, week, month, allTime"),
        ((ALICE, "--only", "everything"), "--only takes any of positions, fills"),
        ((ALICE, "--since", "soon"), "a duration is a number"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    venue: AccountVenue, data: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    result = run(
        app,
        ["accounts", *words, "--data", str(data), "--url", venue.url],
        env=WIDE | {"HYPERTRACK_OUT": str(tmp_path)},
    )

    assert result.exit_code in {1, 2}
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert venue.asked == []


def test_top_of_nothing_says_what_to_do(venue: AccountVenue, tmp_path: Path) -> None:
    result = ask(venue, tmp_path / "none", "--top", "5")

    assert result.exit_code == 1
    assert "record first, or give addresses" in result.stderr
    assert not (tmp_path / "none").exists()


def test_verdict_without_profiles_leaves_no_folder(
    venue: AccountVenue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ask(venue, tmp_path / "none", "--verdict", "COPY")

    assert result.exit_code == 1
    assert "no profiles at" in result.stderr
    assert list(tmp_path.iterdir()) == []


@WHOLE_RUN
def test_since_is_a_length_before_the_venues_now_or_a_day(venue: AccountVenue, data: Path) -> None:
    ask(venue, data, ALICE, "--only", "fills", "--since", "1d")
    ask(venue, data, BOB, "--only", "fills", "--since", "2026-01-05")

    starts = [r["startTime"] for r in venue.asked if r["type"] == "userFillsByTime"]
    assert starts == [venue.now_ms - 86_400_000, 1_767_571_200_000]
