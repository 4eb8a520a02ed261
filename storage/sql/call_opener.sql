SELECT * FROM call WHERE ticket_no = $1 AND opened_ticket
