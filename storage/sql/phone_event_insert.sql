-- A resend changes nothing and rings nothing. An earlier receipt of an event that no call has yet
-- taken (a file's lines in another order) takes the later one's place.
WITH kept AS (
    INSERT INTO phone_inbox AS known (
        provider, call_id, event, direction, from_number, to_number, users, queue,
        answering_number, cause, at, received_at, flagged
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (provider, call_id, event) DO UPDATE
    SET direction = excluded.direction,
        from_number = excluded.from_number,
        to_number = excluded.to_number,
        users = excluded.users,
        queue = excluded.queue,
        answering_number = excluded.answering_number,
        cause = excluded.cause,
        at = excluded.at,
        received_at = excluded.received_at,
        flagged = excluded.flagged
    WHERE NOT known.taken AND excluded.received_at < known.received_at
    RETURNING provider, call_id, event
)
SELECT count(pg_notify(
    'phone_inbox',
    json_build_object('provider', provider, 'callId', call_id, 'event', event)::text
))
FROM kept
