SELECT seq, at, kind, actor_role, actor_name, details FROM loan_event WHERE loan_id = $1 ORDER BY seq
