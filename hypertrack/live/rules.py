"""Rules: which events are told to whom, and how often."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypertrack.config import AlertSettings
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS, Record

UNIT_MS = {"s": 1_000, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        name: What rules call it (``on``).
        id: The same whenever it is found again.
        time_ms: Exchange time.
        fields: What rules may ask; a field with several values holds where one of them does.
            A field that is not known is not there, and no condition on it holds.
        text: It, as a sentence.
    """

    name: str
    id: str
    time_ms: int
    fields: Mapping[str, Any]
    text: str

    def beside(self, fields: Mapping[str, Any]) -> "Event":
        """Return it with further fields; its own stand."""
        return replace(self, fields={**fields, **self.fields})


@dataclass(frozen=True)
class Alert:
    """An event that is to be told.

    Attributes:
        n_held_back: Events of this rule that were not told since the last one.
    """

    rule: AlertSettings
    event: Event
    n_held_back: int


LimitKey = tuple[str | None, ...]
"""What a limit counts apart: a wallet, a coin, both or nothing."""


class LimitState(Record, frozen=True, kw_only=True):
    """What a rule has told and held back so far."""

    rule: str
    at_most: str | None
    told_ms: dict[LimitKey, list[int]]
    n_held_back: dict[LimitKey, int]


class Rules:
    """Decides what is told; by exchange time alone, so that a replay decides the same."""

    def __init__(self, rules: Sequence[AlertSettings]):
        self._rules = [(rule, _Limit.parse(rule.at_most)) for rule in rules]

    def state(self) -> list[LimitState]:
        """Return what was told and held back."""
        return [
            LimitState(
                rule=rule.name,
                at_most=rule.at_most,
                told_ms={key: list(told) for key, told in limit.told_ms.items()},
                n_held_back=limit.n_held_back,
            )
            for rule, limit in self._rules
        ]

    def go_on(self, states: Iterable[LimitState]) -> None:
        """Take what rules of the same name and limit had told before a restart."""
        by_name = {(one.rule, one.at_most): one for one in states}
        for rule, limit in self._rules:
            state = by_name.get((rule.name, rule.at_most))
            if state is not None:
                limit.told_ms.update((key, deque(told)) for key, told in state.told_ms.items())
                limit.n_held_back.update(state.n_held_back)

    def alerts(self, event: Event) -> Iterator[Alert]:
        """Yield whom an event is to be told."""
        for rule, limit in self._rules:
            if rule.on != event.name or not holds(rule.where, event.fields):
                continue
            if event.fields.get("is_proven") is False and not rule.unproven:
                continue
            n_held_back = limit.passes(event)
            if n_held_back is not None:
                yield Alert(rule, event, n_held_back)


class _Limit:
    """At most so many in so long, of each wallet and coin where the rule says so."""

    def __init__(self, most: int | None, within_ms: int, per: tuple[str, ...]):
        self._most = most
        self._within_ms = within_ms
        self._per = per
        self.told_ms: defaultdict[LimitKey, deque[int]] = defaultdict(deque)
        self.n_held_back: defaultdict[LimitKey, int] = defaultdict(int)
        self._cleared_ms = 0

    @classmethod
    def parse(cls, text: str | None) -> "_Limit":
        """Return the limit that a setting such as ``1 per 10m per wallet coin`` means."""
        if text is None:
            return cls(None, 0, ())
        most, _, within, *per = text.split()
        return cls(int(most), int(within[:-1]) * UNIT_MS[within[-1]], tuple(per[1:]))

    def passes(self, event: Event) -> int | None:
        """Return how many were held back before, or None where this one is held back."""
        if self._most is None:
            return 0
        self._clear(event.time_ms)
        key = tuple(event.fields.get(name) for name in self._per)
        told = self.told_ms[key]
        while told and told[0] <= event.time_ms - self._within_ms:
            told.popleft()
        if len(told) >= self._most:
            self.n_held_back[key] += 1
            return None
        told.append(event.time_ms)
        return self.n_held_back.pop(key, 0)

    def _clear(self, now_ms: int) -> None:
        """Let go, now and then, of what holds nothing back any more: wallets come without end."""
        if now_ms - self._cleared_ms < max(self._within_ms, HOUR_MS):
            return
        self._cleared_ms = now_ms
        since_ms = now_ms - self._within_ms - HOUR_MS  # events are not quite in the order of time
        for key in [key for key, told in self.told_ms.items() if told[-1] < since_ms]:
            del self.told_ms[key]


def holds(where: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Return whether all conditions hold."""
    return all(name in fields and _holds(asked, fields[name]) for name, asked in where.items())


def _holds(asked: Any, found: Any) -> bool:
    values = found if isinstance(found, tuple) else (found,)
    if isinstance(asked, dict):
        return all(COMPARE[word](values, limit) for word, limit in asked.items())
    wanted = asked if isinstance(asked, list) else [asked]
    return any(_same(value, one) for value in values for one in wanted)


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return found.lower() == wanted.lower() if wanted.startswith("0x") else found == wanted
    return bool(found == wanted)


COMPARE = {
    "lt": lambda values, limit: any(value < limit for value in values),
    "le": lambda values, limit: any(value <= limit for value in values),
    "gt": lambda values, limit: any(value > limit for value in values),
    "ge": lambda values, limit: any(value >= limit for value in values),
    "ne": lambda values, limit: not any(_same(value, limit) for value in values),
}
