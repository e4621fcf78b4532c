"""Wrong usage is refused before the work: one line, and nothing touched."""

import json
import socket
from pathlib import Path

import pytest
from fakes import ALICE, BOB, START_MS, observed, trade, write_dataset
from typer.testing import CliRunner, Result

from hypertrack.cli.main import app
from hypertrack.files import require_writable

run = CliRunner().invoke


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the profiles of two wallets, whose dataset was moved away."""
    folder = tmp_path_factory.mktemp("profiled")
    write_dataset(
        folder / "recorded_data",
        trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)],
        coverage=[observed("trades:BTC", START_MS, START_MS + 1)],
    )
    assert run(app, ["classify", "--no-model", *places(folder)]).exit_code == 0
    (folder / "recorded_data").rename(folder / "elsewhere")
    return folder


def places(folder: Path) -> list[str]:
    return ["--data", str(folder / "recorded_data"), "--out", str(folder)]


def error_of(result: Result, exit_code: int) -> str:
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ")


def test_profiles_lying_around_are_not_shown_for_data_that_is_not_there(profiled: Path) -> None:
    for words in (["report"], ["dashboard"], ["wallet", ALICE], ["report", "--no-model"]):
        assert "no dataset at " in error_of(run(app, [*words, *places(profiled)]), 1)


def test_data_that_is_named_must_be_there_though_nothing_of_it_is_read(folder: Path) -> None:
    for words in (["models", "list"], ["alerts", "fields"], ["categories"]):
        named = run(app, [*words, "--data", "nowhere"])

        assert error_of(named, 1).startswith("no dataset at nowhere")
        assert run(app, words).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["skill", "table"],
        ["skill", "benchmark"],
        ["models", "benchmark"],
        ["models", "challenge", "--off"],
        ["models", "compare", "--live"],
        ["models", "promote", "champion"],
        ["alerts", "test", "opens"],
    ],
)
def test_data_that_is_named_and_not_there_is_told_before_anything_else(
    words: list[str], folder: Path
) -> None:
    assert error_of(run(app, [*words, "--data", "nowhere"]), 1).startswith("no dataset at nowhere")
    assert not list(folder.iterdir())


def test_old_profiles_are_shown_to_whoever_names_their_file(profiled: Path) -> None:
    kept = ["--profiles", str(profiled / "wallet_profiles.parquet"), *places(profiled)]

    shown = run(app, ["wallet", ALICE, *kept])
    written = run(app, ["report", *kept])

    assert (shown.exit_code, written.exit_code) == (0, 0)
    assert ALICE in shown.stdout
    assert ALICE in (profiled / "final_report.txt").read_text(encoding="utf-8")


def test_file_of_profiles_that_is_missing_is_named(folder: Path) -> None:
    result = run(app, ["dashboard", "--profiles", "gone.parquet"])

    assert error_of(result, 1) == "no profiles at gone.parquet: `hypertrack classify` writes them\n"


def test_profiles_and_no_model_contradict_each_other(folder: Path) -> None:
    words = ["report", "--no-model", "--profiles", "wallet_profiles.parquet"]

    assert "leave out --no-model" in error_of(run(app, words), 2)


@pytest.mark.parametrize(
    "words",
    [
        *("classify --no-model", "report", "dashboard", "train"),
        *("verdict", "wallet 0xab", "categories", "backtest"),
    ],
)
def test_out_that_is_a_file_is_refused(folder: Path, words: str) -> None:
    write_dataset(
        folder / "recorded_data", trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)]
    )
    (folder / "taken").write_text("mine")

    result = run(app, [*words.split(), "--out", "taken"])

    assert "taken is a file, not a folder" in error_of(result, 2)
    assert (folder / "taken").read_text() == "mine"


@pytest.mark.parametrize(
    "words",
    [
        ["demo", "--out", "taken"],
        ["simulate", "--write", "taken"],
        ["simulate", "--truth", "taken/truth.csv", "--port", "0"],
        ["record", "--data", "taken", "--url", "http://127.0.0.1:9"],
        ["import", "taken", "--data", "taken"],
    ],
    ids=" ".join,
)
def test_place_to_write_to_that_is_a_file_is_refused(folder: Path, words: list[str]) -> None:
    (folder / "taken").write_text("mine")

    assert "taken is a file, not a folder" in error_of(run(app, words), 2)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["features", "--out", "folder"], "the name must end in .parquet or .csv"),
        (["features", "--out", "folder.csv"], "folder.csv is a folder"),
        (["simulate", "--write", "new", "--truth", "truth.txt"], "must end in .parquet or .csv"),
        (["simulate", "--write", "new", "--trades", "0"], "'--trades'"),
        (["simulate", "--write", "recorded_data"], "already holds a dataset"),
        (["wallet", "0xNOT"], "a wallet is 0x and 40 hexadecimal digits"),
        (["report", "--format", "pdf"], "'pdf' is not one of"),
        (["report", "--formt", "csv"], "No such option: --formt"),
        (["recrod"], "No such command 'recrod'"),
        (["--qiet", "verify"], "No such option: --qiet"),
        (["features", "--names", "tx_cuont"], "unknown feature tx_cuont"),
        (["wallet"], "Missing argument 'address'"),
        (["demo", "--seed", "-1", "--out", "new"], "simulate.seed"),
        (["demo", "--hours", "nan", "--out", "new"], "'--hours'"),
        (["demo", "--live", "--quick", "--out", "new"], "a market of its own size"),
        (["demo", "--live", "--hours", "9", "--out", "new"], "leave --hours out"),
        (["demo", "--live", "--wallets", "400", "--out", "new"], "leave --wallets out"),
        (["demo", "--minutes", "2", "--out", "new"], "--minutes is how long --live takes"),
        (["simulate", "--hours", "inf", "--write", "new"], "simulate.hours"),
        (["skill", "benchmark", "--hours", "0", "--file", "new"], "numbers above 0"),
        (["skill", "benchmark", "--seed", "-1", "--file", "new"], "'--seed'"),
    ],
    ids=str,
)
def test_wrong_words_are_one_line(folder: Path, words: list[str], reason: str) -> None:
    (folder / "folder.csv").mkdir()
    write_dataset(
        folder / "recorded_data", trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)]
    )

    result = run(app, words)

    assert reason in error_of(result, 1 if "already" in reason else 2)
    assert not (folder / "new").exists()


@pytest.mark.parametrize("words", [["simulate", "--port"], ["record", "--metrics-port"]])
def test_port_in_use_is_said_at_once(folder: Path, words: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = run(app, [*words, port])

    assert f"found 127.0.0.1:{port} in use or not ours" in error_of(result, 2)


def test_folder_that_takes_no_files_is_refused() -> None:
    with pytest.raises(Exception, match="cannot write into /proc: "):
        require_writable(Path("/proc/out/final_report.txt"))


@pytest.mark.slow  # three commands, for real
def test_machines_read_nothing_but_log_lines_on_stderr(folder: Path) -> None:
    write_dataset(
        folder / "recorded_data",
        trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)],
        coverage=[observed("trades:BTC", START_MS, START_MS + 1)],
    )

    for words in (
        ["classify", "--no-model"],
        ["verify"],
        ["import", "recorded_data", "--data", "b"],
    ):
        result = run(app, [*words, "--json"])
        assert result.exit_code == 0
        assert result.stderr == ""
        assert json.loads(result.stdout)


def test_list_of_models_is_json_wherever_the_flag_stands(folder: Path) -> None:
    for words in (
        ["--json", "models", "list"],
        ["models", "--json", "list"],
        ["models", "list", "--json"],
    ):
        result = run(app, words)
        assert (json.loads(result.stdout), result.stderr) == ([], "")


def test_example_settings_are_json_for_machines(folder: Path) -> None:
    found = json.loads(run(app, ["config", "--example", "--json"]).stdout)

    assert found["record"]["coins"] == "top:20"
