UPDATE call SET delivered_revision = greatest(delivered_revision, $4::integer)
WHERE provider = $1 AND call_id = $2 AND ticket_no = $3
