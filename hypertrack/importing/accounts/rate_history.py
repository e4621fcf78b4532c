"""Rates of funding that fell due: asked once a coin, however many wallets held it.

The ledger says of which hours they are here, so that a further run, or one that was cut short, asks
for the others alone.
"""

from collections.abc import Iterator, Mapping

from hypertrack.feeds.account_client import AccountClient, FailedQuestionError
from hypertrack.feeds.account_questions import Rate, Request
from hypertrack.importing.accounts.answer_files import RATES, AnswerFiles, rate_line
from hypertrack.importing.accounts.fill_pages import Pages
from hypertrack.importing.imported_coverage import Span
from hypertrack.importing.line_reader import UNREADABLE
from hypertrack.records import (
    RawJson,
    checked_funding_rate,
    checked_time_ms,
    json_decoder,
)
from hypertrack.store.files.layout import RATES_NAME
from hypertrack.store.reading.due_hours import due_hour_ms

_rate = json_decoder(Rate)


class RateHistory:
    """Asks for the rates of coins and stores them.

    Args:
        stored: By coin, full hours of which a rate is here already.

    Attributes:
        n_rates: New ones.
    """

    def __init__(
        self, client: AccountClient, files: AnswerFiles, stored: Mapping[str, set[int]] | None
    ):
        self.n_rates = 0
        self._client = client
        self._files = files
        self._known = dict(stored or {})

    def ask(self, coin: str, span: Span) -> Iterator[int]:
        """Ask for the rates of a time that are not here; yield after each page that is stored.

        Yields:
            How many of its rates are new.

        Raises:
            UnknownQuestionError: The venue does not know the question.
            FailedQuestionError: It did not answer it for this coin.
        """
        for begin_ms, end_ms in self._files.missing(f"{RATES}:{coin}", span):
            yield from self._pages(coin, begin_ms, end_ms)

    def _pages(self, coin: str, begin_ms: int, end_ms: int) -> Iterator[int]:
        known, stream = self._known.setdefault(coin, set()), f"{RATES}:{coin}"
        pages, reached_ms = Pages(begin_ms, is_reversed=False), begin_ms
        while not pages.is_over:
            request: Request = {
                **{"type": "fundingHistory", "coin": coin},
                **{"startTime": pages.cursor_ms or begin_ms, "endTime": end_ms},
            }
            reply = self._client.ask(request)
            times_ms, lines = list[int](), list[bytes]()
            for raw in reply.value:
                try:
                    rate = checked_rate(raw)
                    if rate.coin != coin:
                        raise ValueError(f"of another coin, {rate.coin[:40]!r}")
                    if not begin_ms <= rate.time <= end_ms:
                        raise ValueError(f"of a time that was not asked for, {rate.time}")
                except UNREADABLE as error:
                    self._files.quarantine(raw, f"rate of {coin}: {error}")
                    continue
                times_ms.append(rate.time)
                if (hour_ms := due_hour_ms(rate.time)) not in known:
                    known.add(hour_ms)
                    lines.append(rate_line(request, reply, raw))
            if reply.value and not times_ms:
                raise FailedQuestionError(f"fundingHistory: nothing of {coin} could be read")
            self._files.add(RATES_NAME, lines)
            self.n_rates += len(lines)
            pages.take(times_ms, len(reply.value))
            last_ms = end_ms if pages.is_over else pages.cursor_ms or end_ms
            self._files.observe(stream, (reached_ms, max(last_ms, reached_ms)))
            reached_ms = last_ms
            yield len(lines)


def checked_rate(raw: RawJson | bytes) -> Rate:
    """Return a rate that can be used.

    Raises:
        JsonError: It is none.
        ValueError: It is of no full hour, or no number.
    """
    rate = _rate.decode(raw)
    due_hour_ms(checked_time_ms(rate.time))
    checked_funding_rate(rate.funding_rate)
    return rate
