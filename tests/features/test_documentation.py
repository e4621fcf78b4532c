from hypertrack.features.documentation import render_markdown
from hypertrack.features.registry import FEATURES


def test_every_feature_is_a_row_of_three_cells() -> None:
    heading, rule, *rows = render_markdown().splitlines()

    assert heading == "| feature | unit | definition |"
    assert rule == "|---|---|---|"
    assert rows[8] == (
        "| `total_value` | USD | Sum of execution notionals (+ EVM value × HYPE reference price "
        "where recorded). |"
    )
    assert len(rows) == len(FEATURES)
    assert all(row.replace(r"\|", "").count("|") == 4 for row in rows)
