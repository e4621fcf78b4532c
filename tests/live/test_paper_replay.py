"""The log of following on paper: killed anywhere, live or replayed, it comes out the same."""

import random
from decimal import localcontext
from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, account_state, context, held_position, quote, trade
from paper_fakes import NOBODY, PaperRun, acts, book, observed_trades, write_lines

from hypertrack.errors import DatasetError
from hypertrack.live.chain import NO_LINE, Chain, breaks, line_hash
from hypertrack.live.checkpoint import LiveState
from hypertrack.live.paper_log import LogReader
from hypertrack.live.paper_state import PRECISION, PaperState
from hypertrack.records import (
    Feed,
    PortfolioBegun,
    StepKind,
    decode_binary,
    encode_binary,
    replace,
)
from hypertrack.store.compaction.commit_journal import put_in_force
from hypertrack.store.compaction.sealed_hours import prepare_sealing

HOUR_MS = 3_600_000

Lines = dict[str, list[dict[str, Any]]]


def random_market(seed: int, n_trades: int = 120) -> Lines:
    """Return some hours of a market in which everything happens, each feed by receipt."""
    rng = random.Random(seed)
    lines: Lines = {"trades": [], "l2book": [], "bbo": [], "contexts": [], "account_states": []}
    at_ms, price = 0, 100.0
    for nth in range(n_trades):
        at_ms += rng.choice([300, 1_200, 4_000, 30_000, 240_000])
        price = round(price * (1 + rng.uniform(-0.01, 0.01)), 2)
        buyer, seller = rng.sample([ALICE, BOB, CAROL, *NOBODY], 2)
        facts: dict[str, Any] = {
            "coin": rng.choice(["BTC", "ETH"]),
            "size": round(rng.uniform(0.1, 9), 1),
        }
        taker = rng.choice([buyer, seller])
        made = trade(
            START_MS + at_ms, buyer=buyer, seller=seller, taker=taker, price=price, **facts
        )
        lines["trades"].append(made | {"tid": nth + 1})
        coin, then = facts["coin"], at_ms + rng.choice([-2_000, 2_000, 4_900])
        if rng.random() < 0.5:
            bid, ask = f"{price - 0.1:.2f}", f"{price + 0.1:.2f}"
            deep = [(f"{price + 0.5:.2f}", "40")] if rng.random() < 0.5 else []
            lines["l2book"].append(book(then, [(bid, "9")], [(ask, "3"), *deep], coin=coin))
        if rng.random() < 0.5:
            made = quote(START_MS + then, price - 0.2, price + 0.3, coin=coin)
            lines["bbo"].append(made)
        if rng.random() < 0.3:
            answer = account_state(
                START_MS + at_ms, ALICE, held_position("BTC", round(rng.uniform(-9, 9), 1))
            )
            lines["account_states"].append(answer)
    for hour_ms in range(HOUR_MS, at_ms, HOUR_MS):
        lines["contexts"].append(context(START_MS + hour_ms - 1_000, rate=0.001, oracle=price))
    for rows in lines.values():
        rows.sort(key=lambda row: int(row["received_ns"]))
    return lines


def gaps(lines: Lines) -> list[dict[str, Any]]:
    """Return a ledger in which a minute of each coin was missed."""
    end_ms = lines["trades"][-1]["time"] - START_MS
    a_ms, b_ms = end_ms // 3, end_ms // 2
    spans = ((0, a_ms), (a_ms + 60_000, end_ms)), ((0, b_ms), (b_ms + 60_000, end_ms))
    return [*observed_trades(*spans[0]), *observed_trades(*spans[1], coin="ETH")]


