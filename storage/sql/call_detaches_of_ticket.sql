SELECT provider, call_id FROM call_detach WHERE ticket_no = $1 ORDER BY provider, call_id
