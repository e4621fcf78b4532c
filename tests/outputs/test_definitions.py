from msgspec.structs import replace
from profile_fakes import profile_header

from hypertrack.features.registry import FEATURES
from hypertrack.outputs.definitions import definitions, title
from hypertrack.outputs.docs import docs_pages
from hypertrack.records import ProfileHeader


def header_of_all_features(**changes: object) -> ProfileHeader:
    return replace(
        profile_header(1),
        units={each.name: each.unit for each in FEATURES},
        definitions={each.name: each.doc for each in FEATURES},
        **changes,
    )


def test_every_name_is_defined_once_and_in_full() -> None:
    found = definitions(header_of_all_features())

    assert len({each.name for each in found}) == len(found)
    assert all(each.title and each.definition for each in found)
    assert {each.page for each in found} <= {page.slug for page in docs_pages()}


def test_titles_of_one_kind_are_told_apart() -> None:
    titles = [each.title for each in definitions(header_of_all_features())]

    assert sorted({each for each in titles if titles.count(each) > 1}) == []


def test_feature_is_defined_as_its_profiles_were_measured() -> None:
    header = replace(profile_header(1), units={"old_bps": "bps"}, definitions={"old_bps": "Was."})

    (found,) = [each for each in definitions(header) if each.page == "features"]

    assert (found.title, found.unit, found.definition) == ("Old", "bps", "Was.")


def test_category_is_defined_with_the_threshold_in_force() -> None:
    header = header_of_all_features(thresholds={"bot_min_probability": 0.83})

    (bot,) = [each for each in definitions(header) if each.name == "Bot"]

    assert "bot_probability > 0.83" in bot.definition


def test_title_leaves_out_the_unit_that_stands_beside_it() -> None:
    assert title("markout_30s_bps", "bps") == "Markout 30s"
    assert title("avg_win_usd", "USD") == "Mean win"
    assert title("funding_paid_usd") == "Funding paid usd"
    assert title("n_openings") == "Openings"
