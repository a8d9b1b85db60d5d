CREATE TABLE withheld (
  stream TEXT PRIMARY KEY,  -- Stream whose events the bus does not take.
  number INTEGER NOT NULL,  -- First event that is not published.
  reason TEXT NOT NULL,     -- Upper-case code. No personal data.
  since INTEGER NOT NULL    -- When it was refused first.
) STRICT, WITHOUT ROWID;
