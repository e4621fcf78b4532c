"""The tear sheet as a file: words first, nothing from elsewhere, nothing that data can steer."""

import re

from backtest_fakes import WALLETS, followed, nobody_followed, told
from profile_fakes import HOSTILE

from hypertrack.outputs.backtest_page import render_backtest
from hypertrack.outputs.backtest_words import sentences


def test_words_come_before_any_chart() -> None:
    page = render_backtest(told())

    headline = sentences(told())[0]
    assert page.index(headline) < page.index('<div class="chart plot')
    for sentence in sentences(told()):
        assert sentence.replace("'", "&#39;") in page


def test_page_needs_nothing_but_itself() -> None:
    page = render_backtest(told())

    assert "default-src &#39;none&#39;" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert "<script" not in page


def test_every_ranking_and_wallet_is_there() -> None:
    page = render_backtest(told())

    for name in ("COPY only", "expected edge", "realised profit", "random, 200×"):
        assert f">{name}</th>" in page
    for wallet in WALLETS[:2]:
        assert f'title="{wallet}"' in page


def test_backtest_of_nobody_has_a_page_too() -> None:
    nobody = told(
        nobody_followed("COPY only"),
        nobody_followed("expected edge"),
        followed("realised profit", over_profit=None),
    )

    page = render_backtest(nobody)

    assert "would have made no bet: nothing was earned and nothing lost" in page
    assert "Nobody was followed." in page


def test_hostile_notice_stays_text() -> None:
    page = render_backtest(told(notice=HOSTILE))

    assert "<script>" not in page
    assert "<img" not in page
