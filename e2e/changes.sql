-- A day later: what happened between the first and the second run.

CREATE FUNCTION changed_at(number integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE
AS $$ SELECT now_in_shop() + INTERVAL '1 day' + number * INTERVAL '0.25 seconds' $$;

-- Purchases make standard customers and dormant ones VIPs, and other dormant ones standard customers again. The
-- customer's own row does not change.
WITH buyers AS MATERIALIZED (
  SELECT customer_identifier
  FROM selligent_export
  WHERE selligent_segment <> 'vip_customers' AND customer_identifier LIKE 'C%0'
)
INSERT INTO purchases (customer_id, amount, purchased_at, recorded_at)
SELECT
  customer_identifier,
  CASE WHEN number % 3 = 0 THEN 1000 ELSE 0.01 END,
  now_in_shop() + INTERVAL '1 day',
  changed_at(number)
FROM buyers, CAST(substr(customer_identifier, 2) AS integer) AS number;

-- New names, also none; new addresses.
UPDATE customers SET first_name = 'Renée ' || customer_id, updated_at = changed_at(1) WHERE customer_id LIKE 'C0001_5';
UPDATE customers SET first_name = NULL, updated_at = changed_at(2) WHERE customer_id LIKE 'C0002_5';
UPDATE customers SET email = 'new.' || email, updated_at = changed_at(3) WHERE customer_id LIKE 'C0003_5';

-- They leave the query, but stay in Selligent as they were.
UPDATE customers SET opt_in_email = false, updated_at = changed_at(4) WHERE customer_id LIKE 'C0004_5';
UPDATE customers SET email = NULL, updated_at = changed_at(5) WHERE customer_id LIKE 'C0005_5';
DELETE FROM customers WHERE customer_id LIKE 'é%';

-- They are marked as deleted: what Selligent holds of them stays, and their new names do not arrive.
UPDATE customers SET first_name = 'Deleted', deleted_at = changed_at(7), updated_at = changed_at(7)
WHERE customer_id LIKE 'C0014_5';

-- They come into it.
UPDATE customers SET opt_in_email = true, updated_at = changed_at(6)
WHERE NOT opt_in_email AND customer_id BETWEEN 'C000600' AND 'C001200';
INSERT INTO customers
SELECT 'N' || lpad(number::text, 4, '0'), 'new.' || number || '@shop.example', 'Nouveau №' || number, true, changed_at(number)
FROM generate_series(1, 250) AS number;
