CREATE TABLE withheld (
  stream BYTEA PRIMARY KEY,          -- Stream whose events the bus does not take.
  number BIGINT NOT NULL,            -- First event that is not published.
  reason TEXT COLLATE "C" NOT NULL,  -- Upper-case code. No personal data.
  since BIGINT NOT NULL              -- When it was refused first.
);
