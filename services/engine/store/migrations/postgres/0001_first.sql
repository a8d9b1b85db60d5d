-- First schema of a service's store on PostgreSQL: one database per service.
-- Times are microseconds since the Unix epoch, UTC. Text is ordered by its bytes, as the services order it. Ids and
-- keys are BYTEA, because text can hold neither a zero byte nor broken UTF-8: in psql
-- "SET bytea_output = 'escape'" shows them as text.

CREATE TABLE store (
  name TEXT PRIMARY KEY,  -- Name of the value: incarnation, or schema.
  value TEXT NOT NULL     -- The value. incarnation: random id of this store. schema: number of the last migration.
);
INSERT INTO store (name, value) VALUES ('incarnation', gen_random_uuid()::text);

CREATE TABLE streams (
  id BYTEA PRIMARY KEY,            -- Stream id (type/stream_id.h), for a case its UUID. Its row is the lock of the stream.
  version BIGINT NOT NULL,         -- Number of the last event. 0: it has marks and no event yet.
  state BYTEA NOT NULL,            -- Folded state, open part (protobuf).
  sealed BYTEA NOT NULL,           -- Folded state, sealed part. Personal data: identity encrypted, the month not.
  evolve_version BIGINT NOT NULL,  -- Version of the code that folded the state. 0: there is none yet.
  time BIGINT NOT NULL,            -- Time of the last event.
  applied BYTEA NOT NULL           -- What was applied of each upstream (store/applied_bytes.h); read it with the view applied.
) WITH (fillfactor = 70);  -- Room beside each row, so that a new state needs no new index entry.
CREATE INDEX streams_by_evolve_version ON streams (evolve_version, id);

CREATE TABLE events (
  position BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,  -- Place in commit order. A cache would break the order.
  stream BYTEA NOT NULL,           -- Stream id.
  number BIGINT NOT NULL,          -- Number in the stream, from 1 without holes.
  ce_id BYTEA NOT NULL,            -- Random id, minted once with the event.
  type TEXT COLLATE "C" NOT NULL,  -- Message name of the event.
  time BIGINT NOT NULL,            -- When it was committed.
  cause BYTEA NOT NULL,            -- pathways.type.v1.Cause: what led to it.
  trace TEXT COLLATE "C" NOT NULL, -- W3C traceparent of the command that made it. Empty: none is known.
  data BYTEA NOT NULL,             -- The event as published (protobuf). No identity.
  sealed BYTEA NOT NULL            -- What is personal: identity encrypted, the month not. Never published.
);
CREATE UNIQUE INDEX events_by_stream ON events (stream, number);

-- The rows in the bytes of a stream's column `applied`. In the stream's own row they cost no row, no
-- index entry and no statement of their own, for each event of an upstream.
CREATE FUNCTION applied_of(marks BYTEA)
RETURNS TABLE (
  upstream TEXT,      -- Service whose events are counted.
  number BIGINT,      -- Last number applied.
  fingerprints BYTEA  -- 4 bytes per applied ce_id, in order of number.
) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  place INTEGER := 0;
  size INTEGER;
BEGIN
  WHILE place < length(marks) LOOP
    size := get_byte(marks, place);
    upstream := convert_from(substr(marks, place + 2, size), 'UTF8');
    place := place + 1 + size;
    number := ('x' || encode(substr(marks, place + 1, 8), 'hex'))::bit(64)::bigint;
    size := ('x' || encode(substr(marks, place + 9, 4), 'hex'))::bit(32)::integer;
    fingerprints := substr(marks, place + 13, size);
    place := place + 12 + size;
    RETURN NEXT;
  END LOOP;
END
$$;
CREATE VIEW applied AS
  SELECT streams.id AS stream, marks.* FROM streams, applied_of(streams.applied) AS marks;

CREATE TABLE behind (
  stream BYTEA NOT NULL,               -- Stream id.
  upstream TEXT COLLATE "C" NOT NULL,  -- Service whose events are missing.
  number BIGINT NOT NULL,              -- Highest number known to exist.
  since BIGINT NOT NULL,               -- When it was first noticed.
  PRIMARY KEY (stream, upstream)
);
CREATE INDEX behind_by_since ON behind (since, stream, upstream);

