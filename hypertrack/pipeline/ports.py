"""Whether a port can be listened on, asked before the work that would be for nothing."""

import socket

from hypertrack.errors import port_refused


def require_free_port(host: str, port: int, flag: str) -> None:
    """Do nothing where the port is free, or any is good enough (0).

    Raises:
        ConfigError: It is taken, or not ours to listen on, or there is no such host.
    """
    if port == 0:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: without it a port that was in use a minute ago counts as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise port_refused(host, port, flag, error) from None
