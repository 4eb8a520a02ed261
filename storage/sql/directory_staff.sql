WITH written AS (
    INSERT INTO staff AS kept (
        role, name, phone, extension
    )
    SELECT
        row.role, row.name, row.phone, row.extension
    FROM jsonb_populate_recordset(NULL::staff, $1::jsonb) AS row
    ON CONFLICT (role, name) DO UPDATE SET
        phone = excluded.phone,
        extension = excluded.extension,
        active = true
    WHERE (kept.phone, kept.extension, kept.active)
        IS DISTINCT FROM (excluded.phone, excluded.extension, true)
    RETURNING 1
),
retired AS (
    UPDATE staff AS gone SET active = false
    WHERE gone.active
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::staff, $1::jsonb) AS row
            WHERE row.role = gone.role AND row.name = gone.name
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM retired) AS retired
