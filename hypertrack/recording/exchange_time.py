"""The newest exchange time seen: on one socket, and on any."""


class ExchangeTime:
    """Only ever moves forward; written by the thread that reads the frames."""

    def __init__(self, everywhere: "ExchangeTime | None" = None):
        self.first_ms: int | None = None
        self.newest_ms: int | None = None
        self._everywhere = everywhere

    def see(self, time_ms: int) -> None:
        """Move on to a time, here and everywhere, unless it is older than what was seen."""
        if self.newest_ms is None or time_ms > self.newest_ms:
            self.newest_ms = time_ms
            if self.first_ms is None:
                self.first_ms = time_ms
            if self._everywhere is not None:
                self._everywhere.see(time_ms)
