"""The dashboard command on a dataset of three wallets: what its page knows of them."""

import json
from pathlib import Path

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, fill_of, trade, write_dataset
from page_reading import read_pack, script_text

from hypertrack.config import Settings
from hypertrack.pipeline.dashboard import write_dashboard
from hypertrack.pipeline.histories import N_POINTS, _curve

pytestmark = pytest.mark.slow  # each opens a dataset and judges its wallets

BOUGHT = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2)
SOLD = trade(START_MS + 600_000, buyer=CAROL, seller=ALICE, taker=ALICE, price=130, size=2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A dataset in which fills tell what Alice held."""
    fills = [fill_of(BOUGHT, ALICE, startPosition="0.0"), fill_of(SOLD, ALICE, startPosition="2.0")]
    data = write_dataset(tmp_path / "data", trades=[BOUGHT, SOLD], fills=fills)
    return Settings(data=data, out=tmp_path)


def told(page: Path) -> dict[str, dict[str, object]]:
    pack = read_pack(script_text(page.read_text(encoding="utf-8"), "pack-histories"))
    texts = zip(pack.texts("history_wallet"), pack.texts("history"), strict=True)
    return {str(wallet): json.loads(str(text)) for wallet, text in texts}


def test_page_knows_what_the_best_wallets_did(settings: Settings) -> None:
    found = told(write_dashboard(settings, with_model=False))

    assert set(found) == {ALICE, BOB, CAROL}
    (coin,) = found[ALICE]["coins"]  # type: ignore[misc]
    assert coin["profit_usd"] == pytest.approx(60)  # the fills say that it paid no fee
    assert coin["position"] == ""  # flat
    assert found[ALICE]["end"] == coin["profit"]
    assert found[BOB]["curve"] == []


def test_page_of_a_file_of_profiles_knows_no_histories(settings: Settings) -> None:
    write_dashboard(settings, with_model=False)

    page = write_dashboard(settings, kept_file=settings.out / "wallet_profiles.parquet")

    assert told(page) == {}
    assert '"histories":""' in page.read_text(encoding="utf-8")


def test_no_histories_are_read_where_none_are_asked_for(settings: Settings) -> None:
    none = settings.model_copy(
        update={"dashboard": settings.dashboard.model_copy(update={"max_histories": 0})}
    )

    assert told(write_dashboard(none, with_model=False)) == {}


def test_curve_keeps_its_deepest_point_and_its_end() -> None:
    points = [
        {"time_ms": i * 60_000, "profit_usd": float(i), "drawdown_usd": 99.0 if i == 777 else 0.0}
        for i in range(5_000)
    ]

    shown = _curve(points)

    assert len(shown) <= N_POINTS + 1
    assert max(point.drawdown_usd for point in shown) == 99.0
    assert shown[-1].profit_usd == 4_999.0
