SELECT body FROM loan WHERE id = $1
