from pathlib import Path

import pytest
from fakes import ALICE, BOB

from hypertrack.errors import ConfigError
from hypertrack.labels.user import read_user_labels


def test_labels_are_read_whatever_their_spelling(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"\ufeffbot, wallet\nyes, {ALICE.upper().replace('X', 'x')}\n0,{BOB}\n")

    assert read_user_labels(file) == {ALICE: True, BOB: False}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wallet\n" + ALICE, "need the columns wallet,bot"),
        ("", "has none"),
        (f"wallet,bot\n{ALICE},perhaps\n", "labels.csv:2: bot is 1 or true"),
        (f"wallet,bot\n{ALICE},1\n0x12,1\n", "labels.csv:3: a wallet is 0x and 40 hex digits"),
        (f"wallet,bot\n{ALICE}\n", "bot is 1"),
    ],
)
def test_unreadable_labels_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text)

    with pytest.raises(ConfigError, match=message):
        read_user_labels(file)


def test_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*No such file"):
        read_user_labels(tmp_path / "none.csv")
