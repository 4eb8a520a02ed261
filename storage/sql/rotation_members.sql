-- Those who left stay in the ring as long as it must know where its last turn was.
SELECT
    id, name, skills, active,
    EXISTS (
        SELECT FROM ticket
        WHERE ticket.technician = technician.id AND ticket.technician_out
    ) AS out
FROM technician
WHERE $1 IN ('', department) AND (active OR id = $2)
ORDER BY ring_position
