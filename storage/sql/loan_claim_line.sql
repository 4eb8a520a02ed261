-- Those without a device, in the order of asking.
SELECT loan_id, product_class, product, grade, answer
FROM loan_claim
WHERE device IS NULL AND NOT released AND answer IS NOT NULL AND product_class IS NOT NULL
ORDER BY asked_at, loan_id
