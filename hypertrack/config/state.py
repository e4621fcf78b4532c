"""Where a user's processes keep what they share on a machine."""

import os
from collections.abc import Mapping
from pathlib import Path


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return ``$XDG_STATE_HOME/hypertrack``, which is ``~/.local/state/hypertrack`` else."""
    root = environment.get("XDG_STATE_HOME", "")
    base = Path(root) if Path(root).is_absolute() else Path.home() / ".local" / "state"
    return base / "hypertrack"
