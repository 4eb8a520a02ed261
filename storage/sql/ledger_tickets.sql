SELECT jsonb_build_object(
    'ticket', ticket_no,
    'events', jsonb_agg(
        jsonb_build_object(
            'seq', seq, 'at', at, 'kind', kind, 'changes', changes, 'details', details,
            'by', CASE WHEN actor_role IS NOT NULL
                THEN jsonb_build_object('role', actor_role, 'name', actor_name) END
        )
        ORDER BY seq
    )
)::text AS line
FROM ticket_event
WHERE $1::timestamptz IS NULL
    OR ticket_no IN (SELECT ticket_no FROM ticket_event WHERE seq = 1 AND at >= $1)
GROUP BY ticket_no
ORDER BY ticket_no
