"""The models export command: a version for those who keep models elsewhere."""

from pathlib import Path
from typing import Literal

from hypertrack.config import Settings
from hypertrack.records import Decision
from hypertrack.text import masked_url

CHALLENGER_NAME = "challenger"

ExportKind = Literal["hf", "mlflow"]


def export(settings: Settings, name: str, kind: ExportKind, place: str | None) -> str:
    """Write a version to a folder for a hub, or to a store of MLflow; return where it is.

    Args:
        place: A folder; of ``mlflow`` the address of a server too. None is beside the models.

    Raises:
        ModelError: There is no such version, it is torn, or the place does not take it.
        ConfigError: A package is missing, or the folder holds something.
    """
    from hypertrack.model.version_files import (
        CHAMPION_NAME,
        MODELS_FOLDER,
        champion_version,
        find_version,
        read_card,
    )

    version = find_version(settings.out, name)
    card = read_card(settings.out, version)
    if kind == "hf":
        from hypertrack.model.hub_folder import write_hub_folder
        from hypertrack.model.versions import load_version
        from hypertrack.outputs.model_card import render_model_card

        folder = Path(place) if place else settings.out / "exported" / version
        write_hub_folder(load_version(settings.out, version), render_model_card(card), folder)
        return str(folder)
    from hypertrack.model.mlflow_store import log_version
    from hypertrack.pipeline.challenge import current

    challenge = current(settings)
    is_open = challenge is not None and challenge.decision is Decision.OPEN
    roles = {
        CHAMPION_NAME: champion_version(settings.out),
        CHALLENGER_NAME: challenge.challenger if challenge and is_open else None,
    }
    aliases = tuple(name for name, played_by in roles.items() if played_by == version)
    store = place or str(settings.out / "mlruns")
    run_id = log_version(settings.out / MODELS_FOLDER / version, card, store, aliases)
    return f"{masked_url(store)}, run {run_id}"
