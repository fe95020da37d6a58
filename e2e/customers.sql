-- A shop's customers and purchases, the same on every run, and the query of a Selligent export.
-- The moment that counts as now is fixed: nobody changes Segment between two looks because a clock went on.

CREATE TABLE customers (
  customer_id text PRIMARY KEY,
  email text,
  first_name text,
  opt_in_email boolean NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz
);

CREATE TABLE purchases (
  purchase_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id text NOT NULL REFERENCES customers,
  amount numeric(10, 2) NOT NULL,
  purchased_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL
);

CREATE FUNCTION now_in_shop() RETURNS timestamptz LANGUAGE sql IMMUTABLE
AS $$ SELECT TIMESTAMPTZ '2026-06-01 00:00:00+00' $$;

CREATE VIEW customer_profile AS
SELECT
  customer.customer_id,
  customer.email,
  customer.first_name,
  customer.opt_in_email,
  customer.deleted_at,
  sum(purchase.amount) AS lifetime_value,
  max(purchase.purchased_at) AS last_purchase_at,
  greatest(customer.updated_at, max(purchase.recorded_at)) AS updated_at
FROM customers AS customer
LEFT JOIN purchases AS purchase USING (customer_id)
GROUP BY customer.customer_id;

CREATE VIEW selligent_export AS
SELECT
  CASE
    WHEN lifetime_value >= 1000 THEN 'vip_customers'
    WHEN last_purchase_at < now_in_shop() - INTERVAL '180' DAY THEN 're_engagement'
    ELSE 'standard_customers'
  END AS selligent_segment,
  customer_id AS customer_identifier,
  email AS email,
  first_name AS first_name,
  lifetime_value AS lifetime_value,
  last_purchase_at AS last_purchase_at,
  updated_at AS updated_at,
  deleted_at AS _sdc_deleted_at
FROM customer_profile
WHERE email IS NOT NULL
  AND opt_in_email = true;

-- 4,000 customers: some without e-mail address, name, consent or purchase; the last ones share one updated_at,
-- which becomes the bookmark of the first run.
INSERT INTO customers
SELECT
  'C' || lpad(number::text, 6, '0'),
  CASE
    WHEN number % 17 = 0 THEN NULL
    WHEN number % 23 = 0 THEN 'jürgen.' || number || '@exämple.example'
    ELSE 'customer.' || number || '@shop.example'
  END,
  CASE WHEN number % 11 > 0 THEN names[1 + number % cardinality(names)] END,
  number % 13 <> 0,
  now_in_shop() - INTERVAL '30 days' + least(number, 3990) * INTERVAL '7 minutes 0.123457 seconds'
FROM
  generate_series(1, 4000) AS number,
  (
    SELECT ARRAY[
      'Mei', 'Dan', 'Lina', 'Zoë', 'Łukasz', 'Дмитрий', '美咲', 'אורי', 'محمد', 'Ngọc Ánh', E'Zoe\u0308', '🌟 Nova', '👩‍👩‍👧',
      'O''Brien', '"Bob"; DROP', 'back\slash', E'two\nlines', E'a\ttab', 'a,b', '<b>&amp;', '%20+%', 'null', '007', '1e5'
    ] AS names
  ) AS given;

-- Some are marked as deleted before Selligent has ever seen them.
UPDATE customers SET deleted_at = updated_at WHERE customer_id LIKE 'C0013_5';

INSERT INTO purchases (customer_id, amount, purchased_at, recorded_at)
SELECT
  customer_id,
  (number * 37 + purchase * 9111) % 60000 / 100.0,
  now_in_shop() - ((number * 53 + purchase * 97) % 500) * INTERVAL '1 day' - number * INTERVAL '7.000001 seconds',
  updated_at
FROM
  customers,
  CAST(substr(customer_id, 2) AS integer) AS number,
  generate_series(1, number % 7) AS purchase;

-- On and beside both edges of the CASE.
INSERT INTO customers
SELECT edge, edge || '@shop.example', NULL, true, now_in_shop() - INTERVAL '20 days'
FROM unnest(ARRAY['E-999.99', 'E-1000.00', 'E-180-days', 'E-180-days-and-more', 'é "1"; /2%']) AS edge;

INSERT INTO purchases (customer_id, amount, purchased_at, recorded_at)
SELECT edge, amount, purchased_at, now_in_shop() - INTERVAL '20 days'
FROM (
  VALUES
    ('E-999.99', 999.99, now_in_shop()),
    ('E-1000.00', 999.99, now_in_shop() - INTERVAL '300 days'),
    ('E-1000.00', 0.01, now_in_shop() - INTERVAL '300 days'),
    ('E-180-days', 5, now_in_shop() - INTERVAL '180' DAY),
    ('E-180-days-and-more', 5, now_in_shop() - INTERVAL '180' DAY - INTERVAL '1 microsecond')
) AS edges (edge, amount, purchased_at);

-- Keys that differ in their last digits only: a double would take them for one.
CREATE TABLE loyalty_cards (card_number numeric(20, 0) PRIMARY KEY, holder text NOT NULL, issued_at timestamptz NOT NULL);
INSERT INTO loyalty_cards
SELECT 98765432109876540000 + number, 'Holder ' || number, now_in_shop() + number * INTERVAL '1 second'
FROM generate_series(1, 1200) AS number;

-- Selligent refuses each of them: the terms are longer than the Text field that is created for them.
CREATE TABLE coupons (code text PRIMARY KEY, terms text NOT NULL);
INSERT INTO coupons SELECT 'COUPON-' || number, repeat('§', 501) FROM generate_series(1, 700) AS number;

-- What Selligent must hold, kept apart from what the tap sees: a run upserts the view's records that are not marked as
-- deleted and adds Segment members (append); nothing is ever taken away.
CREATE SCHEMA expected;
CREATE TABLE expected.records AS SELECT * FROM public.selligent_export WITH NO DATA;
ALTER TABLE expected.records DROP COLUMN selligent_segment, DROP COLUMN _sdc_deleted_at, ADD PRIMARY KEY (customer_identifier);
CREATE TABLE expected.members (segment text, customer_identifier text, PRIMARY KEY (segment, customer_identifier));

CREATE PROCEDURE expected.run_export() LANGUAGE sql AS $$
  INSERT INTO expected.records
  SELECT customer_identifier, email, first_name, lifetime_value, last_purchase_at, updated_at
  FROM public.selligent_export
  WHERE _sdc_deleted_at IS NULL
  ON CONFLICT (customer_identifier) DO UPDATE SET
    email = excluded.email,
    first_name = excluded.first_name,
    lifetime_value = excluded.lifetime_value,
    last_purchase_at = excluded.last_purchase_at,
    updated_at = excluded.updated_at;
  INSERT INTO expected.members
  SELECT selligent_segment, customer_identifier FROM public.selligent_export WHERE _sdc_deleted_at IS NULL
  ON CONFLICT DO NOTHING;
$$;
