WITH written AS (
    INSERT INTO loaner AS kept (
        id, product_class, product, grade
    )
    SELECT
        row.id, row.product_class, row.product, row.grade
    FROM jsonb_populate_recordset(NULL::loaner, $1::jsonb) AS row
    ON CONFLICT (id) DO UPDATE SET
        product_class = excluded.product_class,
        product = excluded.product,
        grade = excluded.grade,
        active = true
    WHERE (kept.product_class, kept.product, kept.grade, kept.active)
        IS DISTINCT FROM (excluded.product_class, excluded.product, excluded.grade, true)
    RETURNING 1
),
retired AS (
    UPDATE loaner AS gone SET active = false
    WHERE gone.active
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::loaner, $1::jsonb) AS row
            WHERE row.id = gone.id
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM retired) AS retired
