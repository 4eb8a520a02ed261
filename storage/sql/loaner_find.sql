SELECT
    loaner.id, loaner.product_class, loaner.product, loaner.grade,
    loaner.active AND claim.loan_id IS NULL AS in_stock
FROM loaner
LEFT JOIN loan_claim AS claim ON claim.device = loaner.id
WHERE loaner.id = $1
