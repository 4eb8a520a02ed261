SELECT number, policy_version, state -> 'calendars' AS calendars
FROM ticket
WHERE stage NOT IN ('closed', 'redirected')
    AND policy_version = ANY ($1::text[])
    AND number > $2::text
ORDER BY number
LIMIT $3::bigint
