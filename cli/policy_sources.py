"""Where the policy commands find a policy: by its name on the shelf, or in a file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from domain.policy import Policy
from runtime.policy_files import PolicyShelf
from runtime.settings import Settings

Json = Annotated[bool, Parameter(name="--json", negative="", help="输出一个 JSON 文档。")]
Source = Annotated[str, Parameter(name="NAME", help="政策名,或一个政策文件。")]


def policy_shelf() -> PolicyShelf:
    """The policies that the settings name."""
    return PolicyShelf(Settings().policies_dir)


def is_a_file(source: str, shelf: PolicyShelf) -> bool:
    """Whether a file is meant, and not a name."""
    is_file = source.endswith((".yaml", ".yml")) or "/" in source
    return is_file or (source not in shelf.names() and Path(source).is_file())


def policy_of(source: str) -> Policy:
    """A policy by its name, or in a file. Raises Refused UnknownPolicy, PolicyFileFaulty."""
    shelf = policy_shelf()
    return shelf.load_file(Path(source)) if is_a_file(source, shelf) else shelf.get(source)
