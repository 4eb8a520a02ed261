SELECT ticket_no FROM ticket_opening WHERE channel = $1 AND source_id = $2
