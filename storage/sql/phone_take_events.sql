UPDATE phone_inbox SET taken = true
WHERE provider = $1 AND call_id = $2 AND event = ANY ($3::text[]) AND NOT taken
