SELECT * FROM call WHERE provider = $1 AND call_id = $2
