"""The only clock that a ticket and its loaners read: workflow time, shown at another date."""

from datetime import datetime, timedelta

from temporalio import workflow

from domain.civil_time import MILLISECOND, to_millisecond


class TicketClock:
    """`clock_start` (rehearsals only) is what it shows at the workflow's start."""

    def __init__(self, clock_start: datetime | None) -> None:
        # Not `start_time`: that is the first activation's, and a replay may begin with a later one.
        begun = workflow.info().workflow_start_time
        self._offset = clock_start - begun if clock_start else timedelta(0)

    @property
    def offset_ms(self) -> int:
        """This clock minus the workflow's."""
        return self._offset // MILLISECOND

    def now(self) -> datetime:
        """Whole milliseconds at +08:00."""
        return to_millisecond(workflow.now() + self._offset)
