"""Where the policy commands find a policy: by its name on the shelf, or in a file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cli.terminal import BadUsage
from domain.policy import Policy
from runtime.policy_files import PolicyFileFaulty, PolicyShelf, SourcedPolicy
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


def files_of(source: str, shelf: PolicyShelf) -> list[Path]:
    """The files that are meant: of a name, a file, or all of a folder.

    A folder's files are read as if each were named: what they extend is on the shelf.
    Raises Refused UnknownPolicy; BadUsage for a folder without any.
    """
    if source not in shelf.names() and Path(source).is_dir():
        found = sorted(Path(source).glob("*.yaml"))
        if not found:
            raise BadUsage(f"{source} 里没有 .yaml 文件;请写政策文件所在的目录")
        return found
    return [Path(source) if is_a_file(source, shelf) else shelf.known(source)]


def sourced_of(source: str) -> tuple[Path, SourcedPolicy]:
    """The file of a policy, and the policy with where each piece of it is written.

    Raises Refused UnknownPolicy, PolicyFileFaulty.
    """
    shelf = policy_shelf()
    path = Path(source) if is_a_file(source, shelf) else shelf.known(source)
    sourced = shelf.sourced(path)
    if misnamed := shelf.misnamed(path, sourced.policy):
        raise PolicyFileFaulty([misnamed])
    return path, sourced


def policy_of(source: str) -> Policy:
    """A policy by its name, or in a file. Raises Refused UnknownPolicy, PolicyFileFaulty."""
    shelf = policy_shelf()
    return shelf.load_file(Path(source)) if is_a_file(source, shelf) else shelf.get(source)
