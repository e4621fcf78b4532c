"""What a socket's client says, and what the venue answers."""

import asyncio
from typing import Any

from hypertrack.clock import Clock
from hypertrack.records import JsonError, decode_json
from hypertrack.simulate.venue.broadcast import Broadcaster
from hypertrack.simulate.venue.connections import Connection
from hypertrack.simulate.venue.hub import Hub
from hypertrack.simulate.venue.info_endpoint import InfoDesk
from hypertrack.simulate.venue.requests import UnknownNameError, UnknownTypeError
from hypertrack.simulate.venue.state import VenueState
from hypertrack.simulate.venue.subscription_requests import (
    USER_KINDS,
    FatalSubscriptionError,
    Subscription,
    UnreadableRequestError,
    parse_subscription,
)

_PONG = b'{"channel":"pong"}'


class Dialogue:
    """Answers the messages of all sockets.

    Source:
        Protocol, sections 1.2 to 1.7; texts verbatim.
    """

    def __init__(
        self, state: VenueState, hub: Hub, broadcaster: Broadcaster, desk: InfoDesk, clock: Clock
    ):
        self._state = state
        self._rules = state.rules
        self._hub = hub
        self._broadcaster = broadcaster
        self._desk = desk
        self._clock = clock
        self._posts: set[asyncio.Task[None]] = set()

    def hear(self, connection: Connection, text: str) -> None:
        """Answer one message."""
        limit = self._rules.max_messages_per_minute
        if not connection.guest.messages.spend(1, limit, self._clock.monotonic_s()):
            self._error(connection, f"Cannot send more than {limit} messages per minute.")
            return
        try:
            self._act(connection, decode_json(text))
        except (JsonError, UnreadableRequestError):
            problem = "Error parsing JSON into valid websocket request: "
            self._error(connection, problem + text)
        except FatalSubscriptionError:
            connection.abort_later(self._rules.refusal_wall_s)
        connection.flush()

    async def close(self) -> None:
        """Give up pending posts."""
        for post in tuple(self._posts):
            post.cancel()
        await asyncio.gather(*self._posts, return_exceptions=True)

    def _act(self, connection: Connection, message: Any) -> None:
        method = message.get("method") if isinstance(message, dict) else None
        if method == "ping":
            connection.send(_PONG)
        elif method in ("subscribe", "unsubscribe"):
            subscription = parse_subscription(
                message.get("subscription"),
                self._state.coins,
                self._state.dexes,
                explorer=connection.is_explorer,
            )
            change = self._subscribe if method == "subscribe" else self._unsubscribe
            change(connection, subscription)
        elif method == "post":
            self._post(connection, message)
        else:
            raise UnreadableRequestError

    def _subscribe(self, connection: Connection, subscription: Subscription) -> None:
        if subscription.coin == self._hub.plan.faults.mute:
            return
        if subscription.topic in connection.subscriptions:
            self._error(connection, f"Already subscribed: {subscription.text()}")
        elif connection.guest.n_subscriptions >= self._rules.max_subscriptions:
            most = self._rules.max_subscriptions
            self._error(connection, f"Cannot subscribe to more than {most} channels.")
        elif self._is_one_user_too_many(connection, subscription):
            most = self._rules.max_users
            self._error(connection, f"Cannot track more than {most} total users.")
        else:
            self._acknowledge(connection, "subscribe", subscription)
            plan, explorer = self._hub.plan, connection.is_explorer
            for frame in self._broadcaster.snapshot(subscription, is_explorer=explorer):
                connection.send(plan.dressed(frame))
            self._hub.subscribe(connection, subscription)

    def _unsubscribe(self, connection: Connection, subscription: Subscription) -> None:
        if subscription.topic not in connection.subscriptions:
            self._error(connection, f"Already unsubscribed: {subscription.text()}")
            return
        self._hub.unsubscribe(connection, subscription.topic)
        self._acknowledge(connection, "unsubscribe", subscription)

    def _is_one_user_too_many(self, connection: Connection, subscription: Subscription) -> bool:
        if subscription.kind not in USER_KINDS:
            return False
        return len(connection.guest.users() | {subscription.user}) > self._rules.max_users

    def _post(self, connection: Connection, message: dict[str, Any]) -> None:
        """Answer a posted request after a while; a wrong shape is answered at once."""
        post_id, request = message.get("id"), message.get("request")
        if not isinstance(post_id, int) or not isinstance(request, dict):
            raise UnreadableRequestError
        if connection.guest.n_posts >= self._rules.max_posts:
            self._error(connection, f"too many pending post requests id={post_id}")
            return
        connection.guest.n_posts += 1
        task = asyncio.get_running_loop().create_task(self._reply(connection, post_id, request))
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def _reply(self, connection: Connection, post_id: int, request: dict[str, Any]) -> None:
        try:
            await asyncio.sleep(self._rules.post_wall_s)
        finally:
            connection.guest.n_posts -= 1
        response = self._response(request)
        connection.send_json("post", {"id": post_id, "response": response})
        connection.flush()

    def _response(self, request: dict[str, Any]) -> dict[str, Any]:
        payload = request.get("payload")
        if request.get("type") != "info" or not isinstance(payload, dict):
            return {"type": "error", "payload": "Only info requests are answered."}
        try:
            data = self._desk.answer(payload)
        except UnknownNameError:
            data = None
        except UnknownTypeError:
            problem = "Failed to deserialize the JSON body into the target type"
            return {"type": "error", "payload": problem}
        return {"type": "info", "payload": {"type": payload["type"], "data": data}}

    def _acknowledge(self, connection: Connection, method: str, subscription: Subscription) -> None:
        data = {"method": method, "subscription": subscription.as_json()}
        connection.send_json("subscriptionResponse", data)

    def _error(self, connection: Connection, text: str) -> None:
        connection.send_json("error", text)
        connection.flush()
