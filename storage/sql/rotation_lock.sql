SELECT pg_advisory_xact_lock(hashtext('rotation'), hashtext($1::text))
