"""The seal command: finished hours of a recording as Parquet."""

from typing import TYPE_CHECKING

from hypertrack.cli.session import Session

if TYPE_CHECKING:
    from hypertrack.cli.tables import PlainTable
    from hypertrack.pipeline.seal import SealedFeed


def seal(session: Session) -> None:
    """Turn the finished hours of a recording into Parquet: the same data in an eighth of the space.

    record does so by itself; this is for folders that were recorded with --no-seal, killed or
    imported. The newest hour stays open. Every command reads sealed and open files together.

    Example: hypertrack --data recorded_data/archive/2026-01-05T08-00-00Z seal
    """
    from hypertrack.pipeline.seal import seal as run

    settings = session.load().settings
    feeds = []
    with session.err.status("sealing") as status:
        for done in run(settings):
            feeds.append(done)
            status.update(f"sealing: {done.feed} is done")
    if session.is_json:
        session.emit({"feeds": feeds})
    else:
        session.out.print(_sealed_table(feeds))


def _sealed_table(feeds: "list[SealedFeed]") -> "PlainTable":
    from hypertrack.cli.tables import plain_table

    headings = ("feed", "hours", "lines sealed", "lines open", "MB before", "MB after")
    rows = [
        (
            done.feed.value,
            f"{done.n_hours:,}",
            f"{done.n_sealed:,}",
            f"{done.n_open:,}",
            f"{done.bytes_before / 1e6:,.1f}",
            f"{done.bytes_after / 1e6:,.1f}",
        )
        for done in feeds
    ]
    return plain_table(headings, rows)
