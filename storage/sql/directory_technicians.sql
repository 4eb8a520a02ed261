SELECT id, name, department, skills, phone
FROM technician
WHERE active AND department = coalesce($1, department)
ORDER BY ring_position
