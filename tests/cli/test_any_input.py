"""Whatever lies in its files: every command ends in order, and loses nothing good.

Three things hold of each command. It ends with 0, 1 or 2 and without a traceback, its error one
line; nothing good is lost beside something bad, and what is left out is counted; and no control
character reaches the terminal. ``--hypothesis-profile=thorough`` tries a hundred times as many.
"""

import csv
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from archive_fakes import block, fill, frame, node_trade
from fakes import (
    ALICE,
    BOB,
    START_MS,
    candle,
    evm_transaction,
    fill_of,
    observed,
    quote,
    trade,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.errors import ConfigError
from hypertrack.simulate.venue.replay import CaptureSource
from hypertrack.store.dataset import open_dataset

GOOD_IDS = (700_000_000_001, 700_000_000_002, 700_000_000_003)
BAD_ID = 700_000_000_099
HOUR_MS = 3_600_000

HOSTILE = ["\x1b[2J\x1b]0;x\x07", "\u202e\u2028error: a\nerror: b", "=1+1", "[red]a[/b]", "\0"]
ODD_TEXTS = ["", "0", "-1", "1e300", "1e400", "nan", "0x12", "A", "@", "2026-01-05T08:00:00+05:45"]
ODD_NUMBERS = [0, -1, 1.5, 2**31, 2**63 - 1, 2**63, 2**80, 1e300, -1e-300]
ODD_TIMES = [START_MS // 1000, START_MS * 1000, START_MS * 1_000_000, -START_MS, 4_070_908_800_000]
odd = st.one_of(
    st.sampled_from([None, True, [], {}, [None], *HOSTILE, *ODD_TEXTS, *ODD_NUMBERS, *ODD_TIMES]),
    st.text(max_size=4),
)
BROKEN_LINES = [b"", b" ", b"\xff\xfe{", b'{"coin":"B', b"null", b"[]", b"7", b"{}", b"[" * 2_000]


def few(n_examples: int) -> settings:
    """Return so many examples, and more in a profile that has more than the default's hundred."""
    n = max(n_examples * settings.default.max_examples // 100, 1)  # type: ignore[attr-defined]
    phases = (Phase.explicit, Phase.generate)  # to make a failure smaller would take minutes
    return settings(max_examples=n, deadline=None, phases=phases)


@st.composite
def spoiled(draw: st.DrawFn, whole: Any) -> Any:
    """Give something like this in which one or two things, however deep, are odd or missing."""

    def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield (*above, key)
            if isinstance(value[key], dict | list):
                yield from paths(value[key], (*above, key))

    made = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(1, 2))):
        *above, last = draw(st.sampled_from(sorted(paths(made), key=str) or [(None,)]))
        inside = made
        for key in above:
            inside = inside[key]
        if last is None or draw(st.integers(0, 3)):
            inside[last] = draw(odd) if last is not None else None
        else:
            del inside[last]
        if not made:
            break
    return made


@st.composite
def texts(draw: st.DrawFn, good: list[Any], shapes: list[Any]) -> bytes:
    """Give a file of lines: all of the good ones, some of them twice, among spoiled ones."""
    lines = [json.dumps(line).encode() for line in good]
    lines += [lines[n] for n in draw(st.lists(st.integers(0, len(good) - 1), max_size=1))]
    bad = st.one_of(st.sampled_from(shapes).flatmap(spoiled), odd)
    lines += [json.dumps(line).encode() for line in draw(st.lists(bad, max_size=3))]
    lines += draw(st.lists(st.sampled_from(BROKEN_LINES), max_size=1))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    torn = draw(st.sampled_from([b"", b'{"received_ns":17,"co']))
    return mark + end.join(draw(st.permutations(lines))) + end + torn


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def unprintable(text: str) -> set[str]:
    return {c for c in text if category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


def run(*words: object, data: Path) -> str:
    """Run a command; return what it wrote to stdout, having seen that it ended in order."""
    done = CliRunner().invoke(
        app, [*map(str, words), "--data", str(data)], env={"COLUMNS": "120", "NO_COLOR": "1"}
    )
    said = done.stdout + done.stderr
    assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exc_info)
    assert done.exit_code in {0, 1, 2}, said
    assert "Traceback" not in said
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == (done.exit_code != 0), said
    assert unprintable(said) <= {"\n"}, (words, said)
    return done.stdout if done.exit_code == 0 else ""


def trade_line(trade_id: int) -> dict[str, Any]:
    return trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, trade_id=trade_id)


