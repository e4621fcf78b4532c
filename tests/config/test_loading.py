from pathlib import Path

import pytest

from hypertrack.config import Origin, load_config
from hypertrack.errors import ConfigError


def test_defaults_hold_in_an_empty_folder(tmp_path: Path) -> None:
    config = load_config(folder=tmp_path, environment={})

    assert config.settings.record.coins == "top:20"
    assert config.origin("record.coins") is Origin.DEFAULT


def test_flag_beats_environment_beats_dotenv_beats_file(tmp_path: Path) -> None:
    (tmp_path / "hypertrack.toml").write_text(
        "[train]\nseed = 1\npatience_epochs = 1\nmax_epochs = 1\nbatch_size = 1\n"
    )
    (tmp_path / ".env").write_text(
        "HYPERTRACK_TRAIN__SEED=2\nHYPERTRACK_TRAIN__PATIENCE_EPOCHS=2\n"
        "HYPERTRACK_TRAIN__MAX_EPOCHS=2\nSOMEONE_ELSES=x\n"
    )
    environment = {"HYPERTRACK_TRAIN__SEED": "3", "HYPERTRACK_TRAIN__PATIENCE_EPOCHS": "3"}

    config = load_config(flags={"train.seed": 4}, environment=environment, folder=tmp_path)

    train = config.settings.train
    assert (train.seed, train.patience_epochs, train.max_epochs, train.batch_size) == (4, 3, 2, 1)
    assert [
        config.origin(f"train.{key}")
        for key in ("seed", "patience_epochs", "max_epochs", "batch_size")
    ] == [Origin.FLAG, Origin.ENVIRONMENT, Origin.DOTENV, Origin.FILE]


def test_lists_may_be_comma_separated(tmp_path: Path) -> None:
    environment = {"HYPERTRACK_RECORD__FEEDS": "trades, bbo", "HYPERTRACK_TRAIN__HIDDEN": "8,4"}

    settings = load_config(environment=environment, folder=tmp_path).settings

    assert settings.record.feeds == ("trades", "bbo")
    assert settings.train.hidden == (8, 4)


@pytest.mark.parametrize(
    "environment", [{"HYPERTRACK_RECORD__COINZ": "BTC"}, {"HYPERTRACK_RECORD": "BTC"}]
)
def test_unknown_key_names_a_known_one(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"unknown setting record.*\(from environment\).*record"):
        load_config(environment=environment, folder=tmp_path)


def test_unknown_key_in_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "hypertrack.toml").write_text("[train]\nseeds = 1\n")

    with pytest.raises(ConfigError, match=r"train.seeds \(from file\): did you mean train.seed\?"):
        load_config(environment={}, folder=tmp_path)


@pytest.mark.parametrize(
    ("key", "text", "needed"),
    [
        ("simulate.trend", "BTC", "BTC=0.02"),
        ("simulate.trend", "BTC=٢", "BTC=0.02"),
        ("features.engine", "local[", "spark://host:7077"),
        ("fees.spot_taker_bps", "nan", "finite"),
        ("simulate.hours", "inf", "finite"),
        ("categories.influential_min_score_pct", "1e400", "finite"),
        ("train.train_cuts_frac", "", "at least 1"),
        ("data", "", "must be a folder"),
        ("data", "d\udcff", "not UTF-8"),
        ("out", "d\udcff", "not UTF-8"),
        ("spool", "d\udcff", "not UTF-8"),
    ],
)
def test_value_that_cannot_be_meant_says_what_a_good_one_is(
    tmp_path: Path, key: str, text: str, needed: str
) -> None:
    with pytest.raises(ConfigError, match=f"setting {key} ") as refused:
        load_config(flags={key: text}, environment={}, folder=tmp_path)

    assert needed in str(refused.value)
    assert "pattern" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://", "http://x:99999", "http://x:y", "http://[zz]/", "http://a b"]
)
@pytest.mark.parametrize("key", ["venue.url", "venue.evm_rpc_url"])
def test_address_that_leads_nowhere_is_refused(tmp_path: Path, key: str, url: str) -> None:
    with pytest.raises(ConfigError, match=f"setting {key} .*no address that can be reached"):
        load_config(flags={key: url}, environment={}, folder=tmp_path)


def test_tilde_in_the_file_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "hypertrack.toml").write_text('data = "~/recorded"\nout = "~"\n')

    settings = load_config(environment={}, folder=tmp_path).settings

    assert (settings.data, settings.out) == (tmp_path / "recorded", tmp_path)


def test_wrong_value_says_what_and_from_where(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"train.seed \(from environment\).*found 'many'"):
        load_config(environment={"HYPERTRACK_TRAIN__SEED": "many"}, folder=tmp_path)


def test_cuts_out_of_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must rise and stay below test_cut_frac"):
        load_config(flags={"train.train_cuts_frac": "0.5,0.4"}, environment={}, folder=tmp_path)


def test_broken_toml_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "hypertrack.toml").write_text("[train\n")

    with pytest.raises(ConfigError, match="not TOML"):
        load_config(environment={}, folder=tmp_path)


def test_missing_named_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not found"):
        load_config(tmp_path / "none.toml")


def test_secret_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HYPERTRACK_VENUE__EVM_RPC_URL=https://rpc.example/v2/hunter2\n")

    config = load_config(environment={}, folder=tmp_path)

    assert "hunter2" not in "".join(f"{key} {value}" for key, value, _ in config.items())
    assert config.settings.venue.evm_rpc_url is not None
    assert config.settings.venue.evm_rpc_url.get_secret_value().endswith("hunter2")


def test_url_must_be_http(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must start with http"):
        load_config(flags={"venue.url": "ws://127.0.0.1"}, environment={}, folder=tmp_path)


def test_settings_are_read_with_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    (tmp_path / "hypertrack.toml").write_bytes(mark + b"[train]\r\nseed = 1\r\n")
    (tmp_path / ".env").write_bytes(mark + b"HYPERTRACK_TRAIN__MAX_EPOCHS=2\r\n")

    train = load_config(environment={}, folder=tmp_path).settings.train

    assert (train.seed, train.max_epochs) == (1, 2)


@pytest.mark.parametrize("name", ["hypertrack.toml", ".env"])
def test_settings_in_another_encoding_are_one_line_with_their_place(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"# fine\n# Stra\xdfe\n")

    with pytest.raises(ConfigError, match=r":2: byte 0xdf is not UTF-8: save it as UTF-8"):
        load_config(environment={}, folder=tmp_path)


def test_password_in_the_venues_address_is_never_written_out(tmp_path: Path) -> None:
    config = load_config(
        flags={"venue.url": "http://me:s3cret@venue.example:8765/"}, environment={}, folder=tmp_path
    )

    shown = {key: value for key, value, _ in config.items()}
    assert config.settings.venue.url == "http://me:s3cret@venue.example:8765"
    assert shown["venue.url"] == "http://***@venue.example:8765"
    assert "s3cret" not in config.settings.model_dump_json()
