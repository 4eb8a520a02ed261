INSERT INTO call (
    provider, call_id, direction, caller, line, started_at, answered_at, ended_at, answered,
    end_assumed, users, queue, answering_number, cause, flagged, revision, closes_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (provider, call_id) DO UPDATE
SET direction = excluded.direction,
    caller = excluded.caller,
    line = excluded.line,
    started_at = excluded.started_at,
    answered_at = excluded.answered_at,
    ended_at = excluded.ended_at,
    answered = excluded.answered,
    end_assumed = excluded.end_assumed,
    users = excluded.users,
    queue = excluded.queue,
    answering_number = excluded.answering_number,
    cause = excluded.cause,
    flagged = excluded.flagged,
    revision = excluded.revision,
    closes_at = excluded.closes_at