def begin(path: Path) -> None:
    """Begin a log that holds the leaders against two others, one of them chosen twice."""
    first = PaperRun(path.parent, name=f"first.{path.name}", **TERMS).steps[0]
    beside = [PortfolioBegun(name="random 1", wallets=(BOB, CAROL))]
    beside.append(PortfolioBegun(name="top by realised profit", wallets=(CAROL,)))
    chain = Chain(path)
    chain.add(
        "begin",
        lambda link: replace(
            first, seq=link.seq, prev=link.prev, portfolios=(*first.portfolios, *beside)
        ),
    )
    chain.close()


def followed(folder: Path, lines: Lines) -> bytes:
    """Return the log of following a finished dataset."""
    for name, rows in lines.items():
        write_lines(folder, name, rows)
    write_lines(folder, "coverage", gaps(lines))
    begin(folder / "follow.jsonl")
    run = PaperRun(folder, **TERMS).read()
    run.session.close()
    return run.log.read_bytes()


TERMS: dict[str, Any] = {"makers": True, "max_notional_usd": 2_500, "stop_drawdown_frac": 0.02}


@pytest.mark.slow  # eight restarts, each step synced
def test_log_killed_at_any_byte_comes_out_the_same(tmp_path: Path) -> None:
    whole = followed(tmp_path, random_market(1))
    rng = random.Random(2)
    begun = whole.index(b"\n") + 1
    assert all(f'"kind":"{kind}"'.encode() in whole for kind in StepKind)

    for cut in [begun, *(rng.randint(begun, len(whole) - 1) for _ in range(7))]:
        (tmp_path / "follow.jsonl").write_bytes(whole[:cut])
        run = PaperRun(tmp_path, **TERMS).read()
        run.session.close()

        assert run.log.read_bytes() == whole
    assert list(breaks(tmp_path / "follow.jsonl")) == []


@pytest.mark.slow  # a market played bit by bit, with restarts and hours sealed meanwhile
@pytest.mark.parametrize(("seed", "has_checkpoint"), [(4, False), (4, True)])
def test_log_written_live_is_that_of_a_replay(
    tmp_path: Path, seed: int, *, has_checkpoint: bool
) -> None:
    lines = random_market(seed)
    replayed = followed(tmp_path / "finished", lines)
    live = tmp_path / "live"
    write_lines(live, "coverage", gaps(lines))
    begin(live / "follow.jsonl")
    run = PaperRun(live, **TERMS).read()
    state = encode_binary(run.session.state())
    rng = random.Random(seed)
    left = {name: list(rows) for name, rows in lines.items()}
    received_ns = START_MS * 1_000_000
    while any(left.values()):
        received_ns += rng.randint(1, 400_000) * 1_000_000
        for name, rows in left.items():
            n_new = sum(row["received_ns"] <= received_ns for row in rows)
            write_lines(live, name, rows[:n_new])
            del rows[:n_new]
        if rng.random() < 0.1:
            for feed in (Feed.TRADES, Feed.BBO, Feed.L2BOOK, Feed.CONTEXTS):
                if (live / f"{feed}.jsonl").exists():
                    put_in_force(live, prepare_sealing(live, feed))
        if rng.random() < 0.2:
            state = encode_binary(run.session.state())
        run.poll()
        if rng.random() < 0.05:  # as after a kill: nothing is closed
            if has_checkpoint:
                run = PaperRun(live, saved=decode_binary(state, LiveState), **TERMS)
                run.session.look()
                run.session.read_history(is_growing=True)
            else:
                run = PaperRun(live, **TERMS).read()
    for _ in range(4):
        run.poll()

    assert run.log.read_bytes() == replayed


