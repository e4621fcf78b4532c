"""Which wallets were chosen, how, and when: ``accounts/choices.jsonl``.

Whoever was chosen by what it earned has a past that is no evidence: it had to be good to be there.
"""

from collections.abc import Callable
from pathlib import Path

from hypertrack.importing.accounts.step_progress import append_synced
from hypertrack.records import JsonError, Record, decode_json, encode_json
from hypertrack.store.files.layout import CHOICES_NAME


class Choice(Record, frozen=True, kw_only=True):
    """Wallets that were chosen."""

    source: str
    """How, in words: ``top 200 by notional``."""
    at_ms: int
    """Wall clock."""
    wallets: tuple[str, ...]
    is_by_profit: bool = False
    """Chosen by what they had earned until then."""


def keep_choice(folder: Path, choice: Choice, hand_over: Callable[[], None] | None = None) -> None:
    """Write a choice down, unless the same wallets were chosen in the same way last time.

    Raises:
        OSError: The disk is full, or broken.
    """
    last = [each for each in read_choices(folder) if each.source == choice.source][-1:]
    if last and last[0].wallets == choice.wallets:
        return
    append_synced(folder / CHOICES_NAME, encode_json(choice) + b"\n")
    if hand_over is not None:
        hand_over()


def read_choices(folder: Path) -> list[Choice]:
    """Return what was chosen, oldest first; lines that cannot be read are left out."""
    path, choices = folder / CHOICES_NAME, []
    if not path.exists():
        return []
    for text in path.read_bytes().splitlines():
        try:
            choices.append(decode_json(text, Choice))
        except (JsonError, UnicodeDecodeError):
            continue
    return choices
