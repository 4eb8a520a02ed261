"""Tickets to write: a small policy, and batches as the workflow's flusher makes them."""

from datetime import datetime, timedelta

from domain.case import Case, open_case
from domain.civil_time import CHINA
from domain.directory import Device
from domain.escalation import next_due, standings_of
from domain.events import Changes, Opening
from domain.ledger import LedgerBatch
from domain.policy import Policy
from domain.ticket import Actor, Registration, TechnicianRef, Visit, Window
from domain.vocabulary import Milestone, Role, Stage

START = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
AGENT = Actor(role=Role.AGENT, name="客服小何")

HOUSE = Policy.model_validate(
    {
        "name": "house",
        "title": "公司通则",
        "promises": [
            {
                "id": "register",
                "clauses": ["H-1"],
                "says": "接报后 15 分钟内登记",
                "starts": "reported",
                "met_by": "registered",
                "within": "15 minutes",
            },
            {
                "id": "visit",
                "clauses": ["H-2", "H-3"],
                "says": "派工后 4 小时内到达",
                "starts": "last dispatched",
                "met_by": "arrived",
                "within": "4 hours",
            },
        ],
    }
)


def opened(number: str = "260302-0001", *, at: datetime = START, caller: str | None = None) -> Case:
    """A ticket whose call has just ended: `reported`."""
    opening = Opening(
        number=number, opened_at=at, policy="house", policy_version=HOUSE.version, caller=caller
    )
    case = open_case(opening, HOUSE)
    return case.record("call_ended", at, changes=Changes(milestones={Milestone.REPORTED: at}))


def registered(case: Case, at: datetime, *, phone: str = "13900010001") -> Case:
    """The agent has written it down."""
    entry = Registration(
        caller_name="王秀英",
        caller_phone=phone,
        device=Device(product="便携水质分析仪", weight_kg=6.50),
        symptom="无法开机",
    )
    changes = Changes(
        stage=Stage.REGISTERED,
        registration=entry,
        milestones={Milestone.REGISTERED: at},
        facts={"severity": "urgent", "weight_kg": 6.50, "urgent": True},
    )
    return case.record("registered", at, by=AGENT, changes=changes, details={"symptom": "无法开机"})


def dispatched(case: Case, at: datetime, technician: str = "T01", *, out: bool = False) -> Case:
    """Somebody was sent; `out`: and has left."""
    visit = Visit(
        number=len(case.ticket.visits) + 1,
        technician=TechnicianRef(id=technician, name="周师傅"),
        by_rotation=True,
        window=Window.model_validate({"from": at, "to": at + 2 * timedelta(hours=1)}),
        dispatched_at=at,
        departed_at=at if out else None,
    )
    changes = Changes(stage=Stage.SCHEDULED, visit=visit, milestones={Milestone.DISPATCHED: at})
    return case.record("dispatched", at, by=AGENT, changes=changes)


def note(case: Case, text: str, at: datetime = START) -> Case:
    """Somebody wrote something."""
    return case.record("note", at, by=AGENT, details={"text": text})


def batch(case: Case, decided_at: datetime = START, *, last: int | None = None) -> LedgerBatch:
    """The case's events; with `last`, only so many of the latest."""
    events = case.events if last is None else case.events[-last:]
    standings = standings_of(case.ticket, case.policy, events[-1].at)
    return LedgerBatch(
        ticket_no=case.ticket.number,
        decided_at=decided_at,
        events=events,
        ticket=case.ticket,
        standings=standings,
        next_due=next_due(standings),
        policies=dict(case.pinned),
    )
