-- Answered calls of ours to the number that may be a call-back. Those of a ticket that is over
-- stay with it.
SELECT call.* FROM call
LEFT JOIN ticket_opening AS opening USING (ticket_no)
LEFT JOIN ticket ON ticket.number = call.ticket_no
WHERE call.caller = $1 AND call.direction = 'out' AND call.answered AND NOT call.opened_ticket
  AND NOT coalesce(opening.gone, false)
  AND coalesce(ticket.stage NOT IN ('closed', 'redirected'), true)
