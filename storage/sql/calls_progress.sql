-- How far the calls with these ids are: still in the inbox, in no ticket, or in the ledger by now.
-- A ticket that is over takes nothing more, and its ledger is complete without it.
SELECT call.call_id, call.direction, call.answered, call.ticket_no,
       COALESCE(call.revision IS NOT NULL
       AND NOT EXISTS (
           SELECT FROM phone_inbox AS waiting
           WHERE waiting.provider = wanted.provider AND waiting.call_id = wanted.call_id
             AND NOT waiting.taken
       )
       AND (
           call.ticket_no IS NULL
           OR (call.delivered_revision >= call.revision
               AND (opening.gone
                    OR ticket.stage IN ('closed', 'redirected')
                    OR EXISTS (
                        SELECT FROM jsonb_array_elements(ticket.state -> 'calls') AS held
                        WHERE held ->> 'call_id' = call.call_id
                          AND (held ->> 'revision')::integer >= call.revision
                    )))
       ), false) AS done
FROM unnest($1::text[], $2::text[]) AS wanted (provider, call_id)
LEFT JOIN call USING (provider, call_id)
LEFT JOIN ticket_opening AS opening ON opening.ticket_no = call.ticket_no
LEFT JOIN ticket ON ticket.number = call.ticket_no
