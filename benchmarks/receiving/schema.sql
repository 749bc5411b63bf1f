-- The table of every baseline that stores: what a team would write on the first day, with the same idempotency as ours.
CREATE TABLE deliveries (
  id BIGSERIAL PRIMARY KEY,
  delivery_id VARCHAR NOT NULL UNIQUE,
  event_type VARCHAR NOT NULL,
  installation_id BIGINT,
  payload JSONB NOT NULL,
  status VARCHAR NOT NULL DEFAULT 'pending',
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
