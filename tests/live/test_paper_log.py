"""The log of following on paper, changed or forged: it is refused in a sentence."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from paper_fakes import PaperRun, acts, write_lines

from hypertrack.errors import DatasetError
from hypertrack.live.chain import Chain
from hypertrack.live.paper_log import read_state
from hypertrack.records import FollowStep, replace


@pytest.fixture
def steps(tmp_path: Path) -> list[FollowStep]:
    """Return a log's beginning, and an action that is followed."""
    write_lines(tmp_path / "data", "trades", acts(1_000, 1))
    return PaperRun(tmp_path / "data").read().steps


def chained(path: Path, *steps: FollowStep) -> Path:
    """Write steps as whoever forges a whole chain does."""
    chain = Chain(path)
    for step in steps:
        chain.add(step.id, lambda link, step=step: replace(step, seq=link.seq, prev=link.prev))  # type: ignore[misc]
    chain.close()
    return path


def with_order(step: FollowStep, **changes: Any) -> FollowStep:
    move = step.moves[0]
    return replace(step, moves=(replace(move, orders=(replace(move.orders[0], **changes),)),))


def test_number_that_was_changed_is_refused(tmp_path: Path, steps: list[FollowStep]) -> None:
    log = chained(tmp_path / "follow.jsonl", *steps, replace(steps[1], id="next"))
    whole = log.read_bytes()
    assert whole.count(b'"size":"10"') == 2

    log.write_bytes(whole.replace(b'"size":"10"', b'"size":"12"', 1))

    with pytest.raises(DatasetError, match=r"^line 3 of .* does not follow from the one before"):
        read_state(log)


def test_line_that_was_taken_out_is_missed(tmp_path: Path, steps: list[FollowStep]) -> None:
    log = chained(tmp_path / "follow.jsonl", *steps, replace(steps[1], id="next"))
    first, _, last = log.read_bytes().splitlines(keepends=True)

    log.write_bytes(first + last)

    with pytest.raises(DatasetError, match=r"line 2 of .* does not follow"):
        read_state(log)


@pytest.mark.parametrize(
    "forged",
    [
        *({"portfolio": 1}, {"portfolio": -1}),
        *({"size": Decimal("NaN")}, {"cost_usd": Decimal("-Infinity")}),
        *({"fee_usd": Decimal("1e999999")}, {"wanted": Decimal("1e-999999")}),
    ],
)
def test_order_that_cannot_be_is_refused(
    tmp_path: Path, steps: list[FollowStep], forged: dict[str, Any]
) -> None:
    log = chained(tmp_path / "follow.jsonl", steps[0], with_order(steps[1], **forged))

    with pytest.raises(DatasetError, match=r"line 2 of .* says what cannot be; move it away"):
        read_state(log)


@pytest.mark.parametrize("nothing", [{"mid": None}, {"leader_px": None}])
def test_order_without_a_price_is_refused(
    tmp_path: Path, steps: list[FollowStep], nothing: dict[str, Any]
) -> None:
    step = replace(steps[1], moves=(replace(steps[1].moves[0], **nothing),))

    with pytest.raises(DatasetError, match=r"says what cannot be"):
        read_state(chained(tmp_path / "follow.jsonl", steps[0], step))


def test_capital_that_is_no_number_is_refused(tmp_path: Path, steps: list[FollowStep]) -> None:
    assert steps[0].terms is not None
    terms = replace(steps[0].terms, capital_usd=Decimal("NaN"))

    with pytest.raises(DatasetError, match=r"line 1 of .* says what cannot be"):
        read_state(chained(tmp_path / "follow.jsonl", replace(steps[0], terms=terms)))


@pytest.mark.parametrize("begin", [{"terms": None}, {"portfolios": ()}, {"at_ms": 10**18}])
def test_log_that_does_not_begin_is_refused(
    tmp_path: Path, steps: list[FollowStep], begin: dict[str, Any]
) -> None:
    with pytest.raises(DatasetError, match=r"does not begin|says what cannot be"):
        read_state(chained(tmp_path / "follow.jsonl", replace(steps[0], **begin)))


def test_folder_is_no_log(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
