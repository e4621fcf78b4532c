"""Addresses follow from the settings, and keys in them stay hidden."""

from hypertrack.config import VenueSettings
from hypertrack.feeds.endpoints import endpoints, host_of


def test_mainnet_is_the_default() -> None:
    found = endpoints(VenueSettings())

    assert found.market_ws == "wss://api.hyperliquid.xyz/ws"
    assert found.info == "https://api.hyperliquid.xyz/info"
    assert found.explorer_ws == "wss://rpc.hyperliquid.xyz/ws"
    assert found.evm == "https://rpc.hyperliquid.xyz/evm"
    assert found.evm_heads_ws is None


def test_testnet_has_hosts_of_its_own() -> None:
    found = endpoints(VenueSettings(network="testnet"))

    assert found.market_ws == "wss://api.hyperliquid-testnet.xyz/ws"
    assert found.explorer_ws == "wss://rpc.hyperliquid-testnet.xyz/ws"


def test_other_venue_serves_everything_from_one_port() -> None:
    found = endpoints(VenueSettings(url="http://127.0.0.1:8765/"))

    assert found.market_ws == "ws://127.0.0.1:8765/ws"
    assert found.info == "http://127.0.0.1:8765/info"
    assert found.explorer_ws == "ws://127.0.0.1:8765/explorer/ws"
    assert found.evm == "http://127.0.0.1:8765/evm"


def test_socket_address_of_the_evm_is_subscribed_and_asked_at_its_twin() -> None:
    venue = VenueSettings.model_validate({"evm_rpc_url": "wss://node.example/v2/KEY"})

    found = endpoints(venue)

    assert found.evm_heads_ws == "wss://node.example/v2/KEY"
    assert found.evm == "https://node.example/v2/KEY"


def test_key_in_an_address_is_not_shown() -> None:
    assert host_of("https://me:secret@node.example:8443/v2/KEY?a=b") == "https://node.example:8443"
