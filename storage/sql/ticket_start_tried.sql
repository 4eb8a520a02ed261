UPDATE ticket_opening SET start_tried = true WHERE ticket_no = $1
