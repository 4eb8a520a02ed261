"""How the command line's parts are named in its help."""

from cyclopts import App, Group

ARGUMENTS, OPTIONS = Group("参数"), Group("选项")


def group_of(name: str, help: str, *, commands: str = "命令") -> App:
    """A group of commands, its help's headings in Chinese like the others'."""
    return App(
        name=name,
        help=help,
        group_commands=Group(commands, sort_key=0),
        group_arguments=ARGUMENTS,
        group_parameters=OPTIONS,
    )
