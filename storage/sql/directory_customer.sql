WITH written AS (
    INSERT INTO customer AS kept (
        id, name, site, property
    )
    SELECT
        row.id, row.name, row.site, row.property
    FROM jsonb_populate_recordset(NULL::customer, $1::jsonb) AS row
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name,
        site = excluded.site,
        property = excluded.property,
        active = true
    WHERE (kept.name, kept.site, kept.property, kept.active)
        IS DISTINCT FROM (excluded.name, excluded.site, excluded.property, true)
    RETURNING 1
),
retired AS (
    UPDATE customer AS gone SET active = false
    WHERE gone.active
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::customer, $1::jsonb) AS row
            WHERE row.id = gone.id
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM retired) AS retired