def venue(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "received_ns"}


def ids_in(data: Path) -> list[int]:
    with open_dataset(data) as dataset:
        rows = dataset.connection.execute("SELECT trade_id FROM trades").fetchall()
    return [trade_id for (trade_id,) in rows]


# --- import --------------------------------------------------------------------------------------

CAPTURED = [
    frame("trades", [venue(trade_line(BAD_ID)), venue(trade_line(BAD_ID + 1))]),
    frame("bbo", venue(quote(START_MS, 99.0, 101.0))),
    frame("candle", venue(candle(START_MS, prices=(1, 4, 0.5, 2)))),
    frame("l2Book", {"coin": "BTC", "time": START_MS, "levels": [[{"px": "1", "sz": "1"}], []]}),
    frame("userFills", {"user": ALICE, "fills": [fill(trade_id=BAD_ID)[1]]}),
    frame("subscriptionResponse", {"method": "subscribe", "subscription": {"type": "trades"}}),
]
BOTH = [fill(wallet, side=side, crossed=side == "B") for wallet, side in ((ALICE, "B"), (BOB, "A"))]


def with_id(events: list[list[Any]], trade_id: int) -> list[list[Any]]:
    return [[wallet, {**said, "tid": trade_id}] for wallet, said in events]


FILES: dict[str, tuple[list[Any], list[Any]]] = {
    "capture": ([frame("trades", [venue(trade_line(n))]) for n in GOOD_IDS], CAPTURED),
    "node_fills": (
        [each for n in GOOD_IDS for each in with_id(BOTH, n)],
        with_id(BOTH, BAD_ID),
    ),
    "node_fills_by_block": (
        [block([each for n in GOOD_IDS for each in with_id(BOTH, n)])],
        [block(with_id(BOTH, BAD_ID), START_MS + 70, 1_001)],
    ),
    "node_trades": (
        [node_trade(size=size) for size in ("1.0", "2.0", "3.0")],
        [node_trade(size="9.0")],
    ),
}


@pytest.mark.slow  # two commands for each example
@few(8)
@given(st.data())
def test_import_brings_what_is_good_and_counts_the_rest(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(FILES)))
    good, shapes = FILES[kind]
    with folder() as here:
        path = here / f"{data.draw(st.sampled_from(['a', 'b c', '火']))}.jsonl"
        path.write_bytes(data.draw(texts(good, shapes)))

        run("import", path, "--dry-run", data=here / "data")
        told = run("import", path, "--format", kind, "--json", data=here / "data")

        found = ids_in(here / "data")
        counts = json.loads(told)["report"]["counts"]
        assert len(found) >= len(GOOD_IDS)
        assert kind == "node_trades" or set(GOOD_IDS) <= set(found)
        assert len(found) == counts["trades"]
        if kind == "capture":
            played = _played(path)
            assert set(GOOD_IDS) <= {one["tid"] for one in played}


def _played(path: Path) -> list[dict[str, Any]]:
    events = [event for event in CaptureSource(path).events() if event.channel == "trades"]
    return [one for event in events for one in json.loads(event.data)]


@few(8)
@given(st.data())
def test_any_file_is_imported_replayed_or_refused_in_one_line(data: st.DataObject) -> None:
    shapes = [shape for _, bad in FILES.values() for shape in bad]
    kind = data.draw(st.none() | st.sampled_from([*sorted(FILES), "user_fills"]))
    with folder() as here:
        path = here / "any.json"
        path.write_bytes(data.draw(texts([{"a": 1}], [*shapes, {"user": ALICE, "fills": BOTH}])))

        run("import", path, *(["--format", kind] if kind else []), data=here / "data")
        try:
            list(CaptureSource(path).events())
        except ConfigError as error:
            assert "found none in" in str(error)


# --- what was recorded already -------------------------------------------------------------------

