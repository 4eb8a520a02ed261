-- 备机: the story of each lending, and which device is whose.

-- `ticket` is read and written all the time: rather fail and be run again than queue everybody.
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- What happened to each loan. A regular activity writes it, after the event is in the workflow's
-- history, so a row is never taken back.
CREATE TABLE loan_event (
    loan_id text NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    kind text NOT NULL,
    actor_role text,
    actor_name text,
    details jsonb NOT NULL,
    PRIMARY KEY (loan_id, seq)
);

CREATE FUNCTION loan_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'loan_event is append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER loan_event_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON loan_event
    FOR EACH STATEMENT EXECUTE FUNCTION loan_event_append_only();

-- The loan after its last event.
CREATE TABLE loan (
    id text PRIMARY KEY, -- its workflow's id
    ticket_no text NOT NULL, -- whose it is by now: a merge moves it
    number integer NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL,
    last_seq integer NOT NULL,
    body jsonb NOT NULL -- the whole loan
);

CREATE INDEX loan_ticket ON loan (ticket_no, asked_at);

-- The stock book: what each loan asked for, and what it got. It, and not the loan's story, decides
-- who has a device; the two are written by different activities, each alone.
CREATE TABLE loan_claim (
    loan_id text PRIMARY KEY,
    product_class text,
    product text,
    grade text CHECK (grade IN ('new', 'any')),
    asked_at timestamptz,
    answer text CHECK (answer IN ('reserved', 'needs_decision', 'no_stock')), -- the latest
    -- Out of stock as long as it stands here. One loan's alone, whatever the code believes.
    device text UNIQUE REFERENCES loaner (id),
    -- The loan is over. Kept, so that an attempt to reserve that comes late takes nothing.
    released boolean NOT NULL DEFAULT false,
    CHECK (released OR asked_at IS NOT NULL),
    CHECK (NOT (released AND device IS NOT NULL))
);

-- The line: who has no device, and who asked first.
CREATE INDEX loan_claim_line ON loan_claim (product_class, asked_at, loan_id)
    WHERE device IS NULL AND NOT released;

-- Where a merged ticket's late events go.
ALTER TABLE ticket ADD COLUMN merged_into text;

-- Not CONCURRENTLY: a migration is one transaction, and the column is still empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ticket_merged_into ON ticket (merged_into) WHERE merged_into IS NOT NULL;

-- As before, and `merged_into` with the rest.
CREATE OR REPLACE FUNCTION ledger_project(ticket jsonb, promises jsonb) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    wanted ticket := jsonb_populate_record(NULL::ticket, ticket);
    here integer;
    changed integer;
BEGIN
    INSERT INTO ticket AS kept SELECT wanted.*
    ON CONFLICT (number) DO UPDATE SET
        stage = excluded.stage,
        outcome = excluded.outcome,
        policy = excluded.policy,
        policy_version = excluded.policy_version,
        channel = excluded.channel,
        source_id = excluded.source_id,
        caller = excluded.caller,
        caller_phone = excluded.caller_phone,
        technician = excluded.technician,
        technician_out = excluded.technician_out,
        severity = excluded.severity,
        next_due = excluded.next_due,
        opened_at = excluded.opened_at,
        closed_at = excluded.closed_at,
        last_seq = excluded.last_seq,
        decided_at = excluded.decided_at,
        state = excluded.state,
        merged_into = excluded.merged_into
    WHERE kept.* IS DISTINCT FROM excluded.*;
    GET DIAGNOSTICS changed = ROW_COUNT;

    DELETE FROM ticket_promise AS gone
    WHERE gone.ticket_no = wanted.number
        AND NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::ticket_promise, promises) AS row
            WHERE row.promise = gone.promise AND row.occurrence = gone.occurrence
        );
    GET DIAGNOSTICS here = ROW_COUNT;
    changed := changed + here;

    INSERT INTO ticket_promise AS kept
    SELECT row.* FROM jsonb_populate_recordset(NULL::ticket_promise, promises) AS row
    ON CONFLICT (ticket_no, promise, occurrence) DO UPDATE SET
        state = excluded.state,
        clauses = excluded.clauses,
        starts_at = excluded.starts_at,
        due = excluded.due,
        met_at = excluded.met_at,
        late_seconds = excluded.late_seconds
    WHERE kept.* IS DISTINCT FROM excluded.*;
    GET DIAGNOSTICS here = ROW_COUNT;
    RETURN changed + here > 0;
END
$$;
