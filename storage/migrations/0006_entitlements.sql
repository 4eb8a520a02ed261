-- What a contract or a warranty card says of a device, and what the three guarantees ask of it.

-- `device` is read with every registration: rather fail and be run again than queue everybody.
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

ALTER TABLE device
    ADD COLUMN contracted_on date,
    ADD COLUMN exchanged_on date,
    ADD COLUMN days_in_repair integer,
    ADD COLUMN invoice_price_fen bigint,
    ADD COLUMN contract jsonb, -- number, stacks, coverages: as the books have it
    ADD COLUMN warranty_card jsonb; -- the same
