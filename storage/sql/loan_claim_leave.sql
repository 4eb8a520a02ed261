UPDATE loan_claim SET answer = NULL WHERE loan_id = $1 AND device IS NULL
