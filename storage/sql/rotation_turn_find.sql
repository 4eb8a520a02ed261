SELECT ring, question, by_rotation, answer, last_before, owed_before
FROM rotation_turn
WHERE ticket_no = $1 AND visit_no = $2
