INSERT INTO rotation_ring (ring, last, owed, ticket_no, visit_no)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (ring) DO UPDATE SET
    last = excluded.last,
    owed = excluded.owed,
    ticket_no = excluded.ticket_no,
    visit_no = excluded.visit_no
