-- First schema of a service's store on SQLite. Times are microseconds since the Unix epoch, UTC.

CREATE TABLE store (
  name TEXT PRIMARY KEY,  -- Name of the value: incarnation, or probe while it is tried whether there is room.
  value TEXT NOT NULL     -- The value. incarnation: random id of this store.
) STRICT;

CREATE TABLE streams (
  id TEXT PRIMARY KEY,              -- Stream id (type/stream_id.h), for a case its UUID.
  version INTEGER NOT NULL,         -- Number of the last event.
  state BLOB NOT NULL,              -- Folded state, open part (protobuf).
  sealed BLOB NOT NULL,             -- Folded state, sealed part. Personal data: identity encrypted, the month not.
  evolve_version INTEGER NOT NULL,  -- Version of the code that folded the state.
  time INTEGER NOT NULL             -- Time of the last event.
) STRICT;
CREATE INDEX streams_by_evolve_version ON streams (evolve_version, id);

CREATE TABLE events (
  position INTEGER PRIMARY KEY AUTOINCREMENT,  -- Place in commit order. Never used twice.
  stream TEXT NOT NULL,                        -- Stream id.
  number INTEGER NOT NULL,                     -- Number in the stream, from 1 without holes.
  ce_id TEXT NOT NULL,                         -- Random id, minted once with the event.
  type TEXT NOT NULL,                          -- Message name of the event.
  time INTEGER NOT NULL,                       -- When it was committed.
  cause BLOB NOT NULL,                         -- pathways.type.v1.Cause: what led to it.
  trace TEXT NOT NULL,                         -- W3C traceparent of the command that made it. Empty: none is known.
  data BLOB NOT NULL,                          -- The event as published (protobuf). No identity.
  sealed BLOB NOT NULL                         -- What is personal: identity encrypted, the month not. Never published.
) STRICT;
CREATE UNIQUE INDEX events_by_stream ON events (stream, number);

CREATE TABLE applied (
  stream TEXT NOT NULL,        -- Stream id.
  upstream TEXT NOT NULL,      -- Service whose events are counted.
  number INTEGER NOT NULL,     -- Last number applied.
  fingerprints BLOB NOT NULL,  -- 4 bytes per applied ce_id, in order of number.
  PRIMARY KEY (stream, upstream)
) STRICT, WITHOUT ROWID;

CREATE TABLE behind (
  stream TEXT NOT NULL,     -- Stream id.
  upstream TEXT NOT NULL,   -- Service whose events are missing.
  number INTEGER NOT NULL,  -- Highest number known to exist.
  since INTEGER NOT NULL,   -- When it was first noticed.
  PRIMARY KEY (stream, upstream)
) STRICT, WITHOUT ROWID;

CREATE TABLE positions (
  upstream TEXT PRIMARY KEY,   -- Consumer and log, for example intake or status/referral.
  incarnation TEXT NOT NULL,   -- Id of the log that is counted.
  position INTEGER NOT NULL    -- Last position handled.
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
  key BLOB PRIMARY KEY,      -- Hash of principal, method and request id.
  stream TEXT NOT NULL,      -- Stream the request changed.
  number INTEGER NOT NULL,   -- Version of the stream after it.
  fingerprint BLOB NOT NULL  -- Keyed hash of the request's content.
) STRICT, WITHOUT ROWID;

CREATE TABLE unique_index (
  name TEXT NOT NULL,    -- Name of the index.
  key BLOB NOT NULL,     -- Natural key.
  stream TEXT NOT NULL,  -- Stream that holds it.
  PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX unique_index_by_stream ON unique_index (stream);

CREATE TABLE list_index (
  name TEXT NOT NULL,    -- Name of the list.
  key BLOB NOT NULL,     -- Sort key, ending in the stream id.
  stream TEXT NOT NULL,  -- Stream that it is an entry of.
  PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_index_by_stream ON list_index (stream);

CREATE TABLE timers (
  stream TEXT NOT NULL,  -- Stream id.
  kind TEXT NOT NULL,    -- Kind of the timer; one per stream and kind.
  due INTEGER NOT NULL,  -- When it is due, seconds since the Unix epoch.
  PRIMARY KEY (stream, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due);

CREATE TABLE parked (
  stream TEXT PRIMARY KEY,  -- Stream that waits for an operator.
  upstream TEXT NOT NULL,   -- Service whose event could not be applied. Empty: a request or a timer.
  number INTEGER NOT NULL,  -- Number of that event. 0: a request or a timer.
  reason TEXT NOT NULL,     -- Upper-case code. No personal data.
  since INTEGER NOT NULL    -- When it was parked.
) STRICT, WITHOUT ROWID;

CREATE TABLE relay (
  id INTEGER PRIMARY KEY CHECK (id = 0),  -- There is one row.
  watermark INTEGER NOT NULL              -- Last position handed to the bus and acknowledged.
) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- Order of the trail.
  time INTEGER NOT NULL,                 -- When it was committed.
  principal TEXT NOT NULL,               -- Who called: kind and id.
  method TEXT NOT NULL,                  -- What was called.
  stream TEXT NOT NULL,                  -- Stream id.
  number INTEGER NOT NULL                -- Version of the stream after the call.
) STRICT;

CREATE TABLE keys (
  stream TEXT NOT NULL,     -- Stream id.
  person_id TEXT NOT NULL,  -- Person within the case.
  wrapped BLOB NOT NULL,    -- The person's data key, encrypted with the master key.
  PRIMARY KEY (stream, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE projections (
  name TEXT NOT NULL,   -- Name of the projection.
  key TEXT NOT NULL,    -- Key, for example a case id.
  value BLOB NOT NULL,  -- The projected message (protobuf).
  PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;
