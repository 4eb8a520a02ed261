SELECT
    id, customer, product, product_class, policy, invoice_date, delivered_on, accepted_on,
    weight_kg, repairs_done
FROM device
WHERE id = $1 AND active
