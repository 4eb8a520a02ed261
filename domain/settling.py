"""What the passing of time does to a ticket, in its order.

`settle` is called before every decision and by the ticket's one timer. Waits that are over come
first, then the customer's silence, which may end the ticket; then the promises, and whoever did not
hear of them; and last the remedies of promises that are about to be missed.
"""

from datetime import datetime

from domain import escalation
from domain.case import Case
from domain.escalation import Wake
from domain.repeating import next_repeat, settle_repeats
from domain.steps.consent import consent_over, next_consent, settle_consent
from domain.steps.holds import next_end, settle_holds
from domain.steps.loaners import next_reservation, settle_loaners
from domain.vocabulary import ENDED


def settle(case: Case, now: datetime) -> Case:
    """The case with all that is due by now recorded. Exactly at due is still kept."""
    if case.ticket.stage in ENDED:
        return escalation.settle(case, now)
    case = settle_holds(case, now)
    if (over := consent_over(case, now)) is not None:
        # What was missed before the ticket ended was missed, however late anybody looks.
        case = escalation.settle(case, now, as_of=over)
    case = settle_consent(case, now)
    return settle_loaners(settle_repeats(escalation.settle(case, now), now), now)


def next_wake(case: Case, now: datetime) -> Wake | None:
    """When time alone next changes something."""
    wakes = (
        next_end(case.ticket),
        next_consent(case),
        escalation.next_wake(case, now),
        next_repeat(case, now),
        next_reservation(case, now),
    )
    return min((one for one in wakes if one), key=lambda one: (one.at, one.what), default=None)
