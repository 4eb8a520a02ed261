SELECT provider, call_id, event, direction, from_number, to_number, users, queue,
       answering_number, cause, at, received_at AS received, flagged
FROM phone_inbox
WHERE provider = $1 AND call_id = $2