TRADED = [*map(trade_line, GOOD_IDS[:2]), trade_line(GOOD_IDS[2]) | {"coin": HOSTILE[0]}]
RECORDED: dict[str, tuple[list[Any], list[Any]]] = {
    "trades": (TRADED, [trade_line(BAD_ID)]),
    "bbo": ([quote(START_MS - 1_000, 99.0, 101.0)], [quote(START_MS, 99.0, None)]),
    "candles": (
        [candle(START_MS, prices=(100,) * 4, count=3)],
        [candle(START_MS + 60_000, prices=(1, 4, 0.5, 2))],
    ),
    "fills": ([fill_of(TRADED[0], ALICE)], [fill_of(trade_line(BAD_ID), BOB)]),
    "evm_transactions": (
        [evm_transaction(START_MS, ALICE, BOB)],
        [evm_transaction(START_MS + 1, BOB, ALICE)],
    ),
    "coverage": (
        [observed("trades:BTC", START_MS - 1_000, START_MS + HOUR_MS)],
        [observed("trades:BTC", START_MS, START_MS + 1) | {"status": "gap", "cause": "error"}],
    ),
    "imports": (
        [{"path": "a", "format": "capture", "digest": "1", "n_bytes": 1, "n_lines": 1}],
        [{"path": "b", "format": "dataset", "spans": [[START_MS, START_MS + 1]]}],
    ),
}
MANIFEST = {"coins": ["BTC"], "feeds": ["trades"], "notice": "made", "is_complete": True}


@st.composite
def recordings(draw: st.DrawFn) -> dict[str, bytes]:
    """Give the files of a dataset by name, trades always among them."""
    names = {"trades", *draw(st.lists(st.sampled_from(sorted(RECORDED)), max_size=4))}
    files = {f"{name}.jsonl": draw(texts(*RECORDED[name])) for name in sorted(names)}
    manifest = draw(st.none() | spoiled(MANIFEST))
    return files if manifest is None else files | {"manifest.json": json.dumps(manifest).encode()}


def write(files: dict[str, bytes], data: Path) -> None:
    data.mkdir()
    for name, content in files.items():
        (data / name).write_bytes(content)


@pytest.mark.slow  # five commands for each example
@few(4)
@given(recordings())
def test_recording_is_verified_and_sealed_whatever_lies_in_it(files: dict[str, bytes]) -> None:
    with folder() as here:
        data = here / "data"
        write(files, data)
        before = ids_in(data)

        run("verify", data=data)
        told = json.loads(run("verify", "--json", data=data))
        run("seal", data=data)
        again = json.loads(run("verify", "--json", data=data))

        assert set(GOOD_IDS) <= set(before)
        assert sorted(before) == sorted(ids_in(data))
        for found in (told, again):
            assert sum(found["n_unread_by_reason"].values()) == found["n_torn_lines"]


@pytest.mark.slow  # nine commands, most of which load much
@few(1)
@given(recordings())
def test_wallets_are_profiled_and_shown_whatever_was_recorded(files: dict[str, bytes]) -> None:
    with folder() as here:
        data, out = here / "data", ("--out", here / "out", "--no-model")
        write(files, data)

        matrix = here / "m.csv"
        run("features", "--names", "total_value", "--out", matrix, data=data)
        rows = list(csv.DictReader(matrix.read_text().splitlines()))
        run("classify", *out, data=data)
        run("wallet", ALICE, *out, data=data)
        run("wallet", ALICE, *out, "--json", data=data)
        for kind in ("text", "csv", "json", "md"):
            run("report", *out, "--format", kind, data=data)
        run("dashboard", *out, data=data)

        for path in (here / "out").glob("*.[tcm]*"):  # the reports that are read as they are
            assert unprintable(path.read_text(encoding="utf-8")) <= {"\n", "\r"}, path
        traded_usd = {row["wallet"]: float(row["total_value"]) for row in rows}
        assert traded_usd[ALICE] >= 100.0 * len(GOOD_IDS)
        profiles = json.loads(next((here / "out").glob("*.json")).read_text())["profiles"]
        assert {ALICE, BOB} <= {profile["wallet"] for profile in profiles}
