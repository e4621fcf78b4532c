"""Where the venue's services are: every address follows from the settings."""

import ipaddress
from urllib.parse import urlsplit

from hypertrack.config import VenueSettings
from hypertrack.records import Record

MAINNET = ("https://api.hyperliquid.xyz", "https://rpc.hyperliquid.xyz")
TESTNET = ("https://api.hyperliquid-testnet.xyz", "https://rpc.hyperliquid-testnet.xyz")
"""Base of the market's and of the explorer's host (protocol, section 1.1)."""


class Endpoints(Record, frozen=True, kw_only=True):
    """Addresses of one venue; those of the EVM may carry a key, so log only their `host_of`."""

    market_ws: str
    info: str
    explorer_ws: str
    evm: str
    """JSON-RPC over HTTP."""
    evm_heads_ws: str | None
    """JSON-RPC over WebSocket, where new heads can be subscribed; None means poll."""


def endpoints(venue: VenueSettings) -> Endpoints:
    """Return the addresses that follow from the settings.

    Another base URL serves everything from one port: ``/ws``, ``/info``, ``/explorer/ws`` and
    ``/evm``. A ``wss://`` EVM address is subscribed, and asked at its ``https://`` twin.
    """
    evm = None if venue.evm_rpc_url is None else venue.evm_rpc_url.get_secret_value()
    if venue.url is not None:
        market, rpc, explorer_path = venue.url, venue.url, "/explorer/ws"
    else:
        market, rpc = MAINNET if venue.network == "mainnet" else TESTNET
        explorer_path = "/ws"
    evm = evm or f"{rpc}/evm"
    return Endpoints(
        market_ws=_as_ws(market) + "/ws",
        info=f"{market}/info",
        explorer_ws=_as_ws(rpc) + explorer_path,
        evm=_as_http(evm),
        evm_heads_ws=evm if evm.startswith(("ws://", "wss://")) else None,
    )


def host_of(url: str) -> str:
    """Return what of an address may be shown: no path, query or password, which can be keys."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def is_local(url: str) -> bool:
    """Return whether an address is this machine, which no proxy can reach."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified  # 0.0.0.0 is a way to say here


def _as_ws(url: str) -> str:
    return "ws" + url.removeprefix("http")


def _as_http(url: str) -> str:
    return "http" + url.removeprefix("ws") if url.startswith("ws") else url
