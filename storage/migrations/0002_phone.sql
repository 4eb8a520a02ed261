-- Intake: what the phone system said, the calls that it makes, and the tickets that they open.

CREATE SEQUENCE ticket_number START WITH 10001;

-- One row for each thing that the phone system ever said, however often it said it: the first
-- receipt is kept. `taken`: it is in its call's row.
CREATE TABLE phone_inbox (
    provider text NOT NULL,
    call_id text NOT NULL,
    event text NOT NULL CHECK (event IN ('newCall', 'answer', 'hangup')),
    direction text CHECK (direction IN ('in', 'out')),
    from_number text,
    to_number text,
    users text[] NOT NULL DEFAULT '{}',
    queue text,
    answering_number text,
    cause text,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    flagged boolean NOT NULL DEFAULT false,
    taken boolean NOT NULL DEFAULT false,
    PRIMARY KEY (provider, call_id, event)
);
CREATE INDEX phone_inbox_waiting ON phone_inbox (received_at) WHERE NOT taken;

-- What each ticket was opened with. A row is the duty to start the ticket's workflow: `start_tried`
-- before, `started` after it was done; `gone` once its workflow has said that it is over.
CREATE TABLE ticket_opening (
    ticket_no text PRIMARY KEY,
    opened_at timestamptz NOT NULL,
    channel text NOT NULL,
    source_id text,
    policy text NOT NULL,
    caller text,
    candidates jsonb NOT NULL DEFAULT '[]',
    related text[] NOT NULL DEFAULT '{}',
    start_tried boolean NOT NULL DEFAULT false,
    started boolean NOT NULL DEFAULT false,
    gone boolean NOT NULL DEFAULT false,
    UNIQUE (channel, source_id)
);
CREATE INDEX ticket_opening_waiting ON ticket_opening (ticket_no) WHERE NOT started;
CREATE INDEX ticket_opening_caller ON ticket_opening (caller);

-- The call as its events make it by now, and the one ticket that it belongs to, if any.
-- `delivered_revision` is the last that the ticket's workflow has taken.
CREATE TABLE call (
    provider text NOT NULL,
    call_id text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    caller text,
    line text,
    started_at timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    answered boolean NOT NULL,
    end_assumed boolean NOT NULL,
    users text[] NOT NULL,
    queue text,
    answering_number text,
    cause text,
    flagged boolean NOT NULL,
    revision integer NOT NULL,
    closes_at timestamptz NOT NULL,
    ticket_no text REFERENCES ticket_opening,
    opened_ticket boolean NOT NULL DEFAULT false,
    delivered_revision integer NOT NULL DEFAULT 0,
    PRIMARY KEY (provider, call_id)
);
CREATE INDEX call_caller ON call (caller);
CREATE INDEX call_ticket ON call (ticket_no);
CREATE UNIQUE INDEX call_opener ON call (ticket_no) WHERE opened_ticket;
CREATE INDEX call_waiting ON call (ticket_no) WHERE delivered_revision < revision;
CREATE INDEX call_without_end ON call (closes_at) WHERE ended_at IS NULL;

-- Tickets that must be told that a call is not theirs after all.
CREATE TABLE call_detach (
    provider text NOT NULL,
    call_id text NOT NULL,
    ticket_no text NOT NULL REFERENCES ticket_opening,
    PRIMARY KEY (provider, call_id, ticket_no)
);
CREATE INDEX call_detach_ticket ON call_detach (ticket_no);
