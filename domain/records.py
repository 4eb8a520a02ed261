"""The base of every record that is stored or sent: frozen, strict about names."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable value. An unknown field is a fault, never silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
