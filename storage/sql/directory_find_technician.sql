SELECT id, name, department, skills, phone
FROM technician
WHERE active AND (id = $1 OR name = $1)
ORDER BY id = $1 DESC
LIMIT 1
