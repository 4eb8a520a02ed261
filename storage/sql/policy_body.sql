SELECT body FROM policy_version WHERE name = $1 AND version = $2