CREATE TABLE positions (
  upstream TEXT COLLATE "C" PRIMARY KEY,  -- Consumer and log, for example intake or status/referral.
  incarnation TEXT COLLATE "C" NOT NULL,  -- Id of the log that is counted.
  position BIGINT NOT NULL                -- Last position handled.
);

CREATE TABLE requests (
  key BYTEA PRIMARY KEY,      -- Hash of principal, method and request id.
  stream BYTEA NOT NULL,      -- Stream the request changed.
  number BIGINT NOT NULL,     -- Version of the stream after it.
  fingerprint BYTEA NOT NULL  -- Keyed hash of the request's content.
);

CREATE TABLE unique_index (
  name TEXT COLLATE "C" NOT NULL,  -- Name of the index.
  key BYTEA NOT NULL,              -- Natural key.
  stream BYTEA NOT NULL,           -- Stream that holds it. Empty only within the transaction that releases it.
  PRIMARY KEY (name, key)
);
CREATE INDEX unique_index_by_stream ON unique_index (stream);

CREATE TABLE list_index (
  name TEXT COLLATE "C" NOT NULL,  -- Name of the list.
  key BYTEA NOT NULL,              -- Sort key, ending in the stream id.
  stream BYTEA NOT NULL,           -- Stream that it is an entry of.
  PRIMARY KEY (name, key)
);
CREATE INDEX list_index_by_stream ON list_index (stream);

CREATE TABLE timers (
  stream BYTEA NOT NULL,           -- Stream id.
  kind TEXT COLLATE "C" NOT NULL,  -- Kind of the timer; one per stream and kind.
  due BIGINT NOT NULL,             -- When it is due, seconds since the Unix epoch.
  PRIMARY KEY (stream, kind)
);
CREATE INDEX timers_by_due ON timers (due, stream, kind);

CREATE TABLE parked (
  stream BYTEA PRIMARY KEY,            -- Stream that waits for an operator.
  upstream TEXT COLLATE "C" NOT NULL,  -- Service whose event could not be applied. Empty: a request or a timer.
  number BIGINT NOT NULL,              -- Number of that event. 0: a request or a timer.
  reason TEXT COLLATE "C" NOT NULL,    -- Upper-case code. No personal data.
  since BIGINT NOT NULL                -- When it was parked.
);

CREATE TABLE relay (
  id INTEGER PRIMARY KEY CHECK (id = 0),  -- There is one relay at a time, and so one row.
  watermark BIGINT NOT NULL,              -- Last position handed to the bus and acknowledged.
  epoch BIGINT NOT NULL                   -- Grows with each change of the relay that leads.
);

CREATE TABLE audit (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- Order of the trail, which is commit order.
  time BIGINT NOT NULL,                 -- When it was committed.
  principal TEXT COLLATE "C" NOT NULL,  -- Who called: kind and id.
  method TEXT COLLATE "C" NOT NULL,     -- What was called.
  stream BYTEA NOT NULL,                -- Stream id.
  number BIGINT NOT NULL                -- Version of the stream after the call.
);

CREATE TABLE keys (
  stream BYTEA NOT NULL,     -- Stream id.
  person_id BYTEA NOT NULL,  -- Person within the case.
  wrapped BYTEA NOT NULL,    -- The person's data key, encrypted with the master key.
  PRIMARY KEY (stream, person_id)
);

CREATE TABLE projections (
  name TEXT COLLATE "C" NOT NULL,  -- Name of the projection.
  key BYTEA NOT NULL,              -- Key, for example a case id.
  value BYTEA NOT NULL,            -- The projected message (protobuf).
  PRIMARY KEY (name, key)
);

-- Ends a pipeline that holds its COMMIT when a row is not what was read: raised as a serialisation failure, which
-- the store answers with ABORTED.
CREATE FUNCTION refuse_unless(holds BOOLEAN) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
  IF holds THEN
    RETURN TRUE;
  END IF;
  RAISE EXCEPTION 'a row is not what was read' USING ERRCODE = '40001';
END
$$;
