SELECT id, name FROM technician WHERE id = $1 AND active
