"""docs/ticket.md: the ticket's stages and commands, and what stands beside the stage."""

from collections import Counter
from collections.abc import Iterable

from cli.event_words import EVENTS
from cli.words import COMMANDS, HOLDS, OUTCOMES, ROLES, STAGES
from docs.generate.found import Edge, Found, Way
from docs.generate.loaner_section import loaner_section
from docs.generate.ticket_orders import ELSEWHERE, START
from docs.generate.wording import beside, carried, grouped, said, table
from domain.case import open_case
from domain.commands import FIELDS, Fields
from domain.events import Opening
from domain.policy import Policy
from domain.procedure import (
    BEFORE_A_VISIT,
    DONE,
    OPEN,
    REGISTERED_ON,
    RULES,
    UNREPAIRED,
)
from domain.steps.holds import TOLD
from domain.steps.merging import handed_over
from domain.ticket import Errand
from domain.vocabulary import ENDED, Command, HoldReason, Milestone, Outcome, Role, Stage

FROM_MANY = 3
"""A way that makes so many moves stands in a table, not in the picture."""

GROUPS = {
    "any open": OPEN,
    "from registered on": REGISTERED_ON,
    "before the repair": UNREPAIRED,
    "waiting": BEFORE_A_VISIT,
    "done": DONE,
}

MORE_CHINESE = {
    **EVENTS,
    "open": "开单",
    "fee_decided": "费用已答复",
    "repair_started": "开始维修",
    "resolved": "故障排除",
    "visit_ended": "离场",
    "outcome_decided": "结果已定,等单据或复核",
    "follow_up_tried_1": "第一次回访未接通",
    "follow_up_tried_2": "第二次回访未接通",
    "follow_up_tried_3": "第三次回访未接通",
    "remote_started": "开始远程支持",
    "appointed": "约定上门的时间",
    "held_for_weather": "因天气等待",
    "proposed": "提出方案",
}


