-- The end of the trail; a trail that never ends is cut off.
WITH RECURSIVE trail AS (
    SELECT merged_into AS number, 1 AS step FROM ticket WHERE number = $1
    UNION ALL
    SELECT ticket.merged_into, trail.step + 1
    FROM trail JOIN ticket ON ticket.number = trail.number
    WHERE ticket.merged_into IS NOT NULL AND trail.step < 100
)
SELECT number FROM trail WHERE number IS NOT NULL ORDER BY step DESC LIMIT 1
