"""The base of every settings section."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, field_validator


def like(pattern: str, example: str) -> AfterValidator:
    """Return the check that a text has a form, which says what a good one looks like."""

    def checked(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be like this: {example}")
        return text

    return AfterValidator(checked)


class Section(BaseModel):
    """Frozen settings; an unknown key is an error.

    A list may be written as comma-separated text, so that flags and environment can carry one.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

    @field_validator("*")
    @classmethod
    def _is_a_path(cls, value: Any) -> Any:
        if isinstance(value, Path):
            with suppress(RuntimeError):  # no such user: then it is a folder of that name
                value = value.expanduser()
            try:
                str(value).encode()
            except UnicodeEncodeError:  # DuckDB and pyarrow find no file by other bytes
                raise ValueError("a name that is not UTF-8: rename it, or choose another") from None
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _split_lists(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, str) and "tuple" in str(field.annotation):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value
