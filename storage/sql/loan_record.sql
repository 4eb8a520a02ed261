-- Events that are there already stay; the loan itself only ever gets newer. The bell rings once for
-- what is new.
WITH told AS (
    INSERT INTO loan_event (loan_id, seq, at, kind, actor_role, actor_name, details)
    SELECT row.loan_id, row.seq, row.at, row.kind, row.actor_role, row.actor_name, row.details
    FROM jsonb_populate_recordset(NULL::loan_event, $2::jsonb) AS row
    ON CONFLICT (loan_id, seq) DO NOTHING
    RETURNING 1
),
stands AS (
    INSERT INTO loan AS kept (id, ticket_no, number, asked_at, state, last_seq, body)
    SELECT row.id, row.ticket_no, row.number, row.asked_at, row.state, row.last_seq, row.body
    FROM jsonb_populate_record(NULL::loan, $1::jsonb) AS row
    ON CONFLICT (id) DO UPDATE SET
        ticket_no = excluded.ticket_no,
        state = excluded.state,
        last_seq = excluded.last_seq,
        body = excluded.body
    WHERE kept.last_seq < excluded.last_seq
    RETURNING 1
)
SELECT pg_notify('ticket_changed', $1::jsonb ->> 'ticket_no')
WHERE EXISTS (SELECT FROM told) OR EXISTS (SELECT FROM stands)
