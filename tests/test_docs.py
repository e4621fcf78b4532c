"""README and docs name every command, feature and setting, and only what there is."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.main import get_command

from hypertrack.cli.main import app
from hypertrack.config import load_config
from hypertrack.config.example import example_toml
from hypertrack.features.documentation import render_markdown
from hypertrack.outputs.docs import anchor
from hypertrack.skill.own_edges import OWN_EDGES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, *DOCS]
EXAMPLE = ROOT / "examples" / "hypertrack.toml"
UNITS = {
    "record": ROOT / "examples" / "hypertrack.service",
    "live": ROOT / "examples" / "hypertrack-live.service",
}
APP: Any = get_command(app)
COMMANDS = sorted(APP.commands)
MARKDOWN = MarkdownIt("commonmark").enable(["table"])

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def tokens(page: Path) -> Iterator[Token]:
    for token in MARKDOWN.parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def calls(page: Path) -> Iterator[list[str]]:
    """Yield the words behind ``hypertrack`` wherever it is called in code."""
    for token in tokens(page):
        if token.type not in {"fence", "code_inline"}:
            continue
        for line in re.split(r"\n|&&", token.content):
            found = re.search(r"(?:^|[\s/$])hypertrack (.*)", re.sub(r"(^|\s)#.*", "", line))
            if found:
                yield shlex.split(found[1])


def options_of(command: Any) -> set[str]:
    return {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}


def unknown_words(words: list[str]) -> list[str]:
    """Return the commands and options of a call that there are not."""
    command, known = APP, options_of(APP)
    unknown = []
    takes_value = False
    for word in words:
        name = word.split("=")[0]
        if name.startswith("--") and "…" not in name:
            if name not in known:
                unknown.append(word)
            takes_value = command is APP and name in {"--config", "--data"}
        elif not takes_value and hasattr(command, "commands"):
            if word not in command.commands:
                return unknown if word == "…" else [*unknown, word]
            command = command.commands[word]
            known = known | options_of(command)
        else:
            takes_value = False
    return unknown


@pages
def test_page_calls_only_commands_and_options_that_there_are(page: Path) -> None:
    assert [found for words in calls(page) if (found := unknown_words(words))] == []


def test_wrong_command_and_wrong_option_are_noticed() -> None:
    assert unknown_words(["--data", "x", "verify", "--min-completeness", "0.9"]) == []
    assert unknown_words(["models", "shew"]) == ["shew"]
    assert unknown_words(["verify", "--min-complete=1"]) == ["--min-complete=1"]


@pages
def test_page_names_no_option_that_there_is_not(page: Path) -> None:
    groups = [c for c in APP.commands.values() if hasattr(c, "commands")]
    commands = [*APP.commands.values(), *(c for g in groups for c in g.commands.values())]
    known = set.union(options_of(APP), *map(options_of, commands))
    named = {
        word
        for token in tokens(page)
        if token.type == "code_inline" and token.content.startswith("--")
        for word in re.findall(r"--[a-z][a-z-]*[a-z](?![\w-])", token.content)
    }

    assert named - known == set()


@pages
def test_links_of_page_resolve(page: Path) -> None:
    broken = []
    for token in tokens(page):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if not target or target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        file = page if not path else page.parent / path
        if not file.is_file() or (heading and heading not in headings(file)):
            broken.append(target)

    assert broken == []


def headings(page: Path) -> set[str]:
    lines = page.read_text(encoding="utf-8").splitlines()
    return {anchor(line.lstrip("# ")) for line in lines if line.startswith("#")}


@pages
def test_settings_that_page_names_in_the_environment_exist(page: Path) -> None:
    # The names of secrets are the user's own.
    named = re.findall(
        r"HYPERTRACK_(?!SECRETS)([A-Z]+)__([A-Z_]+)", page.read_text(encoding="utf-8")
    )
    settings = load_config(environment={}).settings.model_dump()

    assert [(a, b) for a, b in named if b.lower() not in settings.get(a.lower(), {})] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.stem)
def test_page_opens_with_one_sentence_and_one_command(page: Path) -> None:
    first = MARKDOWN.parse(page.read_text(encoding="utf-8"))[:7]

    assert [token.type for token in first] == [
        *("heading_open", "inline", "heading_close"),
        *("paragraph_open", "inline", "paragraph_close", "fence"),
    ]
    assert re.search(r"\.\s", first[4].content) is None
    assert first[4].content.endswith(".")
    assert first[6].content.count("\n") == 1


def test_index_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")

    assert [page.name for page in DOCS if f"]({page.name})" not in index] == ["index.md"]


@pytest.mark.parametrize("name", COMMANDS)
def test_index_shows_every_command(name: str) -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")

    assert f"| `hypertrack {name}" in index


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_has_an_example(name: str) -> None:
    assert "Example: " in (APP.commands[name].help or "")


def test_example_settings_are_the_defaults(tmp_path: Path) -> None:
    example = load_config(EXAMPLE, environment={}, folder=tmp_path).settings

    assert example == load_config(environment={}, folder=tmp_path).settings


def test_example_settings_are_what_config_prints() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == example_toml()


def test_readme_opens_with_the_two_commands() -> None:
    run_it = (
        "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/hypertrack demo --open"
    )
    test_it = (
        'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/pytest -n auto'
    )
    text = README.read_text(encoding="utf-8")

    assert text.index(run_it) < text.index(test_it) < text.index("## ")


def test_readme_is_read_at_a_sitting() -> None:
    assert README.read_text(encoding="utf-8").count("\n") <= 130


def test_docs_define_every_feature_as_the_registry_does() -> None:
    assert render_markdown() in (ROOT / "docs" / "features.md").read_text(encoding="utf-8")


def test_docs_define_what_models_read_beside_features() -> None:
    lines = (ROOT / "docs" / "features.md").read_text(encoding="utf-8").splitlines()

    told = [f"| `{name}` | {each.unit} | {each.doc} |" for name, each in OWN_EDGES.items()]
    assert set(told) <= set(lines)


@pytest.mark.parametrize(("name", "unit"), UNITS.items())
def test_unit_gives_its_command_flags_that_it_has(name: str, unit: Path) -> None:
    (start,) = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]

    assert {word for word in start.split() if word.startswith("--")} <= options_of(
        APP.commands[name]
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("given", UNITS.values(), ids=lambda unit: unit.stem)
def test_unit_is_one_that_systemd_takes(tmp_path: Path, given: Path) -> None:
    unit = tmp_path / given.name
    unit.write_text(given.read_text().replace("/opt/hypertrack/bin/hypertrack", sys.executable))

    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
