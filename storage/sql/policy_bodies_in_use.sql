SELECT version, body
FROM policy_version
WHERE version IN (SELECT policy_version FROM ticket WHERE stage NOT IN ('closed', 'redirected'))
