-- A call that changes tickets has been delivered to none.
UPDATE call SET ticket_no = $3, opened_ticket = $4, delivered_revision = 0
WHERE provider = $1 AND call_id = $2
