SELECT pg_advisory_xact_lock(hashtext('loan_claim'), 0)
