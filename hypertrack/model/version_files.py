"""The versions of the model as files: their names, which one is in use, what their cards say.

Nothing here loads torch, which takes seconds: whoever asks for a list, or for what is not there,
has the answer at once.
"""

import json
import zipfile
from pathlib import Path
from typing import TypeVar

from hypertrack.errors import ModelError
from hypertrack.files import write_whole
from hypertrack.model import MODEL_NAME
from hypertrack.records import (
    Card,
    Challenge,
    JsonError,
    LostWeight,
    ModelSummary,
    Record,
    as_dict,
    decode_json,
    replace,
)

CARD_NAME = "card.json"
MODELS_FOLDER = "models"
CHAMPION_NAME = "champion"

T = TypeVar("T")


class _CardSummary(Record, frozen=True, kw_only=True):
    """What a list shows of a card."""

    summary: ModelSummary


def promote(out: Path, version: str) -> None:
    """Make a version the champion.

    Raises:
        ModelError: There is no such version, or it cannot be written.
    """
    models = out / MODELS_FOLDER
    try:
        write_whole(out / MODEL_NAME, (models / version / MODEL_NAME).read_bytes())
        write_whole(models / CHAMPION_NAME, f"{version}\n".encode())
    except OSError as error:
        raise ModelError(f"cannot make {version} the champion: {error.strerror}") from error


def list_versions(out: Path) -> list[str]:
    """Return the names of all versions, newest first."""
    folders = (out / MODELS_FOLDER).glob(f"*/{MODEL_NAME}")
    return sorted((file.parent.name for file in folders), reverse=True)


def champion_version(out: Path) -> str | None:
    """Return the version in use, None where there is none."""
    try:
        return (out / MODELS_FOLDER / CHAMPION_NAME).read_bytes().decode(errors="replace").strip()
    except OSError:
        return None


def find_version(out: Path, name: str) -> str:
    """Return the version that a name means: ``champion``, or the beginning or end of one.

    Raises:
        ModelError: It means none, or several, or there is no version at all.
    """
    known = list_versions(out)
    if name == CHAMPION_NAME and (champion := champion_version(out)) in known:
        return str(champion)
    meant = [v for v in known if v.startswith(name) or v.endswith(name)]
    if len(meant) == 1:
        return meant[0]
    if not known:
        raise ModelError(f"no model in {out / MODELS_FOLDER}: train one with `hypertrack train`")
    found = f"{len(meant)} versions" if meant else "none"
    raise ModelError(
        f"one version named {name} is needed, found {found} of {len(known)} in "
        f"{out / MODELS_FOLDER}: `hypertrack models list` shows them"
    )


def champion_file(out: Path) -> Path:
    """Return the file of the model in use: ``wallet_model.pt`` of the folder.

    Raises:
        ModelError: There is none.
    """
    file = out / MODEL_NAME
    if not file.is_file():
        raise ModelError(f"no model at {file}: train one with `hypertrack train`, or --no-model")
    return file


def note_decision(out: Path, version: str, decided: Challenge) -> None:
    """Write into a version's card what a comparison with another came to.

    Raises:
        ModelError: It cannot be read, or written.
    """
    card = read_card(out, version)
    _write_card(out, replace(card, decisions=(*card.decisions, decided)))


def take_weight(out: Path, version: str, lost: LostWeight) -> None:
    """Let no score of a version weigh any more; its checkpoint keeps what held-out rows had told.

    Raises:
        ModelError: Its card cannot be read, or written.
    """
    card = read_card(out, version)
    _write_card(out, replace(card, summary=without_weight(card.summary, lost)))


def without_weight(summary: ModelSummary, lost: LostWeight) -> ModelSummary:
    """Return a summary of which no head has weight, and why."""
    skill = lost.skill
    why = (
        f"lost its weight live: skill {skill.value:+.3f} ({skill.low:+.3f} to {skill.high:+.3f}, "
        f"at any look) over {lost.n_blocks:,} blocks, worse than the constant"
    )
    heads = tuple(replace(head, has_earned_weight=False, reason=why) for head in summary.heads)
    return replace(summary, heads=heads, lost_weight=lost)


def lost_weight(out: Path, version: str) -> LostWeight | None:
    """Return what took a version's weight; None where it has it, or has no card that says so."""
    try:
        card = decode_json(card_file(out, version).read_bytes(), _CardSummary)
    except (OSError, JsonError, UnicodeDecodeError):
        return None
    return card.summary.lost_weight


def card_file(out: Path, version: str) -> Path:
    """Return where the card of a version is."""
    return out / MODELS_FOLDER / version / CARD_NAME


def _write_card(out: Path, card: Card) -> None:
    file = card_file(out, card.summary.version)
    try:
        write_whole(file, json.dumps(as_dict(card), indent=2).encode())
    except OSError as error:
        raise ModelError(f"cannot write {file}: {error.strerror}") from None


def read_summary(out: Path, version: str) -> ModelSummary:
    """Return what a list shows of a version (see `read_card`)."""
    return _read_card(out, version, _CardSummary).summary


def read_card(out: Path, version: str) -> Card:
    """Return what a version is and what it rests on.

    The checkpoint beside its card is checked for whole bytes alone; what its weights are,
    `load_version` finds out.

    Raises:
        ModelError: The checkpoint is torn, or the card is.
    """
    return _read_card(out, version, Card)


def _read_card(out: Path, version: str, kind: type[T]) -> T:
    folder = out / MODELS_FOLDER / version
    try:
        with zipfile.ZipFile(folder / MODEL_NAME) as archive:  # what torch saves is one
            torn = archive.testzip()
        if torn is None:
            return decode_json((folder / CARD_NAME).read_bytes(), kind)
    except (OSError, zipfile.BadZipFile, JsonError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder} is torn or no model of ours ({error}): train again") from error
    raise ModelError(f"{folder / MODEL_NAME} is torn ({torn}): train again")
