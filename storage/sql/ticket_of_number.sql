-- The tickets of a number: of its calls, of its paper, or registered with it to be called back; of
-- one that was merged, the one that it went into. One that the ledger does not have yet is open.
-- `reported` as design §3 has it.
WITH RECURSIVE trail AS (
    SELECT ticket_no
    FROM (
        SELECT ticket_no FROM call WHERE caller = $1
        UNION
        SELECT ticket_no FROM ticket_opening WHERE caller = $1
        UNION
        SELECT number FROM ticket WHERE caller_phone = $1 OR caller = $1
    ) AS of_number
    UNION
    SELECT merged.merged_into
    FROM trail JOIN ticket AS merged ON merged.number = trail.ticket_no
    WHERE merged.merged_into IS NOT NULL
)
SELECT opening.ticket_no,
       CASE WHEN opening.channel = 'phone' THEN (
           SELECT first.ended_at FROM call AS first
           WHERE first.ticket_no = opening.ticket_no AND first.direction = 'in'
           ORDER BY first.started_at, first.call_id COLLATE "C"
           LIMIT 1
       ) ELSE opening.opened_at END AS reported,
       NOT opening.gone
           AND coalesce(ticket.stage NOT IN ('closed', 'redirected'), true) AS is_open,
       ticket.closed_at
FROM trail
JOIN ticket_opening AS opening USING (ticket_no)
LEFT JOIN ticket ON ticket.number = opening.ticket_no
WHERE ticket.merged_into IS NULL
ORDER BY opening.ticket_no
