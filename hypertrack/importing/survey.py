"""What files hold, found by looking through them once and writing nothing."""

from typing import Any

from hypertrack.importing.file_lines import LineFile, TornFileError
from hypertrack.importing.formats import Format
from hypertrack.importing.node_times import time_ns
from hypertrack.importing.source_files import SourceFile
from hypertrack.records import JsonError, Record, decode_json


class Survey(Record, frozen=True, kw_only=True):
    """One file as it was found."""

    path: str
    format: Format
    n_bytes: int
    n_lines: int
    is_torn: bool
    """Compressed, and ending too early."""
    start_ms: int | None
    """Time of the first line that says one; exchange time, of receipt in a capture."""
    end_ms: int | None


def survey(file: SourceFile) -> Survey:
    """Count the lines of a file and read the times of its first and its last one."""
    n_lines, is_torn = 0, False
    start_ms: int | None = None
    before, last = b"", b""
    try:
        for line in LineFile(file.path):
            n_lines += 1
            if start_ms is None:
                start_ms = line_time_ms(line)
            before, last = last, line
    except TornFileError:
        is_torn = True
    end_ms = line_time_ms(last)
    return Survey(
        path=str(file.path),
        format=file.format,
        n_bytes=file.n_bytes,
        n_lines=n_lines,
        is_torn=is_torn,
        start_ms=start_ms,
        end_ms=line_time_ms(before) if end_ms is None else end_ms,
    )


def line_time_ms(line: bytes) -> int | None:
    """Return the time that a line of any format gives, None where it gives none."""
    try:
        if line[:1].isdigit():  # a row of a table
            return time_ns(line.partition(b",")[0].decode()) // 1_000_000
        value: object = decode_json(line, Any)
        match value:
            case [str(), {"time": int(time_ms)}]:
                return time_ms
            case (
                {"block_time": str(text)}
                | {"side_info": [*_], "time": str(text)}
                | {"raw": _, "time": str(text)}
            ):
                return time_ns(text) // 1_000_000
            case {"received_wall_ns": int(received_ns)} | {"received_ns": int(received_ns)}:
                return received_ns // 1_000_000
            case _:
                return None
    except (JsonError, ValueError, RecursionError):
        return None
