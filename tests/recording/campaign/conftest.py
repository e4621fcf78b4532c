"""The table of the campaign: ``pytest tests/recording/campaign`` prints it at the end."""

import pytest
from campaign_fakes import Note, Outcome

OUTCOMES = pytest.StashKey[list[Outcome]]()


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Put an outcome into the table; fail where the ledger does not explain a loss."""

    def put(outcome: Outcome) -> None:
        request.config.stash.setdefault(OUTCOMES, []).append(outcome)
        assert outcome.n_explained == outcome.n_lost, outcome

    return put


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    outcomes = config.stash.get(OUTCOMES, [])
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
