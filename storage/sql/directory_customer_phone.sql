WITH wanted AS (
    SELECT customer, number FROM jsonb_populate_recordset(NULL::customer_phone, $1::jsonb)
),
written AS (
    INSERT INTO customer_phone (customer, number)
    SELECT customer, number FROM wanted
    ON CONFLICT (customer, number) DO NOTHING
    RETURNING 1
),
retired AS (
    -- An entry that left the file keeps its numbers; it is inactive.
    DELETE FROM customer_phone AS gone
    USING customer AS owner
    WHERE owner.id = gone.customer AND owner.active
        AND NOT EXISTS (
            SELECT FROM wanted WHERE wanted.customer = gone.customer AND wanted.number = gone.number
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM retired) AS retired
