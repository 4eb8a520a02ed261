-- The ledger: what happened to each ticket, and the projection made from it.

CREATE TABLE ticket_event (
    ticket_no text NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    kind text NOT NULL,
    actor_role text,
    actor_name text,
    changes jsonb NOT NULL,
    details jsonb NOT NULL,
    -- The workflow's own time of the decision: a row is replaced only by one decided no earlier.
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (ticket_no, seq)
);

CREATE INDEX ticket_event_at ON ticket_event (at);

-- What a worker wrote and then, after a crash, its successor decided otherwise.
CREATE TABLE ticket_event_undone (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_no text NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    actor_role text,
    actor_name text,
    changes jsonb NOT NULL,
    details jsonb NOT NULL,
    decided_at timestamptz NOT NULL,
    undone_by timestamptz NOT NULL -- decided_at of the batch that took its place
);

CREATE INDEX ticket_event_undone_ticket ON ticket_event_undone (ticket_no, seq);

-- ledger_write opens the ledger for its own transaction by this setting: the batch's decided_at.
-- The trigger, not ledger_write, keeps the old row, since it alone sees which one really went.
CREATE FUNCTION ticket_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    opened_for timestamptz := nullif(current_setting('aftercare.ledger', true), '');
BEGIN
    IF TG_OP = 'TRUNCATE' OR opened_for IS NULL OR OLD.decided_at > opened_for THEN
        RAISE EXCEPTION 'ticket_event is append-only: % refused', TG_OP
            USING ERRCODE = 'restrict_violation', HINT = 'Write through ledger_write().';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.ticket_no, NEW.seq) <> (OLD.ticket_no, OLD.seq) THEN
        RAISE EXCEPTION 'ticket_event is append-only: a row keeps its place'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE'
        OR (NEW.at, NEW.kind, NEW.actor_role, NEW.actor_name, NEW.changes, NEW.details)
            IS DISTINCT FROM
            (OLD.at, OLD.kind, OLD.actor_role, OLD.actor_name, OLD.changes, OLD.details)
    THEN
        INSERT INTO ticket_event_undone (
            ticket_no, seq, at, kind, actor_role, actor_name, changes, details, decided_at,
            undone_by
        )
        VALUES (
            OLD.ticket_no, OLD.seq, OLD.at, OLD.kind, OLD.actor_role, OLD.actor_name,
            OLD.changes, OLD.details, OLD.decided_at, opened_for
        );
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE TRIGGER ticket_event_append_only
    BEFORE UPDATE OR DELETE ON ticket_event
    FOR EACH ROW EXECUTE FUNCTION ticket_event_append_only();

CREATE TRIGGER ticket_event_never_emptied
    BEFORE TRUNCATE ON ticket_event
    FOR EACH STATEMENT EXECUTE FUNCTION ticket_event_append_only();

CREATE TABLE policy_version (
    version text PRIMARY KEY, -- first 12 hex digits of the content's sha256
    name text NOT NULL,
    body jsonb NOT NULL
);

CREATE INDEX policy_version_name ON policy_version (name);

-- The projection: made from ticket_event and policy_version alone, and rebuilt from them.
CREATE TABLE ticket (
    number text PRIMARY KEY,
    stage text NOT NULL,
    outcome text,
    policy text NOT NULL,
    policy_version text NOT NULL,
    channel text NOT NULL,
    source_id text,
    caller text,
    caller_phone text,
    technician text, -- of the open visit
    technician_out boolean NOT NULL, -- that technician has left for it and has not ended it
    severity text,
    next_due timestamptz,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    last_seq integer NOT NULL,
    decided_at timestamptz NOT NULL,
    state jsonb NOT NULL -- the whole ticket
);

