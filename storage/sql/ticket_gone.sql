UPDATE ticket_opening SET gone = true WHERE ticket_no = $1
