-- The company's books. Numbers are normalised; an entry that left the file stays, inactive.

CREATE TABLE service_line ( -- `line` is a type of Postgres
    number text PRIMARY KEY,
    policy text NOT NULL,
    active boolean NOT NULL DEFAULT true
);

CREATE TABLE property (
    id text PRIMARY KEY,
    name text NOT NULL,
    active boolean NOT NULL DEFAULT true
);

CREATE TABLE property_phone (
    property text NOT NULL REFERENCES property (id),
    number text NOT NULL,
    PRIMARY KEY (property, number)
);

CREATE INDEX property_phone_number ON property_phone (number);

CREATE TABLE customer (
    id text PRIMARY KEY,
    name text NOT NULL,
    site text,
    property text REFERENCES property (id),
    active boolean NOT NULL DEFAULT true
);

CREATE INDEX customer_property ON customer (property);

CREATE TABLE customer_phone (
    customer text NOT NULL REFERENCES customer (id),
    number text NOT NULL,
    PRIMARY KEY (customer, number)
);

CREATE INDEX customer_phone_number ON customer_phone (number);

CREATE TABLE device (
    id text PRIMARY KEY,
    customer text REFERENCES customer (id),
    product text NOT NULL,
    product_class text,
    policy text,
    invoice_date date,
    delivered_on date,
    accepted_on date,
    weight_kg double precision CHECK (weight_kg > 0),
    repairs_done integer CHECK (repairs_done >= 0),
    active boolean NOT NULL DEFAULT true
);

CREATE INDEX device_customer ON device (customer);

CREATE TABLE technician (
    id text PRIMARY KEY,
    name text NOT NULL,
    department text NOT NULL,
    skills text[] NOT NULL,
    phone text,
    -- The place in the ring: file order, whoever joins later at the tail. Never changed.
    ring_position integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    active boolean NOT NULL DEFAULT true
);

CREATE INDEX technician_name ON technician (name);

CREATE TABLE staff (
    role text NOT NULL,
    name text NOT NULL,
    phone text,
    extension text,
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (role, name)
);

CREATE TABLE loaner (
    id text PRIMARY KEY,
    product_class text NOT NULL,
    product text NOT NULL,
    grade text NOT NULL,
    active boolean NOT NULL DEFAULT true
);

CREATE INDEX loaner_product_class ON loaner (product_class);
