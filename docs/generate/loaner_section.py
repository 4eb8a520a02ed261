"""The part of the ticket's page that is about its loaner."""

from cli.words import COMMANDS, LOANER_STATES
from docs.generate.found import Found
from docs.generate.wording import carried, said, table
from domain.lending.orders import RULES
from domain.vocabulary import LoanerState, Role


def loaner_section(loans: Found) -> list[str]:
    """Its own diagram, and the table of its commands."""
    place = {state.value: number for number, state in enumerate(LoanerState)}
    pairs = {(one.source, one.target) for one in loans.edges}
    lines = [
        "### The loaner 备机",
        "",
        "A workflow of its own (`loaner/<ticket>/<n>`): it outlives the ticket. *ticket …* is what",
        "the ticket tells it, *stock book …* what the stock answers.",
        "",
        "```mermaid",
        "stateDiagram-v2",
    ]
    lines += [
        f'    state "{one.value} {LOANER_STATES[one.value]}" as {one.value}' for one in LoanerState
    ]
    lines.append(f"    [*] --> {LoanerState.REQUESTED.value}")
    for source, target in sorted(pairs, key=lambda pair: (place[pair[0]], place[pair[1]])):
        label = ", ".join(said(loans, loans.ways(source, target), code=False))
        lines.append(f"    {source} --> {target}: {label}")
    lines += [f"    {one.value} --> [*]" for one in LoanerState if one.value in loans.sets["over"]]
    lines += ["```", ""]
    rows = []
    for command, rule in RULES.items():
        rows.append(
            (
                f"`{command.value}`",
                COMMANDS[command.value],
                ", ".join(role.value for role in Role if role in rule.roles),
                ", ".join(state.value for state in LoanerState if state in rule.states),
                carried(rule.fields),
            )
        )
    return lines + table(("command", "", "who", "in state", "fields"), rows)
