SELECT * FROM ticket_opening WHERE ticket_no = $1
