-- In stock; of one class, or of all.
SELECT id, product_class, product, grade
FROM loaner
WHERE active
    AND ($1::text IS NULL OR product_class = $1)
    AND NOT EXISTS (SELECT FROM loan_claim WHERE loan_claim.device = loaner.id)
ORDER BY id
