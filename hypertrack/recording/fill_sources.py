"""Which source of all fills a setting names: a provider's socket, or the folder of a node."""

from pathlib import Path

from hypertrack.errors import ConfigError
from hypertrack.recording.fill_folder import FolderFills
from hypertrack.recording.fill_socket import SocketFills
from hypertrack.recording.following import Follower, FollowerParts
from hypertrack.text import masked_url


def require_source(source: str) -> None:
    """Do nothing where a source can be followed.

    Raises:
        ConfigError: It is neither the address of a socket nor a folder.
    """
    if _is_socket(source) or ("://" not in source and Path(source).is_dir()):
        return
    shown = masked_url(source) if "://" in source else source
    raise ConfigError(
        f"--fills takes ws://…, wss://… or the folder of a node's fills; found {shown}"
    )


def follower_of(source: str, parts: FollowerParts) -> Follower:
    """Return what follows a source.

    Raises:
        ConfigError: As `require_source`.
    """
    require_source(source)
    return SocketFills(source, parts) if _is_socket(source) else FolderFills(Path(source), parts)


def _is_socket(source: str) -> bool:
    return source.startswith(("ws://", "wss://"))
