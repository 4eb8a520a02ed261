"""docs/ticket.md says what the code does, and what the code does is what was decided."""

import pytest

from docs.generate.__main__ import TICKET
from docs.generate.found import Edge, Found
from docs.generate.loaner_graph import explored_loans
from docs.generate.ticket_graph import explored
from docs.generate.ticket_page import ticket_page
from domain.vocabulary import (
    ENDED,
    OF_OTHER_PROCEDURES,
    Command,
    HoldReason,
    LoanerCommand,
    LoanerState,
    Milestone,
    Outcome,
    Stage,
)

OPENED_ELSEWHERE = {Command.OPEN.value}
SET_ELSEWHERE = {one.value for one in OF_OTHER_PROCEDURES}


@pytest.fixture(scope="module")
def found() -> Found:
    return explored()


@pytest.fixture(scope="module")
def loans() -> Found:
    return explored_loans()


def _how(found: Found, edges: list[Edge]) -> str:
    """For a failure: how each of these moves comes about."""
    trails = {edge: found.edges.get(edge) or found.between[edge] for edge in edges}
    return "; ".join(
        f"{edge.source} → {edge.target}: {', '.join(map(str, trail))}"
        for edge, trail in trails.items()
    )


def _moves(found: Found, *, source: str | None = None, target: str | None = None) -> list[Edge]:
    every = [*found.edges, *found.between]
    return [one for one in every if source in (None, one.source) and target in (None, one.target)]


def test_the_page_is_what_the_code_does(found: Found, loans: Found) -> None:
    fresh = ticket_page(found, loans)
    written = TICKET.read_text(encoding="utf-8") if TICKET.exists() else ""
    assert written == fresh, "docs/ticket.md is stale: make docs, and read what has changed"


def test_every_stage_is_reached_and_leads_to_an_end(found: Found) -> None:
    reached = {Stage.INTAKE.value} | {edge.target for edge in found.edges}
    assert reached == {stage.value for stage in Stage}
    leads = {stage.value for stage in ENDED}
    for _ in Stage:
        leads |= {edge.source for edge in found.edges if edge.target in leads}
    assert leads == reached, "a ticket can be stuck"


def test_nothing_moves_a_ticket_that_has_ended(found: Found) -> None:
    moved = [one for one in _moves(found) if one.source in {stage.value for stage in ENDED}]
    assert not moved, _how(found, moved)


def test_every_command_is_taken_somewhere(found: Found) -> None:
    taken = {command for command, _ in found.accepted}
    assert taken == {one.value for one in Command} - OPENED_ELSEWHERE


def test_while_a_quote_is_unanswered_only_an_emergency_sends_somebody(found: Found) -> None:
    sent = _moves(found, source="awaiting_consent", target="scheduled")
    assert sent
    wrong = [edge for edge in sent if "emergency" not in edge.way.shade]
    assert not wrong, _how(found, wrong)


def test_nobody_is_sent_before_the_ticket_is_registered(found: Found) -> None:
    assert {edge.target for edge in _moves(found, source="intake")} == {
        "registered",
        "redirected",
        "closed",
    }
    assert ("dispatch", "intake") not in found.accepted


def test_out_of_warranty_is_quoted_before_anybody_goes(found: Found) -> None:
    sent = _moves(found, source="assessing", target="scheduled")
    wrong = [edge for edge in sent if "emergency" not in edge.way.shade]
    assert not wrong, _how(found, wrong)


@pytest.mark.parametrize(
    ("target", "word"), [("on_site", "arrive"), ("repaired", "finish"), ("signed_off", "sign_off")]
)
def test_a_visit_goes_step_by_step(found: Found, target: str, word: str) -> None:
    came = _moves(found, target=target)
    assert {edge.way.word for edge in came} == {word}, _how(found, came)


def test_silence_at_the_follow_up_never_closes(found: Found) -> None:
    by_itself = [
        edge for edge in _moves(found, source="follow_up", target="closed") if not edge.way.command
    ]
    assert not by_itself, _how(found, by_itself)


def test_silence_about_a_fee_ends_the_ticket(found: Found) -> None:
    silent = {str(way) for way in found.ways("awaiting_consent", "closed")}
    assert "(consent_expired)" in silent


def test_the_unsatisfied_go_round_again(found: Found) -> None:
    again = {edge.source for edge in _moves(found, target="dispatching") if not edge.way.command}
    assert "signed_off" in again
    unsatisfied = {str(way) for way in found.ways("follow_up", "dispatching")}
    assert "record_follow_up not satisfied" in unsatisfied


def test_every_outcome_hold_and_milestone_comes_about(found: Found) -> None:
    assert set(found.sets["outcome"]) == {one.value for one in Outcome}
    assert set(found.sets["hold begins"]) == {one.value for one in HoldReason}
    assert set(found.sets["hold ends"]) == {one.value for one in HoldReason}
    milestones = {one.value for one in Milestone}
    assert set(found.sets["milestone"]) == milestones - SET_ELSEWHERE


def test_a_loaner_comes_to_every_state_by_its_commands(loans: Found) -> None:
    reached = {LoanerState.REQUESTED.value} | {edge.target for edge in loans.edges}
    assert reached == {state.value for state in LoanerState}
    assert {command for command, _ in loans.accepted} == {one.value for one in LoanerCommand}


def test_only_what_is_reserved_is_handed_over(loans: Found) -> None:
    handed = [edge for edge in _moves(loans, target="delivered") if edge.way.word == "deliver"]
    assert {edge.source for edge in handed} == {"reserved"}, _how(loans, handed)
