"""The stream of events that an open page hears: server-sent events, resumed where they broke."""

import asyncio
from collections.abc import Iterable

from aiohttp import web

from hypertrack.serving.event_log import MAX_BEHIND, Event, EventLog

MAX_STREAMS = 20

BATCH_EVENTS = 100
"""Written at a time, so that one who reads slowly is noticed between two of them."""

HEARTBEAT_S = 15.0
"""Silence after which a comment is sent: a reader who has gone shows by it."""

WRITE_TIMEOUT_S = 60.0
"""A reader who takes nothing for so long gives his place to another."""

EVENT_STREAM = "text/event-stream"


class Streams:
    """Answers requests for the stream.

    Attributes:
        open: What answers those who read now.
    """

    def __init__(self, log: EventLog):
        self._log = log
        self.open: set[asyncio.Task[object]] = set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Send what happens for as long as the reader stays."""
        if len(self.open) >= MAX_STREAMS:
            return web.Response(
                status=503,
                text=f"{MAX_STREAMS} streams are open, which is all there are",
                headers={"Retry-After": "10"},
            )
        if request.method == "HEAD":
            return web.Response(content_type=EVENT_STREAM)
        response = web.StreamResponse(headers={"Content-Type": EVENT_STREAM})
        task = asyncio.current_task()
        assert task is not None
        self.open.add(task)
        try:
            await response.prepare(request)
            await _Stream(self._log, response).run(request.headers.get("Last-Event-ID"))
        except (ConnectionError, TimeoutError):
            pass  # he has gone, or takes nothing
        finally:
            self.open.discard(task)
        return response


class _Stream:
    """One reader's."""

    def __init__(self, log: EventLog, response: web.StreamResponse):
        self._log = log
        self._response = response
        self._version = 0

    async def run(self, last_id: str | None) -> None:
        """Write until the reader goes or is too far behind, or the log is closed."""
        resumed = self._log.number_after(last_id)
        if resumed is None:
            await self._write(reset(self._log))
            return
        # What he missed while he was away does not make him slow: that is counted from now on.
        begun, sent = self._log.newest, resumed
        while self._log.newest - max(sent, begun) <= MAX_BEHIND and self._log.is_all_after(sent):
            if self._log.is_closed:
                return
            events = self._log.after(sent, BATCH_EVENTS)
            text = b"".join((*map(self._event, events), *self._states()))
            if text:
                await self._write(text)
                sent = events[-1].number if events else sent
            elif not await self._log.wait(HEARTBEAT_S):
                await self._write(b": still here\n\n")
        await self._write(reset(self._log))

    def _event(self, event: Event) -> bytes:
        return frame(event.name, event.data, self._log.id_of(event.number))

    def _states(self) -> Iterable[bytes]:
        """Yield what is another than it was told; without an id, as it need not be told again."""
        told = self._version
        for name, state in self._log.states.items():
            if state.version > told:
                self._version = max(self._version, state.version)
                yield frame(name, state.data)

    async def _write(self, text: bytes) -> None:
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await self._response.write(text)


def reset(log: EventLog) -> bytes:
    """Return what tells a reader to load anew."""
    return frame("reset", b"{}", log.newest_id)


def frame(name: str, data: bytes, event_id: str | None = None) -> bytes:
    """Return an event as it is sent."""
    # A return would end the line, and stands in JSON for nothing but space.
    line = data.replace(b"\r", b" ").replace(b"\n", b" ")
    named = b"" if event_id is None else f"id: {event_id}\n".encode()
    return b"%sevent: %s\ndata: %s\n\n" % (named, name.encode(), line)
