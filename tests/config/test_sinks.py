"""Receivers of alerts and signals in the settings, and where their secrets come from."""

from pathlib import Path

import pytest

from hypertrack.config import load_config
from hypertrack.errors import ConfigError

TOML = """
[[sinks]]
name = "my-bot"
kind = "webhook"
url = "https://example.org/hook"

[[sinks]]
name = "phone"
kind = "apprise"
"""

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def written(folder: Path, text: str) -> Path:
    file = folder / "hypertrack.toml"
    file.write_text(text)
    return file


def test_secrets_reach_the_sink_whose_name_they_carry_and_are_never_shown(tmp_path: Path) -> None:
    file = written(tmp_path, TOML)
    (tmp_path / ".env").write_text(f"HYPERTRACK_SECRETS__MY_BOT_KEY={KEY}\n")

    loaded = load_config(
        file, environment={"HYPERTRACK_SECRETS__PHONE_URL": "tgram://secret"}, folder=tmp_path
    )

    bot, phone = loaded.settings.sinks
    assert bot.key is not None
    assert bot.key.get_secret_value() == KEY
    assert phone.url is not None
    assert phone.url.get_secret_value() == "tgram://secret"
    shown = str(list(loaded.items())) + loaded.settings.model_dump_json()
    assert "tgram" not in shown
    assert KEY not in shown
    assert ("sinks.my-bot.kind", "webhook") in [(key, value) for key, value, _ in loaded.items()]


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        (TOML, {"HYPERTRACK_SECRETS__PHON_URL": "x"}, "phon_url belongs to no sink.*my-bot, phone"),
        (TOML + TOML, {}, "two sinks are called my-bot"),
        (TOML, {"HYPERTRACK_SECRETS__MY_BOT_KEY": "hunter2"}, "sinks.key.*must be whsec_"),
        ('[[sinks]]\nname = "bot"\nkind = "webhok"\n', {}, "sinks.kind.*'webhook'"),
        (
            '[[sinks]]\nname = "bot"\nkind = "redis"\nurl = "http://u:p@h/"\n',
            {},
            "begins with redis",
        ),
        ('[[sinks]]\nkind = "file"\n', {}, "sinks.name"),
        ('[[sinks]]\nname = "My Bot"\nkind = "file"\n', {}, "small letters, digits and dashes"),
        ("sinks = 3\n", {}, "sinks"),
    ],
)
def test_wrong_sink_is_said_and_shows_no_secret(
    tmp_path: Path, text: str, environment: dict[str, str], said: str
) -> None:
    file = written(tmp_path, text)

    with pytest.raises(ConfigError, match=said) as refused:
        load_config(file, environment=environment, folder=tmp_path)

    assert "hunter2" not in str(refused.value)
    assert "u:p@" not in str(refused.value)
