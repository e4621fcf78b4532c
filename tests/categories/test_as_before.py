"""The edition `original` says what the predecessor's rules said, to the letter."""

import json

import pytest
from category_examples import CASES, VERDICTS, example_wallets
from column_fakes import profile_columns
from profile_fakes import model_of, profile_header

from hypertrack.categories.cases import make_profiles
from hypertrack.records import as_tuple, replace

EXPECTED = json.loads(VERDICTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_verdicts_are_those_of_one_wallet_at_a_time(case: str) -> None:
    thresholds, heads = CASES[case]
    header = replace(
        profile_header(summary=None if heads is None else model_of(heads)),
        thresholds=thresholds.limits(),
    )

    columns = profile_columns(example_wallets(case), thresholds, heads or {})

    found = [
        {"categories": [list(as_tuple(c)) for c in p.categories], "why_none": p.why_none}
        for p in make_profiles(columns, header)
    ]
    assert found == EXPECTED[case]
    assert len(found) > 50
