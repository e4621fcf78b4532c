"""A dataset in a database, served while it grows."""

import json
import threading
from pathlib import Path

import pytest
from database_fakes import good_trade, write_session
from fakes import START_MS
from serving_fakes import Dataset, hearing, reader, running, wallets

from hypertrack.config import DatabaseUrl
from hypertrack.errors import DatasetError
from hypertrack.pipeline.serve import serve


def observed(start_ms: int, end_ms: int) -> bytes:
    said = {"stream": "trades:BTC", "status": "observed"}
    return json.dumps(
        said | {"start_ms": START_MS + start_ms, "end_ms": START_MS + end_ms}
    ).encode()


@pytest.mark.slow  # two sessions loaded, by way of a spool
def test_profiles_signals_and_gaps_of_a_database_are_told_as_they_come(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    spool, spans = tmp_path / "spool", [observed(0, 1_000), observed(3_000, 4_000)]
    write_session(url, spool, {"trades": [good_trade(1)], "coverage": spans})
    dataset = Dataset(tmp_path, data=url)
    dataset.write_profiles()

    with (
        running(dataset.settings) as server,
        reader(server) as client,
        hearing(server) as stream,
    ):
        (before,) = client.get("api/v1/status").json()["gaps"]
        n_wallets = len(wallets(client.get("api/v1/wallets")))
        spans += [observed(6_000, 7_000)]
        write_session(url, spool, {"trades": [], "coverage": spans}, "append")
        _, gap = stream.next("gap")
        dataset.add()
        _, signal = stream.next("signal")
    dataset.close()

    assert (before["start_ms"], before["end_ms"]) == (START_MS + 1_000, START_MS + 3_000)
    assert (gap["start_ms"], gap["end_ms"]) == (START_MS + 4_000, START_MS + 6_000)
    assert (n_wallets, signal["seq"]) == (3, 1)


def test_database_without_a_dataset_is_refused_at_the_start(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    dataset = Dataset(tmp_path, data=url)

    with pytest.raises(DatasetError, match="no dataset at"):
        serve(dataset.settings, threading.Event(), print)
