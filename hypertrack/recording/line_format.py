"""Lines as they stand on disk: the venue's object byte for byte behind the time of receipt."""

from collections.abc import Iterable

from hypertrack.records import RawJson


def join_lines(
    raws: Iterable[bytes | RawJson],
    received_ns: int,
    chain: str | None = None,
    exchange_time_ms: int | None = None,
) -> bytes:
    """Return one line for each JSON object.

    Args:
        chain: Written behind the time of receipt, for blocks and transactions.
        exchange_time_ms: The same for contexts, which have no time of their own.
    """
    head = b'{"received_ns":%d,' % received_ns
    if chain is not None:
        head += b'"chain":"%s",' % chain.encode()
    if exchange_time_ms is not None:
        head += b'"exchange_time_ms":%d,' % exchange_time_ms
    parts: list[bytes | memoryview] = []
    for raw in raws:
        parts += (head, memoryview(raw)[1:], b"\n")
    lines = b"".join(parts)
    if lines.count(b"\n") * 3 == len(parts):
        return lines
    # JSON text may be broken into lines between its tokens, a line of JSON Lines may not.
    return b"".join(b" ".join(bytes(part).splitlines()) or part for part in parts)
