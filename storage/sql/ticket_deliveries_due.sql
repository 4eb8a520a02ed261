SELECT ticket_no FROM ticket_opening WHERE NOT started
UNION
SELECT ticket_no FROM call WHERE delivered_revision < revision AND ticket_no IS NOT NULL
UNION
SELECT ticket_no FROM call_detach
ORDER BY ticket_no
