SELECT
    number, stage, outcome, policy, policy_version, channel, source_id, caller, caller_phone,
    technician, severity, next_due, opened_at, closed_at
FROM ticket
WHERE stage = $4 AND (opened_at, number) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::text, ''))
ORDER BY opened_at DESC, number DESC
LIMIT $3::bigint
