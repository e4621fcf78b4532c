from profile_fakes import profile_set
from rich.console import Console

from hypertrack.cli.wallet import sparkline, wallet_view
from hypertrack.records import HEADS, ProfileSet


def shown(profiles: ProfileSet) -> str:
    console = Console(width=200, record=True, quiet=False)
    with console.capture() as captured:
        console.print(wallet_view(profiles, profiles.profiles[0]))
    return captured.get()


def test_every_unproven_head_says_so_with_its_numbers() -> None:
    text = shown(profile_set(3, unearned=HEADS))

    assert text.count("unproven: ") >= len(HEADS)


def test_proven_head_says_what_it_is_a_probability_of() -> None:
    text = shown(profile_set(3, unearned=()))

    assert "unproven" not in text
    assert "at least 5 bps of notional after fees" in text


def test_without_a_model_no_score_is_shown() -> None:
    text = shown(profile_set(3, unearned=None))

    assert "no model: rules alone" in text
    assert "bot_probability " not in text


def test_sparkline_never_hides_a_slice_with_activity() -> None:
    assert sparkline((0, 1, 1_000)) == " ▁█"
    assert sparkline((0, 0)) == "  "
    assert sparkline(()) == ""
