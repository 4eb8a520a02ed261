SELECT version FROM policy_version WHERE name = $1 ORDER BY version