@pytest.mark.parametrize("nth_checkpoint", [None, 0, 1], ids=["none", "before it", "after it"])
def test_limit_counts_what_paper_told_before_a_restart(
    tmp_path: Path, nth_checkpoint: int | None
) -> None:
    rule = {"name": "one", "on": "follow.opened", "at_most": "1 per 1h", "to": ["phone"]}
    write_lines(tmp_path, "trades", acts(1_000, 1)[:1])
    killed = PaperRun(tmp_path, alerts=[rule])
    killed.session.look()
    killed.session.read_history(is_growing=True)
    states = [encode_binary(killed.session.state())]
    write_lines(tmp_path, "trades", acts(1_000, 1)[1:])
    killed.read()
    states.append(encode_binary(killed.session.state()))
    assert killed.session.newsroom.n_alerts == 1

    write_lines(tmp_path, "trades", [*acts(21_000, -1), *acts(41_000, 1)])
    saved = None if nth_checkpoint is None else decode_binary(states[nth_checkpoint], LiveState)
    run = PaperRun(tmp_path, saved=saved, alerts=[rule]).read()

    assert [len(step.moves) for step in run.steps if step.kind is StepKind.ACTION] == [1, 1, 1]
    assert run.session.newsroom.n_alerts == 0
    (limit,) = run.session.state().limits
    assert limit.n_held_back == {(): 1}  # the second opening


def test_no_action_is_followed_twice_though_the_tape_is_read_again(tmp_path: Path) -> None:
    once = followed(tmp_path, random_market(5, n_trades=40))

    run = PaperRun(tmp_path, **TERMS).read()

    assert run.log.read_bytes() == once
    ids = [step.id for step in run.steps]
    assert len(ids) == len(set(ids)) > 5


def test_parts_of_every_portfolio_sum_to_its_difference(tmp_path: Path) -> None:
    followed(tmp_path, random_market(6))
    state = PaperRun(tmp_path, **TERMS).state

    with localcontext(prec=PRECISION):
        for portfolio in state.portfolios:
            found = portfolio.result(state.marks)

            assert found.n_orders > 0
            assert found.net_usd == found.leader_usd + found.parts.total_usd


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (b'"capital_usd":"10000.0"', b'"capital_usd":"0"', "x does not begin with its terms"),
        (b'"capital_usd":"10000.0"', b'"capital_usd":"Infinity"', "says what cannot be"),
        (b'"capital_usd":"10000.0"', b'"capital_usd":"NaN"', "says what cannot be"),
        (b'[{"name":"leaders","wallets":[]}]', b"[]", "does not begin"),
        (b'"orders":[{"portfolio":0', b'"orders":[{"portfolio":7', "says what cannot be"),
        (b'"orders":[{"portfolio":0', b'"orders":[{"portfolio":9223372036854775808', "cannot be"),
        (b'"change":"1"', b'"change":"one"', "a line of x is no step"),
        (b'"change":"1"', b'"change":' + b"[" * 100_000 + b"]" * 100_000, "no step"),
    ],
)
def test_log_that_says_what_cannot_be_is_refused_in_one_line(
    before: bytes, after: bytes, says: str
) -> None:
    assert before in LOG
    assert read(LOG).until_ms == 2

    with pytest.raises(DatasetError, match=says):
        read(LOG.replace(before, after))


def read(log: bytes) -> PaperState:
    """Return the state of a log of two lines, which are chained first."""
    reader, before = LogReader("x"), NO_LINE
    for line in log.splitlines():
        chained = line.replace(b'"prev":""', f'"prev":"{before}"'.encode())
        reader.take(chained)
        before = line_hash(chained)
    assert reader.state is not None
    return reader.state


LOG = b"""\
{"id":"begin","seq":1,"prev":"","kind":"begin","at_ms":1,"terms":{"capital_usd":"10000.0",\
"sizing":"fixed","notional_usd":"500.0","delay_ms":5000,"max_notional_usd":"10000.0",\
"max_leverage":"1.0","stop_drawdown_frac":"0.25","spread_bps":"5.0"},\
"portfolios":[{"name":"leaders","wallets":[]}]}
{"id":"a","seq":2,"prev":"","kind":"action","at_ms":2,"moves":[{"leader":"0xa","coin":"BTC",\
"change":"1","leader_px":"7","action_ms":1,"kind":"trade",\
"orders":[{"portfolio":0,"why":"leader's position unknown"}]}]}"""
