SELECT seq, at, kind, actor_role, actor_name, changes, details
FROM ticket_event
WHERE ticket_no = $1
ORDER BY seq
