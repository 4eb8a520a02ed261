UPDATE rotation_ring SET last = $2, owed = $3, ticket_no = NULL, visit_no = NULL
WHERE ring = $1 AND ticket_no = $4 AND visit_no = $5
