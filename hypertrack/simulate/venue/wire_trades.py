"""A trade as it stands in a frame."""

from hypertrack.records import Record, json_decoder


class WireTrade(Record, frozen=True):
    """A trade in the venue's own words."""

    coin: str
    side: str
    px: str
    sz: str
    time: int
    hash: str
    tid: int
    users: tuple[str, str]

    @property
    def is_buy(self) -> bool:
        """Return whether the taker bought."""
        return self.side == "B"


_trades_decoder = json_decoder(list[WireTrade])


def trades_in(data: bytes) -> list[WireTrade]:
    """Return the trades of a frame's ``data``."""
    return _trades_decoder.decode(data)
