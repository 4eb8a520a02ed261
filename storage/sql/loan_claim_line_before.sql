-- Those of the class who have no device and asked before this loan did.
SELECT product_class, product, grade
FROM loan_claim
WHERE device IS NULL AND NOT released AND answer IS NOT NULL
    AND product_class = $1
    AND (asked_at, loan_id) < ($2::timestamptz, $3::text)
ORDER BY asked_at, loan_id
