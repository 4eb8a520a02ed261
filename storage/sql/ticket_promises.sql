SELECT promise, occurrence, state, clauses, starts_at, due, met_at, late_seconds
FROM ticket_promise
WHERE ticket_no = $1
ORDER BY promise, occurrence
