"""Work on one DuckDB by several threads, of which each repeats to the bit what it does."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
U = TypeVar("U")


def in_parallel(connection: Any, run: Callable[[Any, T], U], items: Sequence[T]) -> list[U]:
    """Run something for every item, on one thread each, as many at once as DuckDB has threads.

    Args:
        run: Takes a connection of its own, and the item.
    """
    threads = connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
    cursors = [connection.cursor() for _ in items]
    connection.execute("SET threads = 1")
    pool = ThreadPoolExecutor(threads)
    try:
        return list(pool.map(run, cursors, items))
    except BaseException:
        for cursor in cursors:
            cursor.interrupt()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        for cursor in cursors:
            cursor.close()
        connection.execute(f"SET threads = {threads}")
