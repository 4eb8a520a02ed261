WITH written AS (
    INSERT INTO device AS kept (
        id, customer, product, product_class, policy, invoice_date, delivered_on, accepted_on,
        weight_kg, repairs_done, contracted_on, exchanged_on, days_in_repair, invoice_price_fen,
        contract, warranty_card
    )
    SELECT
        row.id, row.customer, row.product, row.product_class, row.policy, row.invoice_date,
        row.delivered_on, row.accepted_on, row.weight_kg, row.repairs_done, row.contracted_on,
        row.exchanged_on, row.days_in_repair, row.invoice_price_fen, row.contract,
        row.warranty_card
    FROM jsonb_populate_recordset(NULL::device, $1::jsonb) AS row
    ON CONFLICT (id) DO UPDATE SET
        customer = excluded.customer,
        product = excluded.product,
        product_class = excluded.product_class,
        policy = excluded.policy,
        invoice_date = excluded.invoice_date,
        delivered_on = excluded.delivered_on,
        accepted_on = excluded.accepted_on,
        weight_kg = excluded.weight_kg,
        repairs_done = excluded.repairs_done,
        contracted_on = excluded.contracted_on,
        exchanged_on = excluded.exchanged_on,
        days_in_repair = excluded.days_in_repair,
        invoice_price_fen = excluded.invoice_price_fen,
        contract = excluded.contract,
        warranty_card = excluded.warranty_card,
        active = true
    WHERE (kept.customer, kept.product, kept.product_class, kept.policy, kept.invoice_date,
        kept.delivered_on, kept.accepted_on, kept.weight_kg, kept.repairs_done,
        kept.contracted_on, kept.exchanged_on, kept.days_in_repair, kept.invoice_price_fen,
        kept.contract, kept.warranty_card, kept.active)
        IS DISTINCT FROM (excluded.customer, excluded.product, excluded.product_class,
            excluded.policy, excluded.invoice_date, excluded.delivered_on,
            excluded.accepted_on, excluded.weight_kg, excluded.repairs_done,
            excluded.contracted_on, excluded.exchanged_on, excluded.days_in_repair,
            excluded.invoice_price_fen, excluded.contract, excluded.warranty_card, true)
    RETURNING 1
),
retired AS (
    UPDATE device AS gone SET active = false
    WHERE gone.active
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::device, $1::jsonb) AS row
            WHERE row.id = gone.id
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM retired) AS retired
