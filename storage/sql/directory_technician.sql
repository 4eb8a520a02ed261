WITH written AS (
    INSERT INTO technician AS kept (
        id, name, department, skills, phone
    )
    SELECT
        row.id, row.name, row.department, row.skills, row.phone
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS entry (body, place),
        LATERAL jsonb_populate_record(NULL::technician, entry.body) AS row
    ORDER BY entry.place -- whoever is new joins the ring at the tail, in file order
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name,
        department = excluded.department,
        skills = excluded.skills,
        phone = excluded.phone,
        active = true
    WHERE (kept.name, kept.department, kept.skills, kept.phone, kept.active)
        IS DISTINCT FROM (excluded.name, excluded.department, excluded.skills, excluded.phone, true)
    RETURNING 1
),
retired AS (
    UPDATE technician AS gone SET active = false
    WHERE gone.active
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::technician, $1::jsonb) AS row
            WHERE row.id = gone.id
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) AS written, (SELECT count(*) FROM retired) AS retired
