"""Where a dataset can be, and that its password is never shown."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.config import DatabaseUrl, Settings, load_config, parse_place
from hypertrack.errors import ConfigError

SECRET = "s3cr%40t"
URL = f"postgresql://me:{SECRET}@db.example:5433/market?sslmode=require"


def place(text: str) -> DatabaseUrl:
    found = parse_place(text)
    assert isinstance(found, DatabaseUrl)
    return found


def test_text_without_a_scheme_is_a_folder() -> None:
    assert parse_place("data/january") == Path("data/january")


def test_sqlite_has_three_slashes_and_a_path_from_the_root_four() -> None:
    assert place("sqlite:///data/a.db").connection == "data/a.db"
    assert place("sqlite:////data/a%20b.db").connection == "/data/a b.db"


def test_url_of_postgresql_is_the_drivers_but_for_our_own_options() -> None:
    found = place(f"{URL}&schema=january&session=2026-01-05T08-00-00Z")

    assert found.connection == URL
    assert (found.schema, found.session) == ("january", "2026-01-05T08-00-00Z")


def test_password_is_shown_nowhere() -> None:
    settings = Settings(data=URL)  # type: ignore[arg-type]

    shown = [str(settings.data), repr(settings), settings.model_dump_json(), f"{settings!s}"]
    assert "postgresql://me:***@db.example:5433/market?sslmode=require" in shown[0]
    assert not [text for text in shown if "s3cr" in text]


def test_password_among_the_options_is_masked_too() -> None:
    assert str(place("postgresql://h/d?password=abc")) == "postgresql://h/d?password=***"


def test_words_of_the_driver_lose_the_password_however_it_is_written() -> None:
    assert place(URL).masked("no s3cr@t, no s3cr%40t") == "no ***, no ***"


def test_datasets_are_told_apart_whoever_connects() -> None:
    me, you = place("postgresql://me:a@h/d"), place("postgres://you:b@h:5432/d?sslmode=require")

    assert me.slug == you.slug
    assert me.slug != place("postgresql://me:a@h/d?schema=other").slug


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mysql://me:s3cret@h/d", "no dataset can be kept in mysql://"),
        ("sqlite://file.db", "three slashes"),
        ("sqlite:///", "three slashes"),
        ("sqlite:///a.db?mode=ro", "unknown option 'mode'"),
        ("postgresql://me:s3@cret@h/d", "percent-encoded"),
        ("postgresql://me:s3/cret@h/d", "percent-encoded"),
        ("postgresql://h:port/d", "port is no number"),
        ("postgresql://h/d?schema=a;b", "a schema is"),
    ],
)
def test_url_that_cannot_be_meant_is_refused_without_its_words(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        load_config(flags={"data": text}, environment={})

    assert "cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_place_that_is_no_text_is_refused() -> None:
    with pytest.raises(ValidationError, match="must be a folder"):
        Settings(data=3)  # type: ignore[arg-type]


def test_config_prints_the_url_masked() -> None:
    for words in (["config"], ["config", "--json"]):
        result = CliRunner().invoke(app, words, env={"HYPERTRACK_DATA": URL, "COLUMNS": "200"})

        assert "postgresql://me:***@db.example:5433/market" in result.stdout
        assert "s3cr" not in result.stdout
