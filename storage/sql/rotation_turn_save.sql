INSERT INTO rotation_turn (
    ticket_no, visit_no, ring, question, technician, by_rotation, answer, last_before, owed_before
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (ticket_no, visit_no) DO UPDATE SET
    ring = excluded.ring,
    question = excluded.question,
    technician = excluded.technician,
    by_rotation = excluded.by_rotation,
    answer = excluded.answer,
    last_before = excluded.last_before,
    owed_before = excluded.owed_before
