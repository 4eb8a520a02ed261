SELECT 'W' || nextval('ticket_number')
