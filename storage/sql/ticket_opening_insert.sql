INSERT INTO ticket_opening (
    ticket_no, opened_at, channel, source_id, policy, caller, candidates, related
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