def ticket_page(found: Found, loans: Found) -> str:
    """The whole page, from what the explorations found and from the table of the procedure."""
    parts = (
        _head(),
        _stages(found),
        _commands(found),
        _holds(found),
        loaner_section(loans),
        _errands(found),
        _merges(),
        _outcomes(found),
        _milestones(found, loans),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head() -> list[str]:
    return [
        "# The ticket 工单: stages and commands",
        "",
        "Written by `make docs`; do not edit. No move below is drawn by hand: every order was",
        "tried on every kind of ticket that the rules let come about, and time, the ring,",
        "the phone, the loaner and other tickets acted on it.",
    ]


def _stages(found: Found) -> list[str]:
    moves = Counter(edge.way for edge in found.edges)
    many = {way for way, count in moves.items() if count >= FROM_MANY}
    lines = ["## Stages 阶段", "", "```mermaid", "stateDiagram-v2"]
    lines += [
        f'    state "{stage.value} {STAGES[stage.value]}" as {stage.value}' for stage in Stage
    ]
    lines += [f"    [*] --> {Stage.INTAKE.value}"]
    for source, target in _pairs(found.edges):
        ways = found.ways(source, target) - many
        if ways:
            label = ", ".join(said(found, ways, code=False))
            lines.append(f"    {source} --> {target}: {label}")
    lines += [f"    {stage.value} --> [*]" for stage in Stage if stage in ENDED]
    lines += ["```", "", "And from several stages:", ""]
    rows = [_moves_of(found, found.edges, way) for way in sorted(many)]
    lines += table(("by", "moves"), rows)
    passed = [one.value for one in Stage if one.value not in found.resting]
    if passed:
        lines += ["", f"Passed through at once, never stood in: {', '.join(passed)}."]
    lines += ["", *_between(found)]
    return lines


def _pairs(edges: Iterable[Edge]) -> list[tuple[str, str]]:
    place = {stage.value: number for number, stage in enumerate(Stage)}
    pairs = {(one.source, one.target) for one in edges}
    return sorted(pairs, key=lambda pair: (place[pair[0]], place[pair[1]]))


def _moves_of(found: Found, edges: Iterable[Edge], way: Way) -> tuple[str, str]:
    to: dict[str, list[str]] = {}
    for source, target in _pairs(one for one in edges if one.way == way):
        to.setdefault(target, []).append(source)
    [word] = said(found, [way])
    known = COMMANDS.get(way.word) or MORE_CHINESE.get(way.word)
    moves = "; ".join(f"{', '.join(sources)} → {target}" for target, sources in to.items())
    return (f"{word} {known}" if known else word, moves)


def _between(found: Found) -> list[str]:
    """The ways alone: where they lead is where the same leads from the stages that wait."""
    only = {edge.way for edge in found.between if edge not in found.edges}
    words = ", ".join(said(found, (way for way in only if not way.word.startswith("at once"))))
    return [f"They move it even while the ring 轮派 is being asked: {words}."] if words else []


def _commands(found: Found) -> list[str]:
    lines = [
        "## Commands 命令",
        "",
        "Roles: " + " · ".join(beside(role.value, ROLES) for role in Role) + ".",
        "",
        *(f"- *{name}*: {_plain(group)}" for name, group in GROUPS.items()),
        "",
        "*Not before*: its time may not lie before the latest of these. **Bold** fields must be",
        "given; `reason`, `at` and `note` are open to every command. † of technicians, only the",
        "one who was sent. Checked in this order: role, stage, person, input.",
        "",
    ]
    head = ("command", "", "who", "in stage", "not before", "fields")
    lines += table(head, [_row(found, command) for command in Command if command in RULES])
    lines += _never(found)
    return lines


def _plain(stages: Iterable[Stage]) -> str:
    members = set(stages)
    return ", ".join(one.value for one in Stage if one in members)


def _row(found: Found, command: Command) -> tuple[str, ...]:
    rule = RULES[command]
    taken = any(name == command.value for name, _ in found.accepted)
    return (
        f"`{command.value}`",
        COMMANDS.get(command.value) or MORE_CHINESE[command.value],
        _roles(rule.roles) + ("†" if rule.own_visit else ""),
        grouped(rule.stages, GROUPS, Stage) if taken else "none: the desk opens tickets",
        ", ".join(one.value for one in rule.after),
        carried(FIELDS.get(command, Fields)),
    )


def _roles(roles: frozenset[Role]) -> str:
    if len(roles) == len(Role):
        return "everyone"
    return ", ".join(role.value for role in Role if role in roles)


def _never(found: Found) -> list[str]:
    """Rows of the table that no ticket was found to come to."""
    never = []
    for command, rule in RULES.items():
        stages = [
            stage.value
            for stage in Stage
            if stage in rule.stages
            and stage.value in found.resting
            and (command.value, stage.value) not in found.accepted
        ]
        if stages and any(name == command.value for name, _ in found.accepted):
            never.append(f"`{command.value}` in {', '.join(stages)}")
    return ["", f"Allowed by the table, yet never found to be taken: {'; '.join(never)}."] * bool(
        never
    )


def _holds(found: Found) -> list[str]:
    begins, ends = found.sets["hold begins"], found.sets["hold ends"]
    rows = []
    for reason in HoldReason:
        told = ", ".join(role.value for role in TOLD[reason])
        by = [", ".join(said(found, ways[reason.value])) for ways in (begins, ends)]
        rows.append((beside(reason.value, HOLDS), *by, told))
    return [
        "## Beside the stage",
        "",
        "A hold 挂起 stops no stage; it pauses the promises that the policy says (`pauses_on`).",
        "*resumed*: at its `until`. Every hold ends with the ticket.",
        "",
        *table(("hold", "begins with", "ends with", "told"), rows),
    ]


def _errands(found: Found) -> list[str]:
    kinds = {
        "start_loaner": "ask for a loaner",
        "repaired": "tell it that the device is repaired: release or recall",
        "ended": "tell it that the ticket is over: release or recall",
        "reopened": "tell it that it stays out",
        "merged": "tell it its new ticket",
        "merge": "ask the other ticket to take this one in",
    }
    errands = found.sets["errand"]
    rows = [
        (f"{kind}", does, ", ".join(said(found, errands[kind]))) for kind, does in kinds.items()
    ]
    return [
        "### Errands 交办",
        "",
        "What a ticket has done outside, one after the other, tried for as long as it takes.",
        "",
        *table(("errand", "is to", "set by"), rows),
    ]


def _merges() -> list[str]:
    """Which milestones follow is asked of the domain: one ticket that has them all hands over."""
    opening = Opening(number="W1", opened_at=START, policy="any", policy_version="any")
    ticket = open_case(opening, Policy(name="any", title="any")).ticket
    full = ticket.model_copy(update={"milestones": dict.fromkeys(Milestone, (START,))})
    errand = Errand(number=1, kind="merge", at=START, target=ELSEWHERE)
    follow = handed_over(full, errand).milestones
    return [
        "### Merges 合并",
        "",
        "`merge_into` asks, and the ticket waits (only `note` is taken) until the other has taken",
        "it in or refused; the other's word is final. A ticket that is itself asking refuses, so",
        "no circle closes. The merged one ends (or waits for its order), points on, and passes",
        "late calls on.",
        "",
        "With it go its calls, its loaners, the earlier report, `urgent`, and these milestones: "
        + ", ".join(one.value for one in follow)
        + ". Its visits, quotes and holds stay behind.",
    ]


def _outcomes(found: Found) -> list[str]:
    rows = [
        (beside(one.value, OUTCOMES), ", ".join(said(found, found.sets["outcome"][one.value])))
        for one in Outcome
    ]
    return ["## Outcomes 结果", "", *table(("outcome", "decided by"), rows)]


def _milestones(found: Found, loans: Found) -> list[str]:
    rows, never = [], []
    for milestone in Milestone:
        of_loaner = loans.sets["milestone"].get(milestone.value)
        by = of_loaner or found.sets["milestone"].get(milestone.value, set())
        if not by:
            never.append(milestone.value)
            continue
        words = ", ".join(said(loans if of_loaner else found, by))
        who = f"its loaner: {words}" if of_loaner else words
        rows.append((beside(milestone.value, MORE_CHINESE), who))
    lines = ["## Milestones 里程碑", "", *table(("milestone", "set by"), rows)]
    return [*lines, "", f"Set by nothing yet: {', '.join(never)}."] if never else lines
