-- Whoever gets these rows takes the call; another worker passes on.
SELECT event FROM phone_inbox
WHERE provider = $1 AND call_id = $2 AND NOT taken
FOR UPDATE SKIP LOCKED
