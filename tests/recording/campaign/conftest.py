"""The table of the campaign: ``pytest tests/recording/campaign`` prints it at the end."""

from dataclasses import astuple

import pytest
from campaign_fakes import Note, Outcome

OUTCOME = "campaign outcome"
"""Property of a test's report: reports are what comes back from another process, too."""


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Put an outcome into the table; fail where the ledger does not explain a loss."""

    def put(outcome: Outcome) -> None:
        request.node.user_properties.append((OUTCOME, astuple(outcome)))
        assert outcome.n_explained == outcome.n_lost, outcome

    return put


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
    ]
    outcomes = [
        Outcome(*value)
        for report in reports
        for name, value in report.user_properties
        if name == OUTCOME
    ]
    if not outcomes:
        return
    terminalreporter.section("fault campaign")
    terminalreporter.line("| fault | times injected | trades sent | lost | explained |")
    terminalreporter.line("|---|---|---|---|---|")
    for one in outcomes:
        terminalreporter.line(
            f"| {one.fault} | {one.n_injected} | {one.n_sent:,} | {one.n_lost:,} "
            f"| {one.n_explained:,} |"
        )
