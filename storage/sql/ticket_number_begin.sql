SELECT setval('ticket_number', $1, false)
