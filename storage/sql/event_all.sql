SELECT ticket_no, seq, at, kind, actor_role, actor_name, changes, details, decided_at
FROM ticket_event
ORDER BY ticket_no, seq
