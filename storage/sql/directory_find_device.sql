SELECT
    id, customer, product, product_class, policy, invoice_date, delivered_on, accepted_on,
    weight_kg, repairs_done, contracted_on, exchanged_on, days_in_repair, invoice_price_fen,
    contract, warranty_card
FROM device
WHERE id = $1 AND active
