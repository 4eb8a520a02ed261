DELETE FROM rotation_turn WHERE ticket_no = $1 AND visit_no = $2
