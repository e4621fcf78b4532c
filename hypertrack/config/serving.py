"""Where the served page is, and who may read it."""

import ipaddress
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator

from hypertrack.config.section import Section, like

MIN_TOKEN_CHARS = 43
"""Letters, digits, - and _ hold six bits each: 43 of them are the first to hold 256."""

HostName = Annotated[
    str,
    like(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", "charts.example.org, or with :443"),
]


class ServeSettings(Section):
    """The page over a dataset, served."""

    host: str = "127.0.0.1"
    """The address listened on; one that others can reach needs ``allow_hosts``, and a proxy in
    front that speaks TLS."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8_787
    """0 takes a free port."""
    allow_hosts: tuple[HostName, ...] = ()
    """Names under which others reach it; a request for any other name is refused."""
    token: SecretStr | None = None
    """Who has it may read; a new one at each start where unset. It belongs into .env:
    ``HYPERTRACK_SERVE__TOKEN``."""

    @field_validator("token")
    @classmethod
    def _is_long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None or not token.get_secret_value():
            return None
        text = token.get_secret_value()
        if len(text) < MIN_TOKEN_CHARS or not text.replace("-", "").replace("_", "").isalnum():
            raise ValueError(
                f"must be {MIN_TOKEN_CHARS} letters and digits or more, such as "
                "`python -c 'import secrets; print(secrets.token_urlsafe(32))'` prints"
            )
        if not text.isascii():
            raise ValueError("must be of plain letters and digits: it stands in an address")
        return token

    @model_validator(mode="after")
    def _do_others_have_a_name(self) -> "ServeSettings":
        if not is_loopback(self.host) and not self.allow_hosts:
            raise ValueError(
                f"{self.host} can be reached from elsewhere: name the host under which it is with "
                "--allow-host NAME, and put a proxy with TLS in front"
            )
        return self


def is_loopback(host: str) -> bool:
    """Return whether an address is this machine's own, which nobody else reaches."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
