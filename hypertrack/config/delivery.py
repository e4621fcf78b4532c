"""Where alerts and signals are sent."""

import base64
from typing import Annotated, Literal

from pydantic import SecretStr, field_validator, model_validator

from hypertrack.config.section import Section, like

SinkKind = Literal["webhook", "apprise", "redis", "nats", "file"]

SCHEMES: dict[SinkKind, tuple[str, ...]] = {
    "webhook": ("https://", "http://"),
    "redis": ("redis://", "rediss://", "unix://"),
    "nats": ("nats://", "tls://"),
}
"""How an address begins, where only some are understood."""

MIN_KEY_BYTES = 24
"""What Standard Webhooks ask for at least."""

Name = Annotated[str, like(r"[a-z][a-z0-9-]*", "phone, in small letters, digits and dashes")]


class SinkSettings(Section):
    """One receiver of alerts and signals, a ``[[sinks]]`` table for each."""

    name: Name
    """What alerts call it."""
    kind: SinkKind
    """``webhook`` is an address of your own, ``apprise`` a person's Telegram, Discord, Slack or
    mail, ``redis`` a stream, ``nats`` a subject, ``file`` lines added to a file."""
    url: SecretStr | None = None
    """Where it is, or the file's path. One that holds a key belongs into .env:
    ``HYPERTRACK_SECRETS__PHONE_URL``."""
    key: SecretStr | None = None
    """Of a webhook, what it is signed with (``whsec_…``); ``HYPERTRACK_SECRETS__PHONE_KEY``."""
    topic: str = "hypertrack.signals"
    """The stream of Redis, the subject of NATS."""

    @model_validator(mode="after")
    def _is_understood(self) -> "SinkSettings":
        schemes = SCHEMES.get(self.kind, ("",))
        if self.url is not None and not self.url.get_secret_value().startswith(schemes):
            raise ValueError(f"the url of a {self.kind} begins with {' or '.join(schemes)}")
        return self

    @field_validator("key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            signing_key(key.get_secret_value())
        return key


def signing_key(text: str) -> bytes:
    """Return the bytes of a key written as Standard Webhooks write it: ``whsec_`` and base64.

    Raises:
        ValueError: It is not written so, or too short to keep anything safe.
    """
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not text.startswith("whsec_") or len(key) < MIN_KEY_BYTES:
        raise ValueError(f"must be whsec_ and {MIN_KEY_BYTES} bytes or more in base64")
    return key
