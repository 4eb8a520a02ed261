SELECT
    loaner.id, loaner.product_class, loaner.product, loaner.grade,
    claim.loan_id, loan.ticket_no, loan.state
FROM loaner
LEFT JOIN loan_claim AS claim ON claim.device = loaner.id
LEFT JOIN loan ON loan.id = claim.loan_id
WHERE loaner.active OR claim.loan_id IS NOT NULL
ORDER BY loaner.product_class, loaner.product, loaner.id
