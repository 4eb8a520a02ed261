DELETE FROM call_detach WHERE provider = $1 AND call_id = $2 AND ticket_no = $3
