-- Calls with events that no row of theirs has yet, and calls that are to be given up by $1.
SELECT provider, call_id FROM phone_inbox WHERE NOT taken
UNION
SELECT provider, call_id FROM call WHERE ended_at IS NULL AND closes_at <= $1::timestamptz
ORDER BY provider, call_id
