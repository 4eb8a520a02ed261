SELECT promise.ticket_no, min(promise.due) AS due
FROM ticket_promise AS promise
JOIN ticket ON ticket.number = promise.ticket_no
WHERE promise.state = 'missed' AND promise.met_at IS NULL AND ticket.closed_at IS NULL
GROUP BY promise.ticket_no
