"""Write the schemas that docs publish, from the records: python tests/write_schemas.py."""

import json
from pathlib import Path

from hypertrack.outputs import diff_json, report_json

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
SCHEMAS = {
    f"report.v{report_json.SCHEMA_VERSION}.json": report_json.report_schema,
    f"diff.v{diff_json.SCHEMA_VERSION}.json": diff_json.diff_schema,
}

if __name__ == "__main__":
    for name, schema in SCHEMAS.items():
        text = json.dumps(schema(), indent=1, ensure_ascii=False)
        (FOLDER / name).write_text(text + "\n", encoding="utf-8")
