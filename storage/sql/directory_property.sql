WITH written AS (
    INSERT INTO property AS kept (
        id, name
    )
    SELECT
        row.id, row.name
    FROM jsonb_populate_recordset(NULL::property, $1::jsonb) AS row
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name,
        active = true
    WHERE (kept.name, kept.active)
        IS DISTINCT FROM (excluded.name, true)
    RETURNING 1
),
retired AS (
    UPDATE property AS gone SET active = false
    WHERE gone.active
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::property, $1::jsonb) AS row
            WHERE row.id = gone.id
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM retired) AS retired
