"""The engine on a real standalone cluster: a master and two workers, each a process."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyspark
import pytest
import spark_job
from fakes import ALICE, BOB, START_MS, add_sealed_rows, candle, quote, trade, write_dataset
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.features.registry import FEATURES
from hypertrack.pipeline.places import open_engine
from hypertrack.records import HOUR_MS
from hypertrack.store.compaction.sealed_hours import seal_folder

SPARK_HOME = Path(pyspark.__file__).parent
START_S = 60

JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -XX:MetaspaceSize=192m"
JAVA += " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
"""Quick to start, slow to run: right for rows this few, and for classes that came with PySpark."""

FEW_ROWS = f"""
spark.sql.shuffle.partitions       2
spark.sql.adaptive.enabled         false
spark.sql.codegen.wholeStage       false
spark.sql.codegen.factoryMode      NO_CODEGEN
spark.sql.ui.explainMode           simple
spark.sql.maxPlanStringLength      1000
spark.sql.constraintPropagation.enabled false
spark.sql.icu.caseMappings.enabled false
spark.sql.optimizer.excludedRules  org.apache.spark.sql.catalyst.optimizer.RemoveRedundantAliases
spark.task.maxFailures             1
spark.locality.wait                0
spark.shuffle.compress             false
spark.broadcast.compress           false
spark.executor.memory              512m
spark.driver.extraJavaOptions      {JAVA}
spark.executor.extraJavaOptions    {JAVA}
"""
"""The rows of the test are few: what pays for millions would take most of its time, and so would
reading a damaged hour four times."""


def environment(conf: Path) -> dict[str, str]:
    return os.environ | {
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_CONF_DIR": str(conf),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": JAVA,
    }


@contextmanager
def daemon(conf: Path, name: str, *words: str) -> Iterator[Path]:
    """Run a part of the cluster, and give the file it logs to."""
    log = conf / f"{name}.log"
    command = [str(SPARK_HOME / "bin/spark-class"), f"org.apache.spark.deploy.{words[0]}"]
    command += ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0", *words[1:]]
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment(conf), stdout=file, stderr=file)
    try:
        yield log
    finally:
        process.terminate()
        process.wait()


def await_line(log: Path, pattern: str, n: int = 1) -> str:
    """Return the n-th match in a log, as soon as it is there."""
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s:
        if len(found := re.findall(pattern, log.read_text(errors="replace"))) >= n:
            return str(found[-1])
        time.sleep(0.05)  # of a process of its own, which says no other way that it is ready
    raise AssertionError(f"no {pattern} in {log.read_text(errors='replace')}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Give the master's address and the folder of the cluster's settings and logs."""
    conf = tmp_path_factory.mktemp("spark")
    (conf / "spark-defaults.conf").write_text(FEW_ROWS, encoding="utf-8")
    with ExitStack() as running:
        log = running.enter_context(daemon(conf, "master", "master.Master"))
        address = await_line(log, r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
        for number in (1, 2):
            words = ("worker.Worker", "--cores", "1", "--memory", "600m")
            words += ("--work-dir", str(conf / f"work-{number}"), address)
            running.enter_context(daemon(conf, f"worker-{number}", *words))
        await_line(log, "Registering worker", n=2)
        yield address, conf


@contextmanager
def job(conf: Path, *words: Any) -> Iterator[subprocess.Popen[str]]:
    """Run the questions of `spark_job` in a process of its own, while the block runs here."""
    command = [sys.executable, spark_job.__file__, *map(str, words)]
    process = subprocess.Popen(
        command, env=environment(conf), cwd=conf, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def sealed_dataset(folder: Path, market: Any) -> Path:
    """Return a dataset whose first hour is sealed, and whose second is open.

    Some rows of the first cannot be meant, and another hour cannot be read.
    """
    later_ms = START_MS + HOUR_MS
    lines = dict(market)
    lines["trades"] = [
        *market["trades"],
        trade(later_ms, buyer=ALICE, seller=BOB, taker=BOB, price=100.0),
    ]
    lines["bbo"] = [*market["bbo"], quote(later_ms, 99.0, 101.0)]
    lines["candles"] = [*market["candles"], candle(later_ms, prices=(100.0, 101.0, 99.0, 100.0))]
    list(seal_folder(write_dataset(folder, **lines)))
    sealed = {path.parent.name for path in folder.glob("sealed/*/*.parquet")}
    assert {"trades", "bbo", "candles"} <= sealed
    good = trade(START_MS + 9_000, buyer=ALICE, seller=BOB, taker=BOB, price=100.0)
    hour = folder / "sealed/trades/2026-01-05T08.parquet"
    add_sealed_rows(
        hour,
        {**good, "tid": 0},  # without an id of its own
        {**good, "tid": 20_001, "px": "1e300"},
        {**good, "tid": 20_002, "users": []},
        {**good, "tid": 20_003, "time": good["time"] * 1_000_000},
        {**good, "tid": 20_004, "time": later_ms + 9 * HOUR_MS},
    )
    hour.with_name("2026-01-05T07.parquet").write_bytes(b"PAR1 torn")
    return folder


@pytest.mark.slow  # a cluster of four processes has to start
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_a_cluster_gives_every_number_that_duckdb_gives(
    cluster: tuple[str, Path], busy_market: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    master, conf = cluster
    data = sealed_dataset(tmp_path / "it's [data]", busy_market)
    out = tmp_path / "spark.npz"

    with job(conf, data, master, out) as on_spark:
        settings = spark_job.settings_for(data)
        with open_engine(settings) as engine:
            expected = spark_job.answers(engine, settings)
        _, said_by_spark = on_spark.communicate(timeout=600)

    assert on_spark.returncode == 0, said_by_spark
    found = dict(np.load(out))
    refusal = str(found.pop("refusal"))
    assert list(found) == list(expected)
    for name, values in expected.items():
        if values.dtype.kind == "U":
            assert found[name].tolist() == values.tolist(), name
        else:
            np.testing.assert_allclose(found[name], values, 1e-9, 1e-9, err_msg=name)
    assert {each.name for each in FEATURES if each.group in spark_job.GROUPS} < set(found)
    assert len(found["wallets"]) == 11  # those of the market, and Alice and Bob
    assert refusal.startswith("Spark cannot read s3a://bucket/sealed/trades (")
    assert "S3AFileSystem not found" in refusal
    for said in (said_by_spark, caplog.text):
        assert "2026-01-05T07.parquet is damaged and left out" in said
        assert "4 lines are left out: 1 no wallet's address, 1 price or size out" in said
    worked = [list((conf / f"work-{number}").glob("app-*/*/stderr")) for number in (1, 2)]
    assert all(worked)  # both workers ran an executor


@pytest.mark.parametrize("command", ["features", "classify --no-model", "train"])
def test_a_master_that_does_not_answer_is_an_error(
    command: str, busy_market: Any, tmp_path: Path
) -> None:
    data = write_dataset(tmp_path / "data", **busy_market)

    words = ("--data", str(data), *command.split(), "--engine", "spark://127.0.0.1:1")
    refused = CliRunner().invoke(app, words)

    assert refused.exit_code == 1
    assert "error: no Spark master answers at spark://127.0.0.1:1" in refused.stderr
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_engine_that_is_none_is_an_error() -> None:
    refused = CliRunner().invoke(app, ["features", "--engine", "hadoop", "--json"])

    assert refused.exit_code == 2
    assert "engine" in refused.stderr
    assert json.dumps("hadoop")[1:-1] in refused.stderr
