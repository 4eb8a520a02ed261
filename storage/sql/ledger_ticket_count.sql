SELECT count(*) FROM ticket_event WHERE seq = 1 AND ($1::timestamptz IS NULL OR at >= $1)
