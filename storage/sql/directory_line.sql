WITH written AS (
    INSERT INTO service_line AS kept (
        number, policy
    )
    SELECT
        row.number, row.policy
    FROM jsonb_populate_recordset(NULL::service_line, $1::jsonb) AS row
    ON CONFLICT (number) DO UPDATE SET
        policy = excluded.policy,
        active = true
    WHERE (kept.policy, kept.active)
        IS DISTINCT FROM (excluded.policy, true)
    RETURNING 1
),
retired AS (
    UPDATE service_line AS gone SET active = false
    WHERE gone.active
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::service_line, $1::jsonb) AS row
            WHERE row.number = gone.number
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM retired) AS retired
