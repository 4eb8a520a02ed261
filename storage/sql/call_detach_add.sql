INSERT INTO call_detach (provider, call_id, ticket_no) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
