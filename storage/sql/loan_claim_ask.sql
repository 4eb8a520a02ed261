INSERT INTO loan_claim AS kept (loan_id, product_class, product, grade, asked_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (loan_id) DO UPDATE SET
    product_class = excluded.product_class,
    product = excluded.product,
    grade = excluded.grade,
    asked_at = excluded.asked_at
RETURNING device, released
