"""What every entry of a policy file has in common: immutable, strict, and clear about mistakes.

A mistake is raised as a `PydanticCustomError` of type `policy`, whose context says where below the
entry it stands (`at`) and how to mend it (`fix`); `runtime.policy_files` turns that into a line.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

MISTAKE = "policy"


def mistake(
    message: str, *, fix: str = "", at: tuple[str | int, ...] = (), rule: str = "malformed"
) -> PydanticCustomError:
    """A fault in a policy: one clear Chinese line, the place below this entry, and the remedy.

    `rule` names the kind of fault, in English, for `policy check`.
    """
    context = {"message": message, "fix": fix, "at": at, "rule": rule}
    return PydanticCustomError(MISTAKE, "{message}", context)


def nearest(word: str, choices: Iterable[str]) -> str:
    """How to mend a name that is none of `choices`: the closest one, else all of them."""
    known = list(choices)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"是否想写 {close[0]}?" if close else f"可选:{'、'.join(known)}"


class PolicyEntry(BaseModel):
    """A frozen, strict piece of a policy; an unknown key is answered with the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _know_every_key(cls, written: Any) -> Any:
        if isinstance(written, Mapping):
            for key in cast("Mapping[object, object]", written):
                if key not in cls.model_fields:
                    fix = nearest(str(key), cls.model_fields)
                    raise mistake(f"没有 {key} 这个键", fix=fix, at=(str(key),), rule="unknown_key")
        return written

    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Snapshots stay small, and a key that a later release adds changes no old version."""
        fields = type(self).model_fields
        return {
            name: value
            for name, value in write(self).items()
            if getattr(self, name) != fields[name].get_default(call_default_factory=True)
        }
