"""The base of every settings section."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator


class Section(BaseModel):
    """Frozen settings; an unknown key is an error.

    A list may be written as comma-separated text, so that flags and environment can carry one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _split_lists(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, str) and "tuple" in str(field.annotation):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value
