UPDATE loan_claim SET answer = $2, device = $3 WHERE loan_id = $1