CREATE INDEX ticket_newest ON ticket (opened_at DESC, number DESC);
CREATE INDEX ticket_stage_newest ON ticket (stage, opened_at DESC, number DESC);
CREATE INDEX ticket_source ON ticket (channel, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX ticket_caller ON ticket (caller, opened_at DESC, number DESC);
CREATE INDEX ticket_open_caller ON ticket (caller)
    WHERE stage NOT IN ('closed', 'redirected');
CREATE INDEX ticket_open_caller_phone ON ticket (caller_phone)
    WHERE stage NOT IN ('closed', 'redirected');
CREATE INDEX ticket_open_next_due ON ticket (next_due, number)
    WHERE stage NOT IN ('closed', 'redirected');
CREATE INDEX ticket_technician ON ticket (technician, number) WHERE technician IS NOT NULL;

CREATE TABLE ticket_promise (
    ticket_no text NOT NULL REFERENCES ticket (number) ON DELETE CASCADE,
    promise text NOT NULL,
    occurrence integer NOT NULL,
    state text NOT NULL,
    clauses text[] NOT NULL,
    starts_at timestamptz,
    due timestamptz,
    met_at timestamptz,
    late_seconds integer,
    PRIMARY KEY (ticket_no, promise, occurrence)
);

CREATE INDEX ticket_promise_state_due ON ticket_promise (state, due);

-- Replace the projection of one ticket; true when anything is different from before.
-- `ticket` and `promises` are rows as JSON, columns by name.
CREATE FUNCTION ledger_project(ticket jsonb, promises jsonb) RETURNS boolean
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
        state = excluded.state
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

-- One write of one ticket: consecutive events, and the projection after the last of them.
-- True when anything changed, and then 'ticket_changed' rings with the ticket's number.
--
-- A function and not one statement of CTEs, because those all read one snapshot, taken before the
-- statement waits for a concurrent attempt: it would not see, and so not delete, what that attempt
-- commits meanwhile. Here the lock comes first and each statement then reads afresh.
--
-- Every batch that was let in was decided no earlier than those before it, so the last row tells
-- the latest decision. An older batch is refused whole: it comes from a worker that lost its
-- workflow task, and even a seq that is free again was decided upon a history that is not.
CREATE FUNCTION ledger_write(batch jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    this_ticket text := batch ->> 'ticket_no';
    this_decision timestamptz := batch ->> 'decided_at';
    first_seq integer := batch -> 'events' -> 0 -> 'seq';
    last_seq integer := batch -> 'events' -> -1 -> 'seq';
    latest record;
    here integer;
    changed integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger_write'), hashtext(this_ticket));

    SELECT event.seq, event.decided_at INTO latest
    FROM ticket_event AS event
    WHERE event.ticket_no = this_ticket
    ORDER BY event.seq DESC
    LIMIT 1;
    IF latest.decided_at > this_decision THEN
        RAISE EXCEPTION 'ticket %: decided at %, but the ledger has a decision of %',
            this_ticket, this_decision, latest.decided_at USING ERRCODE = 'AC001';
    END IF;
    IF first_seq > coalesce(latest.seq, 0) + 1 THEN
        RAISE EXCEPTION 'ticket %: event % would leave a gap after %',
            this_ticket, first_seq, coalesce(latest.seq, 0) USING ERRCODE = 'AC002';
    END IF;

    PERFORM set_config('aftercare.ledger', this_decision::text, true);

    DELETE FROM ticket_event AS event WHERE event.ticket_no = this_ticket AND event.seq > last_seq;
    GET DIAGNOSTICS changed = ROW_COUNT;

    -- An event that is the same as before takes the newer decided_at all the same: from now on the
    -- older attempt must not come back.
    INSERT INTO ticket_event AS kept (
        ticket_no, seq, at, kind, actor_role, actor_name, changes, details, decided_at
    )
    SELECT
        this_ticket, row.seq, row.at, row.kind, row.actor_role, row.actor_name,
        row.changes, row.details, this_decision
    FROM jsonb_populate_recordset(NULL::ticket_event, batch -> 'events') AS row
    ON CONFLICT (ticket_no, seq) DO UPDATE SET
        at = excluded.at,
        kind = excluded.kind,
        actor_role = excluded.actor_role,
        actor_name = excluded.actor_name,
        changes = excluded.changes,
        details = excluded.details,
        decided_at = excluded.decided_at
    WHERE kept.* IS DISTINCT FROM excluded.*;
    GET DIAGNOSTICS here = ROW_COUNT;
    changed := changed + here;

    PERFORM set_config('aftercare.ledger', '', true);

    INSERT INTO policy_version (version, name, body)
    SELECT row.version, row.name, row.body
    FROM jsonb_populate_recordset(NULL::policy_version, batch -> 'policies') AS row
    ORDER BY row.version -- two batches that bring the same ones must not wait for each other
    ON CONFLICT (version) DO NOTHING;

    IF ledger_project(batch -> 'ticket', batch -> 'promises') OR changed > 0 THEN
        PERFORM pg_notify('ticket_changed', this_ticket);
        RETURN true;
    END IF;
    RETURN false;
END
$$;
