-- The calls of a ticket that was merged: they are the other's now, which is yet to be told of each.
UPDATE call SET ticket_no = $2, opened_ticket = false, delivered_revision = 0
WHERE ticket_no = $1
