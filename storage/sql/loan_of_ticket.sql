SELECT body FROM loan WHERE ticket_no = $1 ORDER BY asked_at, number, id
