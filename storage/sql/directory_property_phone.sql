WITH wanted AS (
    SELECT property, number FROM jsonb_populate_recordset(NULL::property_phone, $1::jsonb)
),
written AS (
    INSERT INTO property_phone (property, number)
    SELECT property, number FROM wanted
    ON CONFLICT (property, number) DO NOTHING
    RETURNING 1
),
retired AS (
    -- An entry that left the file keeps its numbers; it is inactive.
    DELETE FROM property_phone AS gone
    USING property AS owner
    WHERE owner.id = gone.property AND owner.active
        AND NOT EXISTS (
            SELECT FROM wanted WHERE wanted.property = gone.property AND wanted.number = gone.number
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM retired) AS retired
