SELECT version, body FROM policy_version
