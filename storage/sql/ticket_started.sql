UPDATE ticket_opening SET started = true WHERE ticket_no = $1
