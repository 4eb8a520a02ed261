-- 轮流派工: what each ring remembers, and every turn that was given.

CREATE TABLE rotation_ring (
    ring text PRIMARY KEY, -- a department; '' is the one ring of all
    last text, -- who had the latest turn
    owed text[] NOT NULL DEFAULT '{}', -- passed over and still to have theirs, oldest first
    -- The visit of the latest turn: only that one can be taken back.
    ticket_no text,
    visit_no integer
);

CREATE TABLE rotation_turn (
    ticket_no text NOT NULL,
    visit_no integer NOT NULL,
    ring text NOT NULL,
    question jsonb NOT NULL, -- what was asked: the same question gets the same answer
    technician text NOT NULL,
    by_rotation boolean NOT NULL, -- false: named out of turn
    answer jsonb NOT NULL,
    last_before text,
    owed_before text[] NOT NULL,
    PRIMARY KEY (ticket_no, visit_no)
);

CREATE INDEX rotation_turn_technician ON rotation_turn (technician, ticket_no, visit_no);
CREATE INDEX ticket_technician_out ON ticket (technician) WHERE technician_out;
