"""Whose turn it is: the ring in Postgres, asked once for each visit."""

import asyncpg
from temporalio import activity

from activities.signatures import TAKE_TURN, TurnRequest
from domain.refusals import Refused
from domain.rotation import Turn
from storage import rotation


class RotationActivities:
    """Takes turns through one pool."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @activity.defn(name=TAKE_TURN)
    async def take_turn(self, request: TurnRequest) -> Turn:
        """Idempotent by ticket and visit: the same question again gets the same answer.

        Somebody who has left the books since being named is a turn for nobody: the supervisor's.
        """
        try:
            return await self._ask(request)
        except Refused:
            return Turn()

    async def _ask(self, request: TurnRequest) -> Turn:
        return await rotation.take_turn(
            self._pool,
            request.ticket_no,
            request.visit,
            department=request.department,
            skill=request.skill,
            technician_id=request.technician,
            excluded=request.excluded,
            keep_turn_on_skip=request.keep_turn_on_skip,
        )
