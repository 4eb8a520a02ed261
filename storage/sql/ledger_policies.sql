SELECT name, version, body::text AS body FROM policy_version ORDER BY name, version
