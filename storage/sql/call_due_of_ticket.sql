SELECT * FROM call
WHERE ticket_no = $1 AND delivered_revision < revision
ORDER BY started_at, call_id COLLATE "C"
