"""The leak check on the terminal: each cut, and every feature that depends on later data."""

from collections.abc import Iterable, Sequence

from hypertrack.cli.session import Session
from hypertrack.clock import utc
from hypertrack.errors import LeakageError
from hypertrack.records import CutCheck
from hypertrack.text import with_minus


def show_checks(session: Session, checks: Sequence[CutCheck]) -> None:
    """Print a line per cut, and below it both values of every leak."""
    if session.is_json:
        session.emit({"is_leak_free": not _leaking(checks), "cuts": checks})
        return
    for check in checks:
        time = utc(check.cut_ms, timespec="milliseconds")
        found = f"{len(check.leaks)} differ" if check.leaks else "identical"
        line = f"{time}  {check.n_features} features × {check.n_wallets:,} wallets"
        session.out.print(f"{line}  {found}", markup=False, soft_wrap=True)
        for leak in check.leaks:
            values = f"{_number(leak.with_later)} with later data, {_number(leak.without_later)}"
            line = f"  {leak.name}: {leak.wallet} has {values} without; {leak.n_wallets:,} wallets"
            session.out.print(line, markup=False, soft_wrap=True)


def require_none(checks: Iterable[CutCheck]) -> None:
    """Do nothing where no feature leaks.

    Raises:
        LeakageError: Names those that do.
    """
    leaking = _leaking(checks)
    if leaking:
        verb = "depends" if len(leaking) == 1 else "depend"
        raise LeakageError(f"{', '.join(leaking)} {verb} on data from after the cut")


def _leaking(checks: Iterable[CutCheck]) -> list[str]:
    return list(dict.fromkeys(leak.name for check in checks for leak in check.leaks))


def _number(value: float | None) -> str:
    return "–" if value is None else with_minus(f"{value:.12g}")
