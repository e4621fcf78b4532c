"""A version as a folder for a model hub: its card, and weights that are numbers alone."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from hypertrack.errors import ConfigError, ModelError
from hypertrack.files import write_whole
from hypertrack.model.version_files import CARD_NAME
from hypertrack.model.versions import WalletModel, contents
from hypertrack.records import encode_json

WEIGHTS_NAME = "model.safetensors"
README_NAME = "README.md"


def write_hub_folder(model: WalletModel, readme: str, folder: Path) -> None:
    """Write ``model.safetensors``, ``card.json`` and ``README.md`` to a folder that has nothing.

    The README goes last: a folder that has one is whole.

    Raises:
        ConfigError: The folder holds something, or the package is not there.
        ModelError: It cannot be written.
    """
    try:
        from safetensors.torch import save  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError("export needs packages: pip install 'hypertrack[export]'") from None
    if _holds_something(folder):
        raise ConfigError(f"{folder} is not empty: an export begins a folder of its own")
    parts = dict(_flat(contents(model)))
    card = parts.pop("card")
    weights = {name: part for name, part in parts.items() if isinstance(part, torch.Tensor)}
    rest = {name: encode_json(part).decode() for name, part in parts.items() if name not in weights}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / WEIGHTS_NAME, save(weights, metadata=rest))
        write_whole(folder / CARD_NAME, card.encode())
        write_whole(folder / README_NAME, readme.encode())
    except OSError as error:
        raise ModelError(f"cannot write {folder}: {error.strerror}") from error


def _holds_something(folder: Path) -> bool:
    try:
        return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise ModelError(f"cannot read {folder}: {error.strerror}") from error


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the parts by path: ``weights.hidden.0.weight``."""
    for name, part in content.items():
        if isinstance(part, Mapping):
            yield from _flat(part, f"{before}{name}.")
        else:
            yield f"{before}{name}", part
