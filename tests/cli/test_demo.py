"""The demo after the demo: commands that find what it made."""

import tomllib
from pathlib import Path

from hypertrack.config import load_config
from hypertrack.pipeline.demo import Demo, write_settings


def demo_in(folder: Path) -> Demo:
    settings = load_config(folder=folder, environment={}).settings
    return Demo.in_folder(settings, folder / 'de"mo')


def test_settings_of_the_demo_find_its_folder_from_anywhere(tmp_path: Path) -> None:
    demo = demo_in(tmp_path)

    file = write_settings(demo.settings)
    found = load_config(file, environment={}, folder=tmp_path / "elsewhere").settings

    assert file == tmp_path / 'de"mo' / "hypertrack.toml"
    assert (found.data, found.out) == (demo.settings.data, demo.settings.out)


def test_settings_of_the_demo_are_written_again_by_the_next_one(tmp_path: Path) -> None:
    demo = demo_in(tmp_path)

    assert write_settings(demo.settings) == write_settings(demo.settings)


def test_settings_that_the_user_keeps_there_are_left_alone(tmp_path: Path) -> None:
    demo = demo_in(tmp_path)
    mine = demo.settings.out / "hypertrack.toml"
    mine.parent.mkdir()
    mine.write_text("[train]\nseed = 1\n")

    file = write_settings(demo.settings)

    assert mine.read_text() == "[train]\nseed = 1\n"
    assert tomllib.loads(file.read_text())["out"] == str(demo.settings.out)
